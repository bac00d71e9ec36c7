//! Text to values, with the place of what is wrong. Keys that stand twice are refused, in YAML
//! and in JSON.
//!
//! Messages never quote the text around an error: it may be a private key.

use serde_json::{Deserializer, Value};
use serde_saphyr::{Error, Options};

mod unique;

use unique::Unique;

/// Where and why a document is not YAML or JSON. Lines and columns count from 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub(crate) struct SyntaxError {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) message: String,
}

/// One YAML document.
pub(crate) fn yaml(text: &[u8]) -> Result<Value, SyntaxError> {
    let text = utf8(text)?;
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let error = error.without_snippet();
        let (line, column) =
            error.location().map_or((1, 1), |place| (narrow(place.line()), narrow(place.column())));
        SyntaxError { line: line.max(1), column: column.max(1), message: message(error) }
    })
}

/// All values of a JSON text, each with the line it begins on; most texts hold one.
pub(crate) fn json(text: &[u8]) -> Result<Vec<(u32, Value)>, SyntaxError> {
    let text = utf8(text)?;
    let mut values = Vec::new();
    let mut stream = Deserializer::from_str(text).into_iter::<Unique>();
    let (mut line, mut counted) = (1, 0);
    loop {
        let rest = &text[stream.byte_offset()..];
        let begin = text.len() - rest.trim_start().len();
        line += newlines(&text[counted..begin]);
        counted = begin;
        match stream.next() {
            None => return Ok(values),
            Some(Ok(Unique(value))) => values.push((line, value)),
            Some(Err(error)) => {
                let text = error.to_string();
                let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(head, _)| head);
                return Err(SyntaxError {
                    line: narrow(error.line() as u64).max(1),
                    column: narrow(error.column() as u64).max(1),
                    message: message.to_owned(),
                });
            }
        }
    }
}

fn utf8(text: &[u8]) -> Result<&str, SyntaxError> {
    std::str::from_utf8(text).map_err(|error| {
        let (before, _) = text.split_at(error.valid_up_to());
        let column = before.rsplit(|&byte| byte == b'\n').next().map_or(0, <[u8]>::len);
        SyntaxError {
            line: 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u32,
            column: narrow(column as u64 + 1),
            message: "is not UTF-8: save the file in UTF-8".to_owned(),
        }
    })
}

/// The library's limits against alias bombs stand; those on size are ours.
fn options() -> Options {
    serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: 20_000_000,
            max_nodes: 10_000_000,
            max_total_scalar_bytes: 2 * super::documents::MAX_DOCUMENT,
        },
    }
}

/// What is wrong, without the place and without the library's own options.
fn message(error: &Error) -> String {
    if let Error::DuplicateMappingKey { key, .. } = error {
        return match key {
            Some(key) => format!("key {key:?} stands twice: remove one"),
            None => "a key stands twice: remove one".to_owned(),
        };
    }
    let text = error.to_string();
    let head = text.rsplit_once(" at line ").map_or(text.as_str(), |(head, _)| head);
    head.lines().next().unwrap_or_default().to_owned()
}

fn newlines(text: &str) -> u32 {
    text.bytes().filter(|&byte| byte == b'\n').count() as u32
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
