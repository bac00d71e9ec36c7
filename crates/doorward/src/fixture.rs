//! Small pieces of a Model for the tests of this crate.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use model::{
    Action, Binding, BindingStatus, Certificate, CertificateId, CertificateList, CertificateSource,
    Direction, FixedResponse, Listener, Name, ObjectRef, Protocol, RouteTable, Rule, RuleMatch,
    Server, TlsSettings, TlsVersions,
};
use serve::ServedListener;
use testkit::pki::TestCa;

pub fn certificate(names: &[&str]) -> Arc<Certificate> {
    let pair = TestCa::new("root").leaf(names);
    Arc::new(x509::read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes()).unwrap())
}

pub fn bound(id: &str, certificate: &Arc<Certificate>) -> Binding {
    Binding {
        id: CertificateId::store(id),
        is_default: false,
        source: CertificateSource::Secret,
        status: BindingStatus::Associated,
        certificate: Some(certificate.clone()),
    }
}

pub fn pending(id: &str) -> Binding {
    Binding {
        id: CertificateId::store(id),
        is_default: false,
        source: CertificateSource::Issued,
        status: BindingStatus::Pending,
        certificate: None,
    }
}

/// An HTTPS listener `KEY` that routes `hosts`.
pub fn listener(key: &str, hosts: &[&str], bindings: Vec<Binding>) -> Listener {
    let answer = Action::Fixed(FixedResponse {
        status: StatusCode::OK,
        content_type: HeaderValue::from_static("text/plain"),
        body: "".into(),
        reason: None,
    });
    let rule = Rule {
        forwarding: None,
        origin: ObjectRef::namespaced("Ingress", "shop", "web"),
        direction: Direction::Request,
        matches: RuleMatch {
            hosts: hosts.iter().map(|host| Name::parse(host).unwrap()).collect(),
            ..RuleMatch::default()
        },
        filters: Vec::new(),
        action: answer.clone(),
    };
    Listener {
        servers: Vec::new(),
        tunnel: None,
        key: key.parse().unwrap(),
        protocol: Protocol::Https,
        address: "127.0.0.1:8443".parse().unwrap(),
        declared_by: ObjectRef::cluster("IngressClass", "web"),
        certificates: CertificateList { bindings },
        tls: Some(TlsSettings {
            ciphers: None,
            versions: TlsVersions::V12AndV13,
            http2: true,
            client_auth: None,
        }),
        routes: Arc::new(RouteTable::new(vec![Arc::new(rule)], answer)),
        forwarded: Arc::default(),
        access: None,
        idle_timeout: Duration::from_secs(60),
        client_timeout: None,
        request_timeout: Duration::from_secs(60),
        gzip: false,
    }
}

/// One of the servers on a listener's port, which serves as `listener` does.
pub fn server(hosts: &[&str], listener: Listener) -> Server {
    Server {
        name: "shop/web/https".into(),
        hosts: hosts.iter().map(|host| Name::parse(host).unwrap()).collect(),
        listener: Arc::new(listener),
    }
}

pub fn with_servers(listener: Listener, servers: Vec<Server>) -> Listener {
    Listener { tls: None, servers, ..listener }
}

pub fn served(listener: Listener) -> ServedListener {
    ServedListener {
        address: Some(listener.address),
        listener: Arc::new(listener),
        error: None,
        version: "1".into(),
        last_updated: Timestamp::UNIX_EPOCH,
        rejected: Vec::new(),
    }
}
