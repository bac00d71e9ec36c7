//! Kubeconfigs: their embedded certificates and keys, found by line, so that the rest of the
//! file (comments, order, quoting) stays as it is. References to files are no business of this
//! one; those files are places of their own.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::text::Wanted;
use crate::plan::Setting;

const AUTHORITY: &str = "certificate-authority-data";
const CERTIFICATE: &str = "client-certificate-data";
const KEY: &str = "client-key-data";

/// An embedded text and where its base64 stands.
pub struct Field {
    pub name: &'static str,
    pub range: Range<usize>,
    /// `None`: it is no base64.
    pub decoded: Option<Vec<u8>>,
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

/// The setting in every embedded text that holds what it replaces: other clusters and users of
/// the file are none of its business. `None`: in none.
pub(super) fn put(bytes: &[u8], setting: &Setting, wanted: &Wanted<'_>) -> Option<Vec<u8>> {
    let name = match setting {
        Setting::Trust { .. } => AUTHORITY,
        Setting::Certificate { .. } => CERTIFICATE,
        Setting::Key { .. } | Setting::AuthorityKey { .. } => KEY,
        Setting::Flag { .. } => return None,
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut done = 0;
    let mut is_put = false;
    for field in fields(bytes).into_iter().filter(|field| field.name == name) {
        let Some(text) = field.decoded.filter(|text| wanted.is_in(text)) else { continue };
        let new = wanted.put(&text)?;
        out.extend_from_slice(&bytes[done..field.range.start]);
        out.extend_from_slice(STANDARD.encode(&new).as_bytes());
        done = field.range.end;
        is_put = true;
    }
    out.extend_from_slice(&bytes[done..]);
    is_put.then_some(out)
}
