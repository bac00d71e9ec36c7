//! What somebody changed in a file, line by line, for the operator to see and nobody to misuse:
//! of certificates what they are, of keys how the digest of the public half begins, of YAML the
//! values of keys and flags that are known to hold no secret. Of anything else, that it is there.

mod yaml;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::{
    certificate::Certificate,
    digest::sha256,
    facts::Content,
    halves::key_mark,
    pem::{self, Block},
};

/// More is no help on a screen.
const MOST_LINES: usize = 20;

/// A line or a block: alike where the bytes are alike, whatever of them is shown.
struct Line {
    digest: String,
    shown: String,
}

impl Line {
    fn new(bytes: &[u8], shown: String) -> Self {
        Self { digest: sha256(bytes), shown }
    }
}

/// Lines that are gone (`- `) and that are new (`+ `), of the known content to which the file is
/// nearest.
pub(crate) fn difference(known: &[Content], found: &Content) -> Vec<String> {
    let found = lines(found);
    let all = known.iter().map(|known| changes(&lines(known), &found));
    let mut nearest = all.min_by_key(Vec::len).unwrap_or_default();
    if nearest.len() > MOST_LINES {
        let more = nearest.len() - MOST_LINES;
        nearest.truncate(MOST_LINES);
        nearest.push(format!("and {more} more lines"));
    }
    nearest
}

fn changes(known: &[Line], found: &[Line]) -> Vec<String> {
    let digests =
        |lines: &[Line]| -> Vec<String> { lines.iter().map(|line| line.digest.clone()).collect() };
    let ops = capture_diff_slices(Algorithm::Myers, &digests(known), &digests(found));
    let mut all = Vec::new();
    for op in ops.iter().filter(|op| op.tag() != DiffTag::Equal) {
        all.extend(known[op.old_range()].iter().map(|line| format!("- {}", line.shown)));
        all.extend(found[op.new_range()].iter().map(|line| format!("+ {}", line.shown)));
    }
    all
}

fn lines(content: &Content) -> Vec<Line> {
    let text = content.bytes();
    match std::str::from_utf8(text) {
        Ok(yaml) if yaml::is_one(yaml) => yaml::lines(yaml),
        _ => blocks(text),
    }
}

/// What stands between the blocks may be anything, half a key too: it is only said to be there.
fn blocks(text: &[u8]) -> Vec<Line> {
    let mut all = Vec::new();
    let mut done = 0;
    for block in pem::blocks(text) {
        all.extend(beside(&text[done..block.range.start]));
        done = block.range.end;
        all.push(Line::new(&text[block.range.clone()], told(text, &block)));
    }
    all.extend(beside(&text[done..]));
    all
}

fn beside(text: &[u8]) -> Option<Line> {
    let text = text.trim_ascii();
    let count = text.split(|&byte| byte == b'\n').count();
    let plural = if count == 1 { "" } else { "s" };
    (!text.is_empty()).then(|| Line::new(text, format!("{count} line{plural} of other text")))
}

fn told(text: &[u8], block: &Block) -> String {
    if block.is_certificate() {
        return pem::certificate(text, block)
            .map_or_else(|| "a certificate that cannot be read".to_owned(), |one| words(&one));
    }
    if block.is_private_key() {
        return pem::private_key(text, block).map_or_else(
            || "a private key that cannot be read".to_owned(),
            |key| format!("the private key of public key {}", key_mark(&key.public_info())),
        );
    }
    "a block of another kind".to_owned()
}

fn words(one: &Certificate) -> String {
    let Certificate { subject, serial, not_after, issuer, .. } = one;
    format!("certificate {subject}, serial {serial}, until {not_after}, issued by {issuer}")
}

#[cfg(test)]
mod tests;
