use super::*;

#[test]
fn every_setting_comes_back() {
    let spec = AlbListenerSpec {
        protocol: Protocol::Https,
        versions: TlsVersions::V12,
        http2: false,
        client_ca: Some(vec![CertificateId::store("ca-1")]),
        forwarded: Arc::new(ForwardedHeaders {
            client_address: true,
            proto: false,
            host: true,
            load_balancer_id: true,
            port: true,
            client_port: true,
            client_subject: Some(HeaderName::from_static("x-subject")),
            client_issuer: Some(HeaderName::from_static("x-issuer")),
            client_fingerprint: None,
            client_verify: Some(HeaderName::from_static("x-verify")),
            trusted: Some(TrustedSources(vec!["10.0.0.0/8".parse().unwrap()])),
        }),
        access: Some(Arc::new(AccessList {
            mode: AccessMode::White,
            entries: vec!["192.0.2.0/24".parse().unwrap()],
        })),
        idle_timeout: Duration::from_secs(15),
        request_timeout: Duration::from_secs(600),
        gzip: true,
    };
    let text = serde_saphyr::to_string(&SavedListener::of(&spec)).unwrap();
    let saved: SavedListener = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(saved.restore(), spec);
}
