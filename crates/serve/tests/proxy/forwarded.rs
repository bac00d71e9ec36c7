//! `X-Forwarded-*` at the backend.

use std::sync::Arc;

use http::HeaderValue;
use model::{ForwardedHeaders, TrustedSources};
use serde_json::{Value, json};
use serve::{ClientCertificate, TlsFacts};
use testkit::{backend::Backend, http::get};

use crate::front::{Front, Setup, tls_for_shop, to};

fn all() -> ForwardedHeaders {
    ForwardedHeaders {
        client_address: true,
        proto: true,
        host: true,
        load_balancer_id: true,
        port: true,
        client_port: true,
        client_subject: Some("x-forwarded-clientcert-subjectdn".parse().unwrap()),
        client_issuer: Some("x-issuer".parse().unwrap()),
        client_fingerprint: Some("x-forwarded-clientcert-fingerprint".parse().unwrap()),
        client_verify: Some("x-forwarded-clientcert-clientverify".parse().unwrap()),
        trusted: None,
    }
}

/// What a client made up, in every spelling that a backend may take for true.
const MADE_UP: [(&str, &str); 8] = [
    ("x-forwarded-for", "6.6.6.6"),
    ("x-forwarded-proto", "gopher"),
    ("x-forwarded-host", "evil.test"),
    ("x_forwarded_for", "6.6.6.6"),
    ("x-forwarded-user", "root"),
    ("forwarded", "for=6.6.6.6"),
    ("x-issuer", "CN=evil"),
    ("x-forwarded-clientcert-subjectdn", "CN=evil"),
];

async fn seen(
    wanted: ForwardedHeaders,
    tls: Option<fn() -> TlsFacts>,
    sent: &[(&'static str, &'static str)],
) -> Value {
    let backend = Backend::echo("one").await;
    let mut setup = Setup::new(to(&[backend.address]));
    setup.listener.forwarded = Arc::new(wanted);
    setup.tls = tls;
    let front: Front = setup.start().await;
    let mut request = get("http://shop.test:8443/");
    for (name, value) in sent {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    let mut headers = front.send(request).await.json()["headers"].take();
    if let Some(port) = headers.pointer_mut("/x-forwarded-client-port/0") {
        assert!(port.as_str().unwrap().parse::<u16>().unwrap() > 0);
        *port = json!("PORT");
    }
    headers
}

#[tokio::test]
async fn a_listener_that_wants_none_passes_none_on() {
    let headers = seen(ForwardedHeaders::default(), None, &MADE_UP[..6]).await;
    assert_eq!(headers, json!({"host": ["shop.test:8443"]}));
}

#[tokio::test]
async fn what_a_client_made_up_is_replaced() {
    assert_eq!(
        seen(all(), None, &MADE_UP).await,
        json!({
            "host": ["shop.test:8443"],
            "x-forwarded-for": ["127.0.0.1"],
            "x-forwarded-proto": ["http"],
            "x-forwarded-host": ["shop.test:8443"],
            "x-forwarded-for-slb-id": ["edge-lb"],
            "x-forwarded-port": ["443"],
            "x-forwarded-client-port": ["PORT"],
            "x-forwarded-clientcert-clientverify": ["NONE"],
        })
    );
}

fn tls_with_certificate() -> TlsFacts {
    TlsFacts {
        client_certificate: Some(ClientCertificate {
            is_verified: true,
            subject_dn: "CN=alice".into(),
            issuer_dn: "CN=clients".into(),
            serial: "0A".into(),
            fingerprint: model::Fingerprint([0xab; 32]),
        }),
        ..tls_for_shop()
    }
}

#[tokio::test]
async fn a_client_certificates_facts_are_passed_on() {
    let headers = seen(all(), Some(tls_with_certificate), &MADE_UP).await;
    assert_eq!(headers["x-forwarded-proto"], json!(["https"]));
    assert_eq!(headers["x-forwarded-clientcert-clientverify"], json!(["SUCCESS"]));
    assert_eq!(headers["x-forwarded-clientcert-subjectdn"], json!(["CN=alice"]));
    assert_eq!(headers["x-issuer"], json!(["CN=clients"]));
    assert_eq!(headers["x-forwarded-clientcert-fingerprint"], json!(["ab".repeat(32)]));
}

#[tokio::test]
async fn a_trusted_peers_word_stays_and_its_address_is_appended() {
    let trusted = |nets: &str| ForwardedHeaders {
        trusted: Some(TrustedSources(vec![nets.parse().unwrap()])),
        ..all()
    };
    let sent = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-user", "alice"),
    ];
    let headers = seen(trusted("127.0.0.0/8"), None, &sent).await;
    assert_eq!(headers["x-forwarded-for"], json!(["203.0.113.9, 10.0.0.1, 127.0.0.1"]));
    assert_eq!(headers["x-forwarded-proto"], json!(["https"]));
    assert_eq!(headers["x-forwarded-user"], json!(["alice"]));

    let headers = seen(trusted("10.0.0.0/8"), None, &sent).await;
    assert_eq!(headers["x-forwarded-for"], json!(["127.0.0.1"]));
    assert_eq!(headers["x-forwarded-proto"], json!(["http"]));
    assert!(headers["x-forwarded-user"].is_null());
}
