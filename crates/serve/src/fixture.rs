//! Certificates and listeners for unit tests.

use std::{sync::Arc, time::Duration};

use model::{
    Action, Binding, BindingStatus, Certificate, CertificateId, CertificateList, CertificateSource,
    FixedResponse, ForwardedHeaders, Listener, ListenerKey, ObjectRef, Protocol, RouteTable,
    TlsSettings, TlsVersions,
};
use testkit::pki::TestCa;

pub fn certificate(name: &str) -> Arc<Certificate> {
    let pair = TestCa::new("root").leaf(&[name]);
    let read =
        x509::Reader::default().read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes());
    Arc::new(read.expect("test pairs are good"))
}

/// The same names and dates with a key that is none; `x509` would not let it through.
pub fn unusable(name: &str) -> Arc<Certificate> {
    let good = Arc::into_inner(certificate(name)).expect("it was made here");
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(vec![0x30, 0x00]);
    Arc::new(Certificate { key: model::PrivateKey::new(key.into()), ..good })
}

/// The first is the Default.
pub fn list(certificates: &[(&str, &Arc<Certificate>)]) -> CertificateList {
    let bindings = certificates.iter().enumerate().map(|(position, (id, certificate))| Binding {
        id: CertificateId::store(id),
        is_default: position == 0,
        source: CertificateSource::Secret,
        status: BindingStatus::Associated,
        certificate: Some(Arc::clone(certificate)),
    });
    CertificateList { bindings: bindings.collect() }
}

/// An HTTPS listener that answers everything with 404.
pub fn listener(certificates: CertificateList) -> Listener {
    Listener {
        servers: Vec::new(),
        tunnel: None,
        key: ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false },
        protocol: Protocol::Https,
        address: "127.0.0.1:0".parse().expect("it is an address"),
        declared_by: ObjectRef::cluster("AlbConfig", "edge-lb"),
        certificates,
        tls: Some(TlsSettings {
            ciphers: None,
            versions: TlsVersions::V12AndV13,
            http2: true,
            client_auth: None,
        }),
        routes: Arc::new(RouteTable::new(vec![], nothing())),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        idle_timeout: Duration::from_secs(15),
        client_timeout: None,
        request_timeout: Duration::from_secs(60),
        gzip: false,
    }
}

pub fn nothing() -> Action {
    Action::Fixed(FixedResponse {
        status: http::StatusCode::NOT_FOUND,
        content_type: http::HeaderValue::from_static("text/plain"),
        body: "".into(),
        reason: None,
    })
}
