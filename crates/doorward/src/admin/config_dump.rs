//! `/config_dump` in the shape of Envoy's admin interface, so that tools and recipes for Envoy
//! and Istio read it: what is *served*, and apart from it what was refused.
//!
//! Field order is part of the shape: `grep NAME -A 3` must reach the chain.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use model::{Certificate, CertificateId};
use serde::Serialize;
use serve::{Served, ServedListener};

#[derive(Serialize)]
pub struct ConfigDump {
    configs: [SecretsConfigDump; 1],
}

#[derive(Serialize)]
struct SecretsConfigDump {
    #[serde(rename = "@type")]
    kind: &'static str,
    dynamic_active_secrets: Vec<DynamicSecret>,
}

#[derive(Serialize)]
struct DynamicSecret {
    name: String,
    version_info: String,
    last_updated: Timestamp,
    secret: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_state: Option<UpdateFailureState>,
}

#[derive(Serialize)]
struct Secret {
    #[serde(rename = "@type")]
    kind: &'static str,
    name: String,
    tls_certificate: TlsCertificate,
}

#[derive(Serialize)]
struct TlsCertificate {
    certificate_chain: InlineBytes,
    private_key: InlineBytes,
}

#[derive(Serialize)]
struct InlineBytes {
    inline_bytes: String,
}

#[derive(Serialize)]
struct UpdateFailureState {
    details: String,
    last_update_attempt: Timestamp,
    /// The fingerprint of what was refused.
    version_info: String,
}

impl ConfigDump {
    /// A certificate that several listeners serve alike is one entry.
    pub fn new(served: &Served) -> Self {
        let mut secrets = BTreeMap::new();
        for listener in served.listeners.values() {
            for (id, certificate) in certificates(listener) {
                secrets
                    .entry((id, certificate.fingerprint))
                    .or_insert_with(|| DynamicSecret::new(id, listener, certificate));
            }
        }
        let kind = "type.googleapis.com/envoy.admin.v3.SecretsConfigDump";
        let dynamic_active_secrets = secrets.into_values().collect();
        Self { configs: [SecretsConfigDump { kind, dynamic_active_secrets }] }
    }
}

fn certificates(listener: &ServedListener) -> impl Iterator<Item = (&CertificateId, &Certificate)> {
    let bindings = &listener.listener.certificates.bindings;
    bindings.iter().filter_map(|held| Some((&held.id, held.certificate.as_deref()?)))
}

impl DynamicSecret {
    fn new(id: &CertificateId, listener: &ServedListener, served: &Certificate) -> Self {
        let refused = listener.rejected.iter().find(|refused| refused.id == *id);
        Self {
            name: id.to_string(),
            version_info: served.fingerprint.to_string(),
            last_updated: listener.last_updated,
            error_state: refused.map(|refused| UpdateFailureState {
                details: refused.reason.clone(),
                last_update_attempt: refused.since,
                version_info: refused.fingerprint.to_string(),
            }),
            secret: Secret {
                kind: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
                name: id.to_string(),
                tls_certificate: TlsCertificate {
                    certificate_chain: InlineBytes {
                        inline_bytes: STANDARD.encode(x509::chain_pem(served)),
                    },
                    private_key: InlineBytes { inline_bytes: STANDARD.encode("[redacted]") },
                },
            },
        }
    }
}

#[cfg(test)]
mod tests;
