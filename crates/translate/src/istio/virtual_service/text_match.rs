//! `StringMatch`: exact, prefix or regex.

use std::sync::Arc;

use model::{Reason, TextMatch};
use regex::Regex;
use serde_json::Value;

use crate::dialect::{Fields, Problems};

/// What is written for one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `{}`, or the regex `*`: it need only be there.
    Present,
    Text(TextMatch),
}

const KINDS: [&str; 3] = ["exact", "prefix", "regex"];

/// Of a header or parameter, where saying nothing asks for it to be there.
pub(super) fn read(mut block: Fields<'_>, problems: &mut Problems) -> Option<Wanted> {
    let path = block.path().to_owned();
    let written: Vec<(&str, &Value)> =
        KINDS.iter().filter_map(|kind| Some((*kind, block.value(kind)?))).collect();
    block.finish(problems);
    match written.as_slice() {
        [] => Some(Wanted::Present),
        [(kind, Value::String(text))] => of_kind(kind, text, path, problems),
        [(kind, _)] => {
            let text = format!("{kind} is no text: put it in quotes");
            problems.reject(Reason::InvalidField, format!("{path}.{kind}"), text);
            None
        }
        _ => {
            let text = "write one of exact, prefix and regex, not several";
            problems.reject(Reason::InvalidField, path, text);
            None
        }
    }
}

/// Of a part that every request has, where saying nothing would ask for nothing. Only a prefix
/// may be empty.
pub(super) fn read_filled(block: Fields<'_>, problems: &mut Problems) -> Option<TextMatch> {
    let path = block.path().to_owned();
    let found = match read(block, problems)? {
        Wanted::Text(TextMatch::Exact { text, .. }) if text.is_empty() => None,
        Wanted::Text(text) => Some(text),
        Wanted::Present => None,
    };
    if found.is_none() {
        let text = "it matches nothing in particular: write exact, prefix or regex with a text";
        problems.reject(Reason::InvalidField, path, text);
    }
    found
}

fn of_kind(kind: &str, text: &str, path: String, problems: &mut Problems) -> Option<Wanted> {
    let plain: Box<str> = text.into();
    Some(match kind {
        "exact" => Wanted::Text(TextMatch::Exact { text: plain, ignore_case: false }),
        "prefix" => Wanted::Text(TextMatch::Prefix { text: plain, ignore_case: false }),
        _ if text == "*" => Wanted::Present,
        _ => Wanted::Text(TextMatch::Regex(whole(text, format!("{path}.regex"), problems)?)),
    })
}

/// A regular expression that must fit the whole text, as in Envoy.
fn whole(text: &str, field: String, problems: &mut Problems) -> Option<Arc<Regex>> {
    // Compiled alone first: `a)(b` would be whole only by the brackets around it.
    compile(text, &field, problems)?;
    compile(&format!("^(?:{text})$"), &field, problems)
}

pub(super) fn compile(text: &str, field: &str, problems: &mut Problems) -> Option<Arc<Regex>> {
    match Regex::new(text) {
        Ok(regex) => Some(Arc::new(regex)),
        Err(error) => {
            let said = error.to_string();
            let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let text = format!("{text:?} is no regular expression: {said}; use the syntax of RE2");
            problems.reject(Reason::InvalidField, field, text);
            None
        }
    }
}

/// The text as it was written, of one made by [`whole`].
pub(super) fn written(regex: &Regex) -> &str {
    let text = regex.as_str();
    text.strip_prefix("^(?:").and_then(|text| text.strip_suffix(")$")).unwrap_or(text)
}
