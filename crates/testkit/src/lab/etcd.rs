//! A client of the etcd cluster. It speaks JSON, which every etcd understands beside gRPC.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Value, json};

use super::{
    authority::{Authority, Pair},
    sticky::Sticky,
    writer::Store,
};
use crate::{
    LIMIT,
    http::request,
    pki::Issued,
    tls::{ClientOptions, TlsClient},
    wait_until,
};

/// Where a client takes what it trusts and shows from, asked at each connection.
pub type Credentials = Box<dyn Fn() -> io::Result<ClientOptions> + Send + Sync>;

pub struct Client(Sticky);

impl Client {
    pub fn new(endpoints: Vec<SocketAddr>, credentials: Credentials) -> Self {
        Self(Sticky::new(endpoints, credentials))
    }

    /// How often it had to try again.
    pub fn retried(&self) -> u64 {
        self.0.retried
    }

    /// Fails when every endpoint has failed several times.
    pub async fn put(&mut self, key: &str, value: &str) -> io::Result<()> {
        let body = json!({"key": STANDARD.encode(key), "value": STANDARD.encode(value)});
        self.call("/v3/kv/put", &body).await.map(drop)
    }

    /// With quorum.
    pub async fn value(&mut self, key: &str) -> io::Result<Option<String>> {
        let answer = self.call("/v3/kv/range", &json!({"key": STANDARD.encode(key)})).await?;
        let value = answer["kvs"][0]["value"].as_str();
        let value = value.and_then(|value| STANDARD.decode(value).ok());
        Ok(value.and_then(|value| String::from_utf8(value).ok()))
    }

    pub async fn delete(&mut self, key: &str) -> io::Result<()> {
        self.call("/v3/kv/deleterange", &json!({"key": STANDARD.encode(key)})).await.map(drop)
    }

    /// How many keys begin with `prefix`, which is not empty.
    pub async fn count(&mut self, prefix: &str) -> io::Result<u64> {
        let mut end = prefix.as_bytes().to_vec();
        // The first key behind all of them.
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        let body = json!({
            "key": STANDARD.encode(prefix), "range_end": STANDARD.encode(end), "count_only": true
        });
        let answer = self.call("/v3/kv/range", &body).await?;
        // 64-bit numbers are strings in protobuf's JSON, and 0 is left out.
        Ok(answer["count"].as_str().and_then(|count| count.parse().ok()).unwrap_or(0))
    }

    /// Where clients reach each member, by its number.
    pub async fn members(&mut self) -> io::Result<BTreeMap<String, String>> {
        let answer = self.call("/v3/cluster/member/list", &json!({})).await?;
        let members = answer["members"].as_array().into_iter().flatten();
        let text = |value: &Value| Some(value.as_str()?.to_owned());
        let member = |one: &Value| Some((text(&one["ID"])?, text(&one["clientURLs"][0])?));
        Ok(members.filter_map(member).collect())
    }

    /// The number of the member that leads; none while there is an election.
    pub async fn leader(&mut self) -> io::Result<Option<String>> {
        let answer = self.call("/v3/maintenance/status", &json!({})).await?;
        Ok(answer["leader"].as_str().map(str::to_owned))
    }

    /// Asked of the leader: another member is to lead.
    pub async fn hand_over(&mut self, to: &str) -> io::Result<()> {
        self.call("/v3/maintenance/transfer-leadership", &json!({"targetID": to})).await.map(drop)
    }

    /// Has a member say that it has no more space, after which etcd takes no writes; or no more.
    pub async fn has_no_space(&mut self, member: &str, is_so: bool) -> io::Result<()> {
        let action = if is_so { "ACTIVATE" } else { "DEACTIVATE" };
        let body = json!({"action": action, "memberID": member, "alarm": "NOSPACE"});
        self.call("/v3/maintenance/alarm", &body).await.map(drop)
    }

    async fn call(&mut self, path: &str, body: &Value) -> io::Result<Value> {
        let ask = |endpoint: SocketAddr| {
            request(Method::POST, &format!("https://{endpoint}{path}"), body.to_string())
        };
        let answer = self.0.ask(ask, |answer| answer.status.is_success()).await?;
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

impl Store for Client {
    async fn put(&mut self, name: &str) -> io::Result<()> {
        Client::put(self, name, "x").await
    }

    async fn count(&mut self, prefix: &str) -> io::Result<u64> {
        Client::count(self, prefix).await
    }

    fn retried(&self) -> u64 {
        Client::retried(self)
    }
}

/// Waits until the member answers with quorum.
pub async fn healthy(authority: &Authority, client: &Pair, member: Ipv4Addr) {
    let options = credentials(authority.pem.as_bytes(), &client.certificate, &client.key);
    let client = TlsClient::new(options.expect("the lab made them"));
    let address = SocketAddr::from((member, 2379));
    wait_until(LIMIT, || async {
        let answer = client.get(address, &member.to_string(), "/health").await;
        answer.is_ok_and(|answer| answer.text().contains("\"true\""))
    })
    .await;
}

/// What a folder of ACK's layout holds for etcd's clients, read at each connection.
pub fn files(folder: PathBuf) -> Credentials {
    named(folder, ["ca.pem", "etcd-client.pem", "etcd-client-key.pem"])
}

/// The same, with the names of trust, certificate and key.
pub fn named(folder: PathBuf, names: [&'static str; 3]) -> Credentials {
    Box::new(move || {
        let [roots, certificate, key] = names.map(|name| fs::read_to_string(folder.join(name)));
        credentials(roots?.as_bytes(), &certificate?, &key?)
    })
}

/// Roots and a client certificate out of PEM. A pair that does not fit is an error: it may be in
/// the middle of being replaced.
pub fn credentials(roots: &[u8], certificate: &str, key: &str) -> io::Result<ClientOptions> {
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(roots).collect();
    let identity = Issued {
        cert_pem: certificate.to_owned(),
        chain_pem: certificate.to_owned(),
        key_pem: key.to_owned(),
        serial: Vec::new(),
    };
    let key = rustls_pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes());
    let key = key.map_err(io::Error::other)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    rustls::sign::CertifiedKey::from_der(chain.map_err(io::Error::other)?, key, &provider)
        .map_err(io::Error::other)?;
    let roots = roots.map_err(io::Error::other)?;
    if roots.is_empty() {
        return Err(io::Error::other("no root is trusted"));
    }
    Ok(ClientOptions { roots, identity: Some(identity), ..ClientOptions::default() })
}
