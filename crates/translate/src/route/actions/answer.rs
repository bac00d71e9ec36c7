//! The actions that answer a request: exactly one of them ends a rule.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use model::{Action, FixedResponse, Reason, Redirect};

use super::super::json_list::{Unusable, block, unusable};
use crate::{
    dialect::{Fields, Problems},
    service::ServicePort,
};

/// Ends a rule.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Answer {
    Forward(Vec<Group>),
    Ready(Action),
}

/// One weighted Service of a `ForwardGroup`.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Group {
    pub service: Arc<str>,
    pub port: ServicePort,
    pub weight: u32,
    /// Where it is written.
    pub field: String,
}

impl Answer {
    /// As the vendor's messages call it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Forward(_) => "ForwardGroup",
            Self::Ready(Action::Redirect(_)) => "Redirect",
            Self::Ready(Action::Fixed(_)) => "FixedResponse",
            Self::Ready(Action::Echo) => "echo",
            Self::Ready(Action::Forward(_)) => "Forward",
        }
    }
}

pub(super) fn fixed(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Answer, Unusable> {
    let mut config = block(item, "FixedResponseConfig", problems)?;
    let status = config.text_or_number("httpCode", problems);
    let status = config.text_or_number("statusCode", problems).or(status);
    let content_type = config.text("contentType", problems);
    let body = config.text("content", problems);
    let body = config.text("messageBody", problems).or(body).unwrap_or_default();
    let body = body.to_owned().into();
    let status = match status.as_deref() {
        None => StatusCode::OK,
        Some(text) => match text.parse() {
            Ok(status) if (200..600).contains(&StatusCode::as_u16(&status)) => status,
            _ => {
                return unusable(
                    &config,
                    "httpCode",
                    format!("{text:?} is no status: use 200 to 599"),
                    problems,
                );
            }
        },
    };
    let Some(content_type) = content_type else {
        let text = "missing FixedResponseConfig: contentType is needed, for example text/plain";
        return unusable(&config, "contentType", text.to_owned(), problems);
    };
    let Ok(content_type) = HeaderValue::from_str(content_type) else {
        let text = format!("{content_type:?} is no content type: write text/plain or the like");
        return unusable(&config, "contentType", text, problems);
    };
    config.finish(problems);
    Ok(Answer::Ready(Action::Fixed(FixedResponse { status, content_type, body, reason: None })))
}

pub(super) fn redirect(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Answer, Unusable> {
    let mut config = block(item, "RedirectConfig", problems)?;
    let status = config.text_or_number("httpCode", problems);
    let status = match status.as_deref().unwrap_or("301") {
        "301" => StatusCode::MOVED_PERMANENTLY,
        "302" => StatusCode::FOUND,
        "303" => StatusCode::SEE_OTHER,
        "307" => StatusCode::TEMPORARY_REDIRECT,
        "308" => StatusCode::PERMANENT_REDIRECT,
        other => {
            let text = format!("{other:?} is no redirect: use 301, 302, 303, 307 or 308");
            return unusable(&config, "httpCode", text, problems);
        }
    };
    let mut part = |key: &'static str, same: &str, problems: &mut Problems| {
        let text = config.text_or_number(key, problems)?;
        (text != same).then(|| text.into_boxed_str())
    };
    let host = part("host", "${host}", problems);
    let path = part("path", "${path}", problems);
    let query = part("query", "${query}", problems);
    let port = part("port", "${port}", problems);
    let protocol = part("protocol", "${protocol}", problems);
    let protocol = match protocol.map(|text| text.to_ascii_lowercase()) {
        Some(text) if text != "http" && text != "https" => {
            let text = format!("{text:?} is no protocol: use http, https or ${{protocol}}");
            return unusable(&config, "protocol", text, problems);
        }
        other => other.map(String::into_boxed_str),
    };
    config.finish(problems);
    Ok(Answer::Ready(Action::Redirect(Redirect {
        change: None,
        protocol,
        host,
        port,
        path,
        query,
        status,
    })))
}

pub(super) fn forward(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Answer, Unusable> {
    let key = if item.has("ForwardGroup") { "ForwardGroup" } else { "ForwardConfig" };
    let mut config = block(item, key, problems)?;
    if let Some(mut sticky) = config.child("ServerGroupStickySession", "Sticky", problems) {
        if sticky.boolean("Enabled", problems) == Some(true) {
            let text =
                "sticky sessions have no effect in Doorward: remove ServerGroupStickySession";
            problems.warn(Reason::NotHonoured, sticky.path(), text);
        }
        sticky.accept(&["Timeout"]);
        sticky.finish(problems);
    }
    let servers = config.children("ServerGroups", "ServerGroupTuple", problems);
    let mut groups = Vec::with_capacity(servers.len());
    for mut server in servers {
        groups.extend(group(&mut server, problems)?);
        server.finish(problems);
    }
    let answer = answer_of("ForwardGroup", groups, &config, "ServerGroups", problems);
    config.finish(problems);
    answer
}

/// ELB's form: the groups stand in a list of their own.
pub(super) fn forward_pool(
    item: &mut Fields<'_>,
    problems: &mut Problems,
) -> Result<Answer, Unusable> {
    let mut groups = Vec::new();
    for mut server in item.children("ForwardConfig", "ForwardPool", problems) {
        groups.extend(group(&mut server, problems)?);
        server.accept(&["type"]);
        server.finish(problems);
    }
    answer_of("ForwardPool", groups, item, "ForwardConfig", problems)
}

pub(super) fn answer_of(
    action: &str,
    mut groups: Vec<Group>,
    fields: &Fields<'_>,
    key: &str,
    problems: &mut Problems,
) -> Result<Answer, Unusable> {
    if groups.is_empty() {
        let text =
            format!("{action} names no Service: add {{\"ServiceName\": …, \"ServicePort\": …}}");
        return unusable(fields, key, text, problems);
    }
    if let [only] = groups.as_mut_slice() {
        only.weight = only.weight.max(1);
    }
    Ok(Answer::Forward(groups))
}

fn group(server: &mut Fields<'_>, problems: &mut Problems) -> Result<Option<Group>, Unusable> {
    let weight = server.text_or_number("Weight", problems);
    let port = server.text_or_number("ServicePort", problems);
    let service = server.text("ServiceName", problems);
    let group_id = server.text("ServerGroupID", problems);
    if let Some(id) = server.text("poolID", problems).or(group_id) {
        let text = format!(
            "server group {id} cannot be reached from here: name a Service by ServiceName and ServicePort"
        );
        let key = if server.has("poolID") { "poolID" } else { "ServerGroupID" };
        problems.warn(Reason::NotHonoured, server.path_of(key), text);
        return Ok(None);
    }
    let weight = match weight.as_deref().unwrap_or("0").parse() {
        Ok(weight @ 0..=100) => weight,
        _ => {
            return unusable(
                server,
                "Weight",
                "a weight is a whole number from 0 to 100".into(),
                problems,
            );
        }
    };
    let (Some(service), Some(port)) = (service, port) else {
        let text = "ServiceName and ServicePort are both needed".to_owned();
        return unusable(server, "ServiceName", text, problems);
    };
    let port = match port.parse() {
        Ok(number) => ServicePort::Number(number),
        Err(_) => ServicePort::Name(port.into()),
    };
    let field = server.path().to_owned();
    Ok(Some(Group { service: service.into(), port, weight, field }))
}
