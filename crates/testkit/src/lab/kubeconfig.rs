//! Kubeconfigs of the lab: written as installers write them, and read as their programs do.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{authority::Pair, etcd::credentials};
use crate::tls::ClientOptions;

/// Where the API server is and who vouches for it.
pub struct Server<'a> {
    pub authority: &'a str,
    pub address: Ipv4Addr,
}

pub enum User<'a> {
    Embedded(&'a Pair),
    /// Certificate and key in one file.
    InFile(&'a str),
}

pub fn write(server: &Server<'_>, name: &str, user: &User<'_>) -> String {
    let user = match user {
        User::Embedded(Pair { certificate, key }) => format!(
            "    client-certificate-data: {}\n    client-key-data: {}\n",
            STANDARD.encode(certificate),
            STANDARD.encode(key)
        ),
        User::InFile(path) => {
            format!("    client-certificate: {path}\n    client-key: {path}\n")
        }
    };
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    \
         server: https://{}:6443\n  name: kubernetes\ncontexts:\n- context:\n    \
         cluster: kubernetes\n    user: {name}\n  name: {name}@kubernetes\n\
         current-context: {name}@kubernetes\nkind: Config\npreferences: {{}}\nusers:\n\
         - name: {name}\n  user:\n{user}",
        STANDARD.encode(server.authority),
        server.address,
    )
}

/// Whom its only cluster trusts and what its only user shows. `file` reads what it names.
pub fn read(text: &str, file: impl Fn(&str) -> io::Result<String>) -> io::Result<ClientOptions> {
    let config: Value = serde_saphyr::from_str(text).map_err(io::Error::other)?;
    let decoded = |value: &Value| {
        let data = value.as_str().and_then(|data| STANDARD.decode(data).ok());
        data.and_then(|data| String::from_utf8(data).ok())
    };
    let user = &config["users"][0]["user"];
    let part = |name: &str| match decoded(&user[format!("{name}-data")]) {
        Some(text) => Ok(text),
        None => file(user[name].as_str().unwrap_or_default()),
    };
    let authority = &config["clusters"][0]["cluster"]["certificate-authority-data"];
    let roots = decoded(authority).ok_or_else(|| io::Error::other("no authority"))?;
    credentials(roots.as_bytes(), &part("client-certificate")?, &part("client-key")?)
}

/// Where its only cluster is.
pub fn server(text: &str) -> io::Result<SocketAddr> {
    let config: Value = serde_saphyr::from_str(text).map_err(io::Error::other)?;
    let url = config["clusters"][0]["cluster"]["server"].as_str().unwrap_or_default();
    url.trim_start_matches("https://").parse().map_err(io::Error::other)
}
