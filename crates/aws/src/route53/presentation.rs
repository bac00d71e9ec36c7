//! Names and texts as Route 53 writes them (RFC 1035 section 5.1): escapes by octal numbers,
//! texts in quotes and in pieces of 255 characters.

use issue::RecordKind;

/// The longest piece of a TXT record (RFC 1035 section 3.3).
const PIECE: usize = 255;

/// `\052.shop.test.` is `*.shop.test`.
pub(super) fn read_name(text: &str) -> String {
    unescape(text.trim_end_matches('.')).to_ascii_lowercase()
}

pub(super) fn read_value(kind: RecordKind, text: &str) -> String {
    match kind {
        RecordKind::Cname => text.trim_end_matches('.').to_owned(),
        RecordKind::Txt => read_pieces(text),
    }
}

pub(super) fn write_value(kind: RecordKind, value: &str) -> String {
    match kind {
        RecordKind::Cname => value.to_owned(),
        RecordKind::Txt => {
            let escaped: Vec<String> = value.chars().map(escape).collect();
            let pieces: Vec<String> =
                escaped.chunks(PIECE).map(|piece| format!("\"{}\"", piece.concat())).collect();
            if pieces.is_empty() { "\"\"".into() } else { pieces.join(" ") }
        }
    }
}

fn escape(character: char) -> String {
    match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' => character.to_string(),
        other => {
            let mut bytes = [0; 4];
            other.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\{byte:03o}")).collect()
        }
    }
}

/// The pieces between quotes, joined. A text without quotes is one piece.
fn read_pieces(text: &str) -> String {
    if !text.starts_with('"') {
        return unescape(text);
    }
    let mut joined = String::new();
    let (mut is_inside, mut is_escaped) = (false, false);
    for character in text.chars() {
        match character {
            '"' if !is_escaped => is_inside = !is_inside,
            _ if is_inside => joined.push(character),
            _ => {}
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    unescape(&joined)
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        (rest, _) = match (first, tail) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                (tail, bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')))
            }
            (b'\\', [escaped, tail @ ..]) => (tail, bytes.push(*escaped)),
            (other, tail) => (tail, bytes.push(*other)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
