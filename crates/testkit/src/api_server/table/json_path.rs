//! The part of JSONPath that printer columns use: `.a.b`, `.a\.b`, `[0]`, `[*]` and
//! `[?(@.type=="Ready")]`.

use serde_json::Value;

/// Every value at the path, in order.
pub(super) fn find<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = first_step(rest);
        rest = after;
        found = found.into_iter().flat_map(|value| take(value, &step)).collect();
    }
    found
}

enum Step {
    Field(String),
    Index(usize),
    All,
    /// The items whose field is this text.
    Where(String, String),
}

fn first_step(path: &str) -> (Step, &str) {
    if let Some((inside, after)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) {
        let step = if let Ok(index) = inside.parse() {
            Step::Index(index)
        } else if let Some((field, text)) = inside.split_once("==") {
            let field = field.trim_start_matches("?(@.").trim();
            let text = text.trim_end_matches(')').trim().trim_matches(['"', '\'']);
            Step::Where(field.into(), text.into())
        } else if inside == "*" {
            Step::All
        } else {
            Step::Field(inside.trim_matches(['"', '\'']).into())
        };
        return (step, after);
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let mut name = String::new();
    let mut letters = path.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            '.' | '[' => return (Step::Field(name), &path[at..]),
            letter => name.push(letter),
        }
    }
    (Step::Field(name), "")
}

fn take<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => items.get(*index).into_iter().collect(),
        Step::All => items.iter().collect(),
        Step::Where(field, text) => {
            items.iter().filter(|item| item[field.as_str()] == text.as_str()).collect()
        }
    }
}

#[cfg(test)]
mod tests;
