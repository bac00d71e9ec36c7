//! `/config_dump` in the shape of Envoy's admin interface, so that tools and recipes for Envoy
//! and Istio read it: what is *served*, and apart from it what was refused.
//!
//! Field order is part of the shape: `grep NAME -A 3` must reach the chain.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use model::{Certificate, CertificateId};
use publish::{Client, Material, SecretState};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_certificate: Option<TlsCertificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_context: Option<ValidationContext>,
}

#[derive(Serialize)]
struct TlsCertificate {
    certificate_chain: InlineBytes,
    private_key: InlineBytes,
}

#[derive(Serialize)]
struct ValidationContext {
    trusted_ca: InlineBytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    crl: Option<InlineBytes>,
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
    /// What the own listeners serve, then what Envoys have said that they hold. A certificate that
    /// several of them hold alike is one entry.
    pub fn new(served: &Served, envoys: &[Client]) -> Self {
        let mut secrets = BTreeMap::new();
        for listener in served.listeners.values() {
            for (id, certificate) in certificates(listener) {
                let name = name_of(id, listener);
                secrets
                    .entry((name.clone(), certificate.fingerprint))
                    .or_insert_with(|| DynamicSecret::new(id, name, listener, certificate));
            }
        }
        let kind = "type.googleapis.com/envoy.admin.v3.SecretsConfigDump";
        let dynamic_active_secrets = secrets.into_values().chain(held_by(envoys)).collect();
        Self { configs: [SecretsConfigDump { kind, dynamic_active_secrets }] }
    }
}

fn certificates(listener: &ServedListener) -> impl Iterator<Item = (&CertificateId, &Certificate)> {
    let bindings = &listener.listener.certificates.bindings;
    bindings.iter().filter_map(|held| Some((&held.id, held.certificate.as_deref()?)))
}

/// The servers of a mesh's gateway know their Secrets by Istio's names, as an Envoy would.
fn name_of(id: &CertificateId, listener: &ServedListener) -> String {
    match id.as_secret() {
        Some((_, name)) if !listener.listener.servers.is_empty() => format!("kubernetes://{name}"),
        _ => id.to_string(),
    }
}

/// By the names that Envoys ask by. What one of them refused goes before what all took.
fn held_by(envoys: &[Client]) -> impl Iterator<Item = DynamicSecret> {
    let mut secrets = BTreeMap::new();
    for envoy in envoys {
        for secret in &envoy.secrets {
            let Some(held) = secret.held() else { continue };
            let key = (secret.name.clone(), held.version.to_string());
            let entry = DynamicSecret::of_envoy(envoy, secret);
            if secret.refused.is_some() || !secrets.contains_key(&key) {
                secrets.extend(entry.map(|entry| (key, entry)));
            }
        }
    }
    secrets.into_values()
}

impl DynamicSecret {
    fn of_envoy(envoy: &Client, secret: &SecretState) -> Option<Self> {
        let acked = secret.acked.as_ref()?;
        let name = secret.name.to_string();
        let whole = match &acked.content.material {
            Material::Pair(certificate) => Secret::pair(name.clone(), certificate),
            Material::Roots(roots) => Secret {
                validation_context: Some(ValidationContext {
                    trusted_ca: InlineBytes::of(x509::certificates_pem(&roots.certificates)),
                    crl: match roots.crls.as_slice() {
                        [] => None,
                        crls => Some(InlineBytes::of(x509::crls_pem(crls))),
                    },
                }),
                ..Secret::named(name.clone())
            },
        };
        let error_state = secret.refused.as_ref().map(|refused| UpdateFailureState {
            details: format!("Envoy {}: {}", envoy.node, refused.error),
            last_update_attempt: refused.time,
            version_info: refused.version.to_string(),
        });
        let version_info = acked.content.version.to_string();
        Some(Self { name, version_info, last_updated: acked.time, secret: whole, error_state })
    }

    fn new(
        id: &CertificateId,
        name: String,
        listener: &ServedListener,
        served: &Certificate,
    ) -> Self {
        let refused = listener.rejected.iter().find(|refused| refused.id == *id);
        Self {
            name: name.clone(),
            version_info: served.fingerprint.to_string(),
            last_updated: listener.last_updated,
            error_state: refused.map(|refused| UpdateFailureState {
                details: refused.reason.clone(),
                last_update_attempt: refused.since,
                version_info: refused.fingerprint.to_string(),
            }),
            secret: Secret::pair(name, served),
        }
    }
}

impl Secret {
    fn named(name: String) -> Self {
        let kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
        Self { kind, name, tls_certificate: None, validation_context: None }
    }

    fn pair(name: String, certificate: &Certificate) -> Self {
        let tls_certificate = TlsCertificate {
            certificate_chain: InlineBytes::of(x509::chain_pem(certificate)),
            private_key: InlineBytes::of("[redacted]"),
        };
        Self { tls_certificate: Some(tls_certificate), ..Self::named(name) }
    }
}

impl InlineBytes {
    fn of(text: impl AsRef<[u8]>) -> Self {
        Self { inline_bytes: STANDARD.encode(text) }
    }
}

#[cfg(test)]
mod tests;
