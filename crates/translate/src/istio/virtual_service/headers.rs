//! `headers`: what a route or a destination changes of requests and of answers.

use http::{HeaderName, HeaderValue};
use model::{Filter, HeaderEdit, HeaderSource, Reason, Rewrite};
use serde_json::Value;

use super::format::{self, Format};
use crate::dialect::{Fields, Problems};

/// In the order in which they are done: Envoy removes before it adds.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderEdits {
    filters: Vec<Filter>,
    /// `host` or `:authority` is set: the request's host changes.
    pub authority: Option<Box<str>>,
}

impl HeaderEdits {
    pub fn filters(&self) -> Vec<Filter> {
        let host = self
            .authority
            .clone()
            .map(|host| Filter::Rewrite(Rewrite { host: Some(host), ..Rewrite::default() }));
        self.filters.iter().cloned().chain(host).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<HeaderEdits> {
    let mut block = fields.child("headers", "Headers", problems)?;
    let mut edits = HeaderEdits::default();
    for (key, side) in [("request", Side::Request), ("response", Side::Response)] {
        let Some(mut operations) = block.child(key, "HeaderOperations", problems) else { continue };
        edits.remove(&mut operations, side, problems);
        edits.write(&mut operations, "set", side, problems);
        edits.write(&mut operations, "add", side, problems);
        operations.finish(problems);
    }
    block.finish(problems);
    Some(edits)
}

impl HeaderEdits {
    fn remove(&mut self, operations: &mut Fields<'_>, side: Side, problems: &mut Problems) {
        let field = operations.path_of("remove");
        for text in operations.texts("remove", problems) {
            let Some(name) = header_name(text, &field, problems) else { continue };
            self.filters.push(match side {
                Side::Request => Filter::RemoveHeader { name },
                Side::Response => Filter::Response(HeaderEdit::Remove { name }),
            });
        }
    }

    fn write(
        &mut self,
        operations: &mut Fields<'_>,
        key: &'static str,
        side: Side,
        problems: &mut Problems,
    ) {
        let Some(map) = operations.child(key, "map[string]string", problems) else { return };
        for (name, value) in map.entries() {
            let field = map.path_of(name);
            let Value::String(value) = value else {
                let text = "a header's value is a text: put it in quotes";
                problems.reject(Reason::InvalidField, field, text);
                continue;
            };
            let is_host = name.eq_ignore_ascii_case("host") || name == ":authority";
            if is_host && side == Side::Request {
                self.authority = host_value(value, field, problems);
                continue;
            }
            let Some(name) = header_name(name, &field, problems) else { continue };
            let Some(value) = header_source(value, field, problems) else { continue };
            self.filters.push(match (side, key) {
                (Side::Request, "set") => Filter::InsertHeader { name, value, overwrite: true },
                (Side::Request, _) => Filter::AppendHeader { name, value },
                (Side::Response, "set") => Filter::Response(HeaderEdit::Set { name, value }),
                (Side::Response, _) => Filter::Response(HeaderEdit::Append { name, value }),
            });
        }
    }
}

/// Headers that say how one connection is to be read; they are the gateway's own on each side.
const OF_THE_CONNECTION: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn header_name(text: &str, field: &str, problems: &mut Problems) -> Option<HeaderName> {
    let Ok(name) = HeaderName::from_bytes(text.as_bytes()) else {
        let text = format!("{text:?} is no header name: use letters, digits and '-'");
        problems.reject(Reason::InvalidField, field, text);
        return None;
    };
    if OF_THE_CONNECTION.contains(&name.as_str()) {
        let text =
            format!("{name} is a matter of the connection, which no rule changes: remove it");
        problems.warn(Reason::NotHonoured, field, text);
        return None;
    }
    Some(name)
}

fn header_source(text: &str, field: String, problems: &mut Problems) -> Option<HeaderSource> {
    let literal = match format::parse(text) {
        Ok(Format::Known(source)) => return Some(source),
        Ok(Format::Literal(literal)) => literal,
        Ok(Format::Unknown) => {
            problems.warn(Reason::NotHonoured, field, format::unknown(text));
            return None;
        }
        Err(format::Unbalanced) => {
            problems.reject(Reason::InvalidField, field, format::unbalanced(text));
            return None;
        }
    };
    let value = HeaderValue::from_str(&literal);
    if value.is_err() {
        let text = format!("{literal:?} is no header value: use visible ASCII");
        problems.reject(Reason::InvalidField, field, text);
    }
    value.ok().map(HeaderSource::Literal)
}

fn host_value(text: &str, field: String, problems: &mut Problems) -> Option<Box<str>> {
    match format::parse(text) {
        Ok(Format::Literal(host)) => {
            let is_host = !host.is_empty() && HeaderValue::from_str(&host).is_ok();
            if !is_host {
                let text = format!("{host:?} is no host: write a name, with a port if need be");
                problems.reject(Reason::InvalidField, field, text);
            }
            is_host.then(|| host.into())
        }
        Ok(_) => {
            problems.warn(Reason::NotHonoured, field, format::unknown(text));
            None
        }
        Err(format::Unbalanced) => {
            problems.reject(Reason::InvalidField, field, format::unbalanced(text));
            None
        }
    }
}
