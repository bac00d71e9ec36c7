//! JSON in annotations: where it breaks, and the mistake that the vendor's own example has.

use serde_json::Value;

use crate::{
    dialect::{Fields, Place},
    route::Reader,
};
use model::Reason;

/// The value of an annotation as JSON. A problem names line and column of what breaks it.
pub(super) fn parse(reader: &mut Reader<'_>, name: &str) -> Option<Value> {
    let text = reader.text(name)?;
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let hint = match lost_quote(text, line, column) {
                Some(word) => format!("; a quote is missing after {word}: write \"{word}\","),
                // A text that is never closed is noticed at the end of its line.
                None if column == 0 => {
                    format!(
                        "; a quote is missing in line {}: close its text",
                        line.saturating_sub(1)
                    )
                }
                None if error.is_eof() => {
                    "; the text ends too early: close every { and [ again".to_owned()
                }
                None => String::new(),
            };
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            reader.reject(
                name,
                format!("no JSON, line {line} column {column} of the value: {what}{hint}"),
            );
            None
        }
    }
}

/// In `"traffic,"bandwidth_size"` the text ends with a comma and the next key follows bare: then
/// the word that lost its quote.
fn lost_quote(text: &str, line: usize, column: usize) -> Option<&str> {
    let line = text.lines().nth(line.checked_sub(1)?)?;
    let before = line.get(..column.checked_sub(1)?)?;
    let word = before.strip_suffix("\"")?.strip_suffix(',')?;
    let start = word.rfind('"')? + 1;
    word.get(start..).filter(|word| !word.is_empty())
}

/// Where the object under an annotation stands, for [`Fields`].
pub(super) fn place(reader: &Reader<'_>, name: &str, go_type: &'static str) -> Place {
    Place {
        path: reader.field(name),
        go_type,
        go_path: String::new(),
        go_prefix: "",
        reason: Reason::InvalidAnnotation,
    }
}

/// Opens the object under an annotation.
pub(super) fn open<'v>(
    reader: &mut Reader<'_>,
    name: &str,
    go_type: &'static str,
    value: &'v Value,
) -> Option<Fields<'v>> {
    let place = place(reader, name, go_type);
    Fields::open(value, place, &mut reader.problems)
}
