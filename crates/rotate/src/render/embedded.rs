//! One setting put into what a kubeconfig embeds.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::text::Wanted;
use crate::{
    kubeconfig::{AUTHORITY, CERTIFICATE, KEY, fields},
    plan::Setting,
};

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
