//! Another path for a redirect or a rewrite, by texts that stand for themselves.

use std::borrow::Cow;

use model::PathChange;

/// The path after the change.
pub fn changed<'a>(change: &'a PathChange, path: &'a str) -> Cow<'a, str> {
    match change {
        PathChange::Whole(whole) => Cow::Borrowed(whole),
        PathChange::Prefix { matched, with } => match rest_after(matched, path) {
            Some(rest) => Cow::Owned(format!("{with}{rest}")),
            None => Cow::Borrowed(path),
        },
        PathChange::Regex { pattern, with } => pattern.replace_all(path, &**with),
    }
}

fn rest_after<'a>(matched: &str, path: &'a str) -> Option<&'a str> {
    let (start, rest) = path.split_at_checked(matched.len())?;
    start.eq_ignore_ascii_case(matched).then_some(rest)
}

#[cfg(test)]
mod tests;
