//! `redirect` and `directResponse`: routes that the gateway answers by itself.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use model::{FixedResponse, PathChange, Reason, Redirect};

use super::{matches::HttpMatch, rewrite::in_place_of_match, scope};
use crate::dialect::{Fields, Problems, did_you_mean, nearest};

#[derive(Clone, Debug)]
pub(super) struct RedirectPlan {
    /// Without its path where that depends on the match.
    redirect: Redirect,
    /// In place of a matched prefix.
    prefix: Option<Box<str>>,
}

impl RedirectPlan {
    pub fn read(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let mut block = rule.child("redirect", "HTTPRedirect", problems)?;
        let uri = block.text("uri", problems);
        let prefix = block.text("prefixRewrite", problems);
        if uri.is_some() && prefix.is_some() {
            let text = "uri and prefixRewrite exclude each other: keep one";
            problems.reject(Reason::InvalidField, block.path(), text);
        }
        let status = status(&mut block, problems);
        let scheme = scheme(&mut block, problems);
        let (host, port) = authority(&mut block, scheme, problems);
        block.finish(problems);
        Some(Self {
            redirect: Redirect {
                protocol: scheme.map(Into::into),
                host,
                port,
                path: None,
                query: None,
                change: uri.map(|uri| PathChange::Whole(uri.into())),
                status,
            },
            prefix: prefix.map(Into::into),
        })
    }

    pub fn of(&self, matches: &HttpMatch) -> Redirect {
        let mut redirect = self.redirect.clone();
        if let Some(prefix) = &self.prefix {
            redirect.change = Some(in_place_of_match(matches, prefix));
        }
        redirect
    }
}

fn status(block: &mut Fields<'_>, problems: &mut Problems) -> StatusCode {
    match block.integer("redirectCode", problems) {
        None | Some(0 | 301) => StatusCode::MOVED_PERMANENTLY,
        Some(302) => StatusCode::FOUND,
        Some(303) => StatusCode::SEE_OTHER,
        Some(307) => StatusCode::TEMPORARY_REDIRECT,
        Some(308) => StatusCode::PERMANENT_REDIRECT,
        Some(other) => {
            let text = format!("{other} is no redirect: use 301, 302, 303, 307 or 308");
            problems.reject(Reason::InvalidField, block.path_of("redirectCode"), text);
            StatusCode::MOVED_PERMANENTLY
        }
    }
}

fn scheme<'a>(block: &mut Fields<'a>, problems: &mut Problems) -> Option<&'a str> {
    let scheme = block.text("scheme", problems)?;
    if !matches!(scheme, "http" | "https") {
        let text = format!("{scheme:?} is no scheme: use http or https");
        problems.reject(Reason::InvalidField, block.path_of("scheme"), text);
    }
    Some(scheme)
}

type Part = Option<Box<str>>;

/// Host and port. Another host comes without the port that the client used, and the scheme's own
/// port is left out.
fn authority(
    block: &mut Fields<'_>,
    scheme: Option<&str>,
    problems: &mut Problems,
) -> (Part, Part) {
    let authority = block.text("authority", problems);
    let number = scope::port(block, "port", problems);
    let derived = derived_port(block, problems);
    if number.is_some() && derived.is_some() {
        let text = "port and derivePort exclude each other: keep one";
        problems.reject(Reason::InvalidField, block.path(), text);
    }
    let with_port = authority.and_then(|text| {
        let (host, port) = text.rsplit_once(':')?;
        port.parse::<u16>().ok().map(|port| (host, port))
    });
    let host = with_port.map(|(host, _)| host).or(authority);
    let number = number.or(with_port.map(|(_, port)| port));
    let written = number.map(|port| match (scheme, port) {
        (Some("http"), 80) | (Some("https"), 443) => Box::from(""),
        _ => port.to_string().into(),
    });
    let own = || host.map(|_| Box::from(""));
    (host.map(Into::into), written.or(derived).or_else(own))
}

const DERIVED: [&str; 2] = ["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"];

/// As [`Redirect::port`] has it.
fn derived_port(block: &mut Fields<'_>, problems: &mut Problems) -> Part {
    match block.text("derivePort", problems)? {
        "FROM_PROTOCOL_DEFAULT" => Some("".into()),
        "FROM_REQUEST_PORT" => Some("${port}".into()),
        other => {
            let cure = did_you_mean(nearest(other, DERIVED));
            let text = format!("{other:?} is no way to derive a port; {cure}");
            problems.reject(Reason::InvalidField, block.path_of("derivePort"), text);
            None
        }
    }
}

pub(super) fn direct_response(
    rule: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<FixedResponse> {
    let mut block = rule.child("directResponse", "HTTPDirectResponse", problems)?;
    let written = block.integer("status", problems);
    let status = written.and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| (200..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    if status.is_none() {
        let text = "a direct response needs a status: write a number from 200 to 599";
        problems.reject(Reason::InvalidField, block.path_of("status"), text);
    }
    let body = block.child("body", "HTTPBody", problems).map(|mut body| {
        let bytes = body_bytes(&mut body, problems);
        body.finish(problems);
        bytes
    });
    block.finish(problems);
    Some(FixedResponse {
        status: status?,
        content_type: HeaderValue::from_static("text/plain"),
        body: body.unwrap_or_default(),
        reason: None,
    })
}

fn body_bytes(body: &mut Fields<'_>, problems: &mut Problems) -> Bytes {
    let text = body.text("string", problems);
    let Some(bytes) = body.text("bytes", problems) else {
        return Bytes::copy_from_slice(text.unwrap_or_default().as_bytes());
    };
    if text.is_some() {
        let text = "string and bytes exclude each other: keep one";
        problems.reject(Reason::InvalidField, body.path_of("bytes"), text);
    }
    BASE64_STANDARD.decode(bytes).map(Bytes::from).unwrap_or_else(|_| {
        let text = "these bytes are no base64: encode them, or write string";
        problems.reject(Reason::InvalidField, body.path_of("bytes"), text);
        Bytes::new()
    })
}
