//! Manifests that many tests write: Secrets, and small wholes to start from.

use base64::{Engine, prelude::BASE64_STANDARD};

use serde_json::Value;

use crate::pki::Issued;

/// The objects of a YAML text of one or more documents.
#[track_caller]
pub fn documents(text: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)
        .unwrap_or_else(|error| panic!("not YAML: {error}: {text}"));
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// A `kubernetes.io/tls` Secret.
pub fn tls_secret(namespace: &str, name: &str, pair: &Issued) -> String {
    secret(namespace, name, "", pair)
}

/// A Secret that is certificate `id` of the store; `namespace` is the store's.
pub fn store_secret(namespace: &str, id: &str, pair: &Issued) -> String {
    let labels = format!("  labels: {{doorward.dev/certificate-id: \"{id}\"}}\n");
    secret(namespace, id, &labels, pair)
}

fn secret(namespace: &str, name: &str, labels: &str, pair: &Issued) -> String {
    let certificate = BASE64_STANDARD.encode(&pair.chain_pem);
    let key = BASE64_STANDARD.encode(&pair.key_pem);
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"{name}\"\n  namespace: {namespace}\n\
         {labels}type: kubernetes.io/tls\ndata:\n  tls.crt: {certificate}\n  tls.key: {key}\n"
    )
}
