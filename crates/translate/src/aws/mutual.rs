//! `mutual-authentication`: on which ports clients show certificates, and what these are checked
//! against.

use model::{CertificateId, Reason};
use serde::Deserialize;

use super::certificates::named;
use crate::route::Reader;

const KEY: &str = "mutual-authentication";

/// Of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutual {
    pub port: u16,
    /// The trust store: a Secret of the store with `ca.crt` under this id.
    pub trust: CertificateId,
    pub field: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    port: u16,
    mode: String,
    trust_store: Option<String>,
    ignore_client_certificate_expiry: Option<bool>,
    #[serde(rename = "advertiseTrustStoreCaNames")]
    _advertise: Option<String>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Vec<Mutual> {
    let Some(text) = reader.text(KEY) else { return Vec::new() };
    let entries: Vec<Entry> = match serde_json::from_str(text) {
        Ok(entries) => entries,
        Err(error) => {
            reader.reject(KEY, format!("{KEY} cannot be read: {error}; write [{{\"port\": 443, \"mode\": \"verify\", \"trustStore\": \"…\"}}]"));
            return Vec::new();
        }
    };
    let mut all = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let field = format!("{}[{index}]", reader.field(KEY));
        let problems = &mut reader.problems;
        match entry.mode.as_str() {
            "off" => {}
            "verify" => {
                let trust = entry.trust_store.as_deref().and_then(named).map(|named| named.id);
                let Some(trust) = trust else {
                    problems.reject(Reason::InvalidAnnotation, field, "mode verify needs trustStore: write the id that a Secret with ca.crt has in the certificate store, or an ARN that ends in it");
                    continue;
                };
                if entry.ignore_client_certificate_expiry == Some(true) {
                    problems.warn(Reason::NotHonoured, field.clone(), "clients with an expired certificate are refused all the same: remove ignoreClientCertificateExpiry");
                }
                all.push(Mutual { port: entry.port, trust, field });
            }
            "passthrough" => problems.warn(Reason::NotHonoured, field, "mode passthrough is not supported: clients are asked for no certificate; use verify, or mode off"),
            other => problems.reject(Reason::InvalidAnnotation, field, format!("mode {other:?} is unknown: write off or verify")),
        }
    }
    all
}
