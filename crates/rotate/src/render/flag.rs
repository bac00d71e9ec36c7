//! One flag in a manifest, by text: the rest of the file is the operator's, comments and all.

/// Every `--name=value` gets the new value; `None`: there is none.
pub(super) fn put(bytes: &[u8], name: &str, value: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let start = format!("--{name}=");
    let mut out = String::with_capacity(text.len() + value.len());
    let mut rest = text;
    let mut is_put = false;
    while let Some(at) = rest.find(&start) {
        let (before, found) = rest.split_at(at + start.len());
        out.push_str(before);
        out.push_str(value);
        let end = found.find(|letter: char| letter.is_whitespace() || "\"',".contains(letter));
        rest = &found[end.unwrap_or(found.len())..];
        is_put = true;
    }
    out.push_str(rest);
    is_put.then(|| out.into_bytes())
}

#[cfg(test)]
mod tests;
