//! `actions.SERVICE` as AWS writes it: one JSON object, which always answers.

use std::borrow::Cow;

use http::{HeaderValue, StatusCode};
use model::{Action, FixedResponse, Reason, Redirect};

use super::{
    Actions, Answer,
    answer::{Group, answer_of},
};
use crate::{
    dialect::{Fields, Place, Problems, did_you_mean, nearest},
    route::json_list::{Unusable, Written, block, unusable},
    service::ServicePort,
};

const TYPES: &[&str] = &["forward", "redirect", "fixed-response"];
/// They ask users to log in, and are no answer by themselves.
const GUARDS: &[&str] = &["authenticate-cognito", "authenticate-oidc", "jwt-validation"];

pub(in super::super) fn read(
    written: Written<'_>,
    problems: &mut Problems,
) -> Result<Actions, Unusable> {
    let Written { name, field, json } = written;
    let value = serde_json::from_str(json).map_err(|error| {
        let text = format!("{name} is no JSON: {error}; write {{\"type\": \"…\", …}}");
        problems.reject(Reason::InvalidAnnotation, field.clone(), text);
        Unusable
    })?;
    let place = Place {
        path: field,
        go_type: "Action",
        go_path: String::new(),
        go_prefix: "",
        reason: Reason::InvalidAnnotation,
    };
    let mut found = Problems::default();
    let item = Fields::open(&value, place, &mut found).ok_or(Unusable);
    let answer = item.and_then(|item| answer(item, &mut found));
    let refused = found.has_rejection();
    problems.append(found);
    let answer = Some(answer?);
    match refused {
        true => Err(Unusable),
        false => Ok(Actions { answer, ..Actions::default() }),
    }
}

/// Of the guards, which are not read.
const CONFIGS: &[&str] =
    &["authenticateCognitoConfig", "authenticateOIDCConfig", "jwtValidationConfig"];

/// Another rule must not answer what is guarded.
fn closed() -> Action {
    Action::Fixed(FixedResponse {
        status: StatusCode::SERVICE_UNAVAILABLE,
        content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
        body: "this path is guarded by what the gateway does not support\n".into(),
        reason: Some("guard-not-supported"),
    })
}

fn answer(mut item: Fields<'_>, problems: &mut Problems) -> Result<Answer, Unusable> {
    let written = item.text("type", problems).unwrap_or_default();
    let answer = match written.to_ascii_lowercase().as_str() {
        "forward" => forward(&mut item, problems),
        "redirect" => redirect(&mut item, problems),
        "fixed-response" => fixed(&mut item, problems),
        guard if GUARDS.contains(&guard) => {
            let text = format!(
                "{guard} is not supported, and without it the rule is answered with 503: have the backend do it"
            );
            problems.warn(Reason::NotHonoured, item.path_of("type"), text);
            item.accept(CONFIGS);
            Ok(Answer::Ready(closed()))
        }
        _ => {
            let cure = did_you_mean(nearest(written, TYPES.iter().copied()));
            let text = format!("unknown action type: {written}; {cure}");
            unusable(&item, "type", text, problems)
        }
    }?;
    item.finish(problems);
    Ok(answer)
}

fn forward(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Answer, Unusable> {
    let Some(mut config) = item.child("forwardConfig", "ForwardActionConfig", problems) else {
        let text = "a target group cannot be reached from here: write forwardConfig with targetGroups that name a Service by serviceName and servicePort";
        return unusable(item, "targetGroupARN", text.into(), problems);
    };
    if let Some(mut sticky) = config.child("targetGroupStickinessConfig", "Stickiness", problems) {
        if sticky.boolean("enabled", problems) == Some(true) {
            let text = "requests of one client are not kept together in Doorward: remove targetGroupStickinessConfig";
            problems.warn(Reason::NotHonoured, sticky.path(), text);
        }
        sticky.accept(&["durationSeconds"]);
        sticky.finish(problems);
    }
    let mut groups = Vec::new();
    for mut target in config.children("targetGroups", "TargetGroupTuple", problems) {
        groups.extend(group(&mut target, problems)?);
        target.finish(problems);
    }
    let answer = answer_of("forward", groups, &config, "targetGroups", problems);
    config.finish(problems);
    answer
}

fn group(target: &mut Fields<'_>, problems: &mut Problems) -> Result<Option<Group>, Unusable> {
    let weight = target.text_or_number("weight", problems);
    let service = target.text("serviceName", problems);
    let port = target.text_or_number("servicePort", problems);
    let named = target.text("targetGroupName", problems);
    if let Some(id) = target.text("targetGroupARN", problems).or(named) {
        let text = format!(
            "target group {id} cannot be reached from here: name a Service by serviceName and servicePort"
        );
        problems.warn(Reason::NotHonoured, target.path(), text);
        return Ok(None);
    }
    // Left out, the shares are equal.
    let weight = match weight.as_deref().unwrap_or("1").parse() {
        Ok(weight @ 0..=999) => weight,
        _ => {
            let text = "a weight is a whole number from 0 to 999".to_owned();
            return unusable(target, "weight", text, problems);
        }
    };
    let (Some(service), Some(port)) = (service, port) else {
        let text = "serviceName and servicePort are both needed".to_owned();
        return unusable(target, "serviceName", text, problems);
    };
    let port = match port.parse() {
        Ok(number) => ServicePort::Number(number),
        Err(_) => ServicePort::Name(port.into()),
    };
    let field = target.path().to_owned();
    Ok(Some(Group { service: service.into(), port, weight, field }))
}

fn redirect(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Answer, Unusable> {
    let mut config = block(item, "redirectConfig", problems)?;
    let status = match config.text_or_number("statusCode", problems).as_deref() {
        Some("HTTP_301") => StatusCode::MOVED_PERMANENTLY,
        Some("HTTP_302") => StatusCode::FOUND,
        other => {
            let text = format!(
                "{:?} is no redirect: write HTTP_301 or HTTP_302",
                other.unwrap_or_default()
            );
            return unusable(&config, "statusCode", text, problems);
        }
    };
    let mut part = |key: &'static str, same: &str, problems: &mut Problems| {
        let text = config.text_or_number(key, problems)?;
        (text != same).then(|| variables(&text).into_owned().into_boxed_str())
    };
    let host = part("host", "#{host}", problems);
    let path = part("path", "/#{path}", problems);
    let query = part("query", "#{query}", problems);
    let port = part("port", "#{port}", problems);
    let protocol = part("protocol", "#{protocol}", problems);
    let protocol = match protocol.map(|text| text.to_ascii_lowercase()) {
        Some(text) if text != "http" && text != "https" => {
            let text = format!("{text:?} is no protocol: write HTTP, HTTPS or #{{protocol}}");
            return unusable(&config, "protocol", text, problems);
        }
        other => other.map(String::into_boxed_str),
    };
    config.finish(problems);
    let redirect = Redirect { protocol, host, port, path, query, change: None, status };
    Ok(Answer::Ready(Action::Redirect(redirect)))
}

/// AWS's `#{path}` lacks the slash that ours begins with.
fn variables(text: &str) -> Cow<'_, str> {
    if !text.contains("#{") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("/#{path}", "${path}").replace("#{", "${"))
}

fn fixed(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Answer, Unusable> {
    let mut config = block(item, "fixedResponseConfig", problems)?;
    let status = config.text_or_number("statusCode", problems).unwrap_or_default();
    let status = match status.parse() {
        Ok(status) if matches!(StatusCode::as_u16(&status), 200..=299 | 400..=599) => status,
        _ => {
            let text = format!("{status:?} is no status for an answer: use 2xx, 4xx or 5xx");
            return unusable(&config, "statusCode", text, problems);
        }
    };
    let content_type = config.text("contentType", problems).unwrap_or("text/plain");
    let Ok(content_type) = HeaderValue::from_str(content_type) else {
        let text = format!("{content_type:?} is no content type: write text/plain or the like");
        return unusable(&config, "contentType", text, problems);
    };
    let body = config.text("messageBody", problems).unwrap_or_default().to_owned().into();
    config.finish(problems);
    Ok(Answer::Ready(Action::Fixed(FixedResponse { status, content_type, body, reason: None })))
}
