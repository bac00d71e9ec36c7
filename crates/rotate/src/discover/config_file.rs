//! Configuration files that say what flags could: etcd's, and the kubelet's.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::settings::Settings;

/// etcd's file (`--config-file`). Where there is one, etcd heeds neither flags nor environment.
/// Its keys are called like flags, but for what it says of TLS (`embed/config.go`).
pub(super) fn etcd(text: &str) -> Option<Settings> {
    let file: BTreeMap<String, Value> = serde_saphyr::from_str(text).ok()?;
    let mut settings = Settings::default();
    for (key, value) in &file {
        let port = match key.as_str() {
            "client-transport-security" => "",
            "peer-transport-security" => "peer-",
            flag => {
                add(&mut settings, flag, value);
                continue;
            }
        };
        for (key, value) in value.as_object().into_iter().flatten() {
            add(&mut settings, &tls_flag(port, key), value);
        }
    }
    Some(settings)
}

/// `port` is what the peers' flags begin with.
fn tls_flag(port: &str, key: &str) -> String {
    match key {
        "allowed-cn" | "allowed-hostname" if port.is_empty() => format!("client-cert-{key}"),
        "allowed-cn" | "allowed-hostname" => format!("{port}cert-{key}"),
        _ => format!("{port}{key}"),
    }
}

fn add(settings: &mut Settings, flag: &str, value: &Value) {
    match value {
        Value::String(text) => settings.add(flag, text),
        Value::Number(_) | Value::Bool(_) => settings.add(flag, &value.to_string()),
        Value::Array(values) => values.iter().for_each(|value| add(settings, flag, value)),
        Value::Null | Value::Object(_) => {}
    }
}

/// The kubelet's (`--config`). Flags stand above it.
pub(super) fn kubelet(text: &str) -> Option<Settings> {
    let file: Kubelet = serde_saphyr::from_str(text).ok()?;
    let said = [
        ("tls-cert-file", file.tls_cert_file),
        ("tls-private-key-file", file.tls_private_key_file),
        ("client-ca-file", file.authentication.x509.client_ca_file),
        ("port", file.port.map(|port| port.to_string())),
    ];
    Some(said.into_iter().filter_map(|(flag, value)| Some((flag, value?))).collect())
}

/// That of a server of k3s or RKE2, as far as it says where things are.
pub(super) fn rancher(text: &str) -> Option<Settings> {
    let file: Rancher = serde_saphyr::from_str(text).ok()?;
    let said = [
        ("data-dir", file.data_dir),
        ("https-listen-port", file.https_listen_port.map(|port| port.to_string())),
    ];
    Some(said.into_iter().filter_map(|(flag, value)| Some((flag, value?))).collect())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Rancher {
    data_dir: Option<String>,
    https_listen_port: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Kubelet {
    tls_cert_file: Option<String>,
    tls_private_key_file: Option<String>,
    port: Option<u16>,
    authentication: Authentication,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authentication {
    x509: X509,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct X509 {
    #[serde(rename = "clientCAFile")]
    client_ca_file: Option<String>,
}
