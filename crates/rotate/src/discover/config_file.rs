//! Configuration files that say what flags could: etcd's, and the kubelet's.

use std::collections::BTreeMap;

use serde::Deserialize;

type Flags = BTreeMap<String, Vec<String>>;

/// etcd's file (`--config-file`). Where there is one, etcd heeds neither flags nor environment.
pub(super) fn etcd(text: &str) -> Option<Flags> {
    let file: Etcd = serde_saphyr::from_str(text).ok()?;
    let mut flags = Flags::new();
    let mut put = |flag: &str, value: Option<String>| {
        flags.extend(value.map(|value| (flag.to_owned(), vec![value])));
    };
    put("name", file.name);
    put("listen-client-urls", file.listen_client_urls);
    put("listen-peer-urls", file.listen_peer_urls);
    put("listen-metrics-urls", file.listen_metrics_urls);
    for (prefix, security) in
        [("", file.client_transport_security), ("peer-", file.peer_transport_security)]
    {
        put(&format!("{prefix}cert-file"), security.cert_file);
        put(&format!("{prefix}key-file"), security.key_file);
        put(&format!("{prefix}client-cert-file"), security.client_cert_file);
        put(&format!("{prefix}client-key-file"), security.client_key_file);
        put(&format!("{prefix}trusted-ca-file"), security.trusted_ca_file);
    }
    Some(flags)
}

/// The kubelet's (`--config`). Flags stand above it.
pub(super) fn kubelet(text: &str) -> Option<Flags> {
    let file: Kubelet = serde_saphyr::from_str(text).ok()?;
    let said = [
        ("tls-cert-file", file.tls_cert_file),
        ("tls-private-key-file", file.tls_private_key_file),
        ("client-ca-file", file.authentication.x509.client_ca_file),
        ("port", file.port.map(|port| port.to_string())),
    ];
    Some(said.into_iter().filter_map(|(flag, value)| Some((flag.into(), vec![value?]))).collect())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Etcd {
    name: Option<String>,
    listen_client_urls: Option<String>,
    listen_peer_urls: Option<String>,
    listen_metrics_urls: Option<String>,
    client_transport_security: Security,
    peer_transport_security: Security,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Security {
    cert_file: Option<String>,
    key_file: Option<String>,
    client_cert_file: Option<String>,
    client_key_file: Option<String>,
    trusted_ca_file: Option<String>,
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
