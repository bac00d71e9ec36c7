//! Kubeconfigs: their embedded certificates and keys, found by line, so that the rest of the
//! file (comments, order, quoting) can stay as it is. References to files are no business of this
//! one; those files are read for themselves.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub const AUTHORITY: &str = "certificate-authority-data";
pub const CERTIFICATE: &str = "client-certificate-data";
pub const KEY: &str = "client-key-data";

/// An embedded text and where its base64 stands.
pub struct Field {
    pub name: &'static str,
    pub range: Range<usize>,
    /// `None`: it is no base64.
    pub decoded: Option<Vec<u8>>,
}

/// The PEM texts of a file: itself, or what a kubeconfig embeds.
pub fn texts(bytes: &[u8]) -> Vec<Vec<u8>> {
    match is_one(bytes) {
        true => fields(bytes).into_iter().filter_map(|field| field.decoded).collect(),
        false => vec![bytes.to_vec()],
    }
}

pub fn is_one(bytes: &[u8]) -> bool {
    !fields(bytes).is_empty()
}

/// All embedded texts in order of the file.
pub fn fields(bytes: &[u8]) -> Vec<Field> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        found.extend(field(line, start));
        start += line.len();
    }
    found
}

fn field(line: &[u8], start: usize) -> Option<Field> {
    let text = std::str::from_utf8(line).ok()?;
    let content = text.trim_start_matches([' ', '-']);
    let (key, value) = content.split_once(':')?;
    let name = [AUTHORITY, CERTIFICATE, KEY].into_iter().find(|name| *name == key)?;
    let value = value.trim().trim_matches(['"', '\'']);
    if value.is_empty() {
        return None;
    }
    let from = start + text.rfind(value)?;
    let decoded = STANDARD.decode(value).ok();
    Some(Field { name, range: from..from + value.len(), decoded })
}
