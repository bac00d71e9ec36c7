//! Changes while clients are there: nobody notices but by the new certificate or route.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use model::Listener;
use testkit::{
    pki::TestCa,
    tls::{ClientOptions, TlsClient, Versions},
};

use crate::stage::{Stage, additional, certificate, default, https, routes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_handshake_fails_and_no_name_gets_a_wrong_certificate_while_certificates_change() {
    let ca = TestCa::new("root");
    let (shop, docs) = (ca.leaf(&["shop.test"]), ca.leaf(&["docs.test"]));
    let renewed: Vec<_> = (0..4).map(|_| ca.leaf(&["shop.test"])).collect();
    let stage = Stage::new(vec![https(443, vec![default(&docs), additional(&shop)])]).await;
    let address = stage.address(443);

    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let load: Vec<_> = (0..4)
        .map(|_| {
            // The client checks that the certificate is for the name it asked for.
            let client = TlsClient::trusting(&ca);
            let (over, answered) = (over.clone(), answered.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let answer = client.get(address, "shop.test", "/").await.unwrap();
                    assert_eq!(answer.text(), "hello");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..60 {
        // Renewal, promotion to Default, and removal of the Default, each in one publication.
        let pair = &renewed[round % renewed.len()];
        let certificates = match round % 3 {
            0 => vec![default(&docs), additional(pair)],
            1 => vec![default(pair), additional(&docs)],
            _ => vec![additional(pair)],
        };
        stage.publish(vec![https(443, certificates)]).await;
        let seen = TlsClient::unchecked().handshake(address, Some("shop.test")).await.unwrap();
        assert_eq!(seen.leaf, pair.der(), "a change is seen by the next handshake");
    }
    over.store(true, Ordering::Relaxed);
    for client in load {
        client.await.expect("no request failed");
    }
    assert!(answered.load(Ordering::Relaxed) > 0);
    assert_eq!(stage.address(443), address);
}

#[tokio::test]
async fn a_session_ticket_is_good_after_a_change_of_certificates() {
    let ca = TestCa::new("root");
    for versions in [Versions::Tls12, Versions::Tls13] {
        let stage = Stage::new(vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])]).await;
        let client = TlsClient::new(ClientOptions { versions, ..ClientOptions::default() });
        let send = async || {
            let request = testkit::http::get("https://shop.test/");
            client.send(stage.address(443), "shop.test", request).await.unwrap().1.resumed
        };
        assert!(!send().await);
        stage.publish(vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])]).await;
        assert!(send().await, "{versions:?}");
    }
}

#[tokio::test]
async fn a_new_route_holds_for_a_connection_that_is_kept_alive() {
    let ca = TestCa::new("root");
    let certificates = vec![default(&ca.leaf(&["shop.test"]))];
    let with = |body| Listener { routes: routes(&[], body), ..https(443, certificates.clone()) };
    let stage = Stage::new(vec![with("before")]).await;

    let stream =
        TlsClient::unchecked().connect(stage.address(443), Some("shop.test")).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut get = async || {
        let request = http::Request::get("/").header("host", "shop.test");
        let response = sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap());
        response.await.unwrap().into_body().collect().await.unwrap().to_bytes()
    };
    assert_eq!(get().await, "before");
    stage.publish(vec![with("after")]).await;
    assert_eq!(get().await, "after");
    connection.abort();
}

#[tokio::test]
async fn equal_content_keeps_its_version_and_its_time() {
    let ca = TestCa::new("root");
    let certificates = vec![default(&ca.leaf(&["shop.test"]))];
    let stage = Stage::new(vec![https(443, certificates.clone())]).await;
    let first = stage.listener(443);
    tokio::time::sleep(Duration::from_millis(2)).await;

    let other_route = Listener { routes: routes(&[], "new"), ..https(443, certificates) };
    stage.publish(vec![other_route]).await;
    let rerouted = stage.listener(443);
    assert_eq!((&rerouted.version, rerouted.last_updated), (&first.version, first.last_updated));

    stage.publish(vec![https(443, vec![default(&ca.leaf(&["shop.test"]))])]).await;
    let renewed = stage.listener(443);
    assert_ne!(renewed.version, first.version);
    assert!(renewed.last_updated > first.last_updated);
}

#[tokio::test]
async fn metrics_follow_the_certificates_that_are_served() {
    let ca = TestCa::new("root");
    let (one, other) = (default(&ca.leaf(&["one.test"])), additional(&ca.leaf(&["other.test"])));
    let line = |binding: &model::Binding| {
        format!("doorward_certificate_not_after_seconds{{certificate=\"{}\"}}", binding.id)
    };
    let stage = Stage::new(vec![https(443, vec![one.clone(), other.clone()])]).await;
    let end = one.certificate.as_ref().unwrap().not_after.as_second();
    assert_eq!(stage.metric(&line(&one)), end as f64);
    assert!(stage.metrics().contains(&line(&other)));

    stage.publish(vec![https(443, vec![one.clone()])]).await;
    assert!(!stage.metrics().contains(&line(&other)), "a certificate that is gone has no series");
    assert_eq!(stage.metric("doorward_publish_seconds_count"), 2.0);
}

#[tokio::test]
async fn a_certificate_that_cannot_sign_leaves_the_former_one_of_its_id() {
    let ca = TestCa::new("root");
    let (good, other) = (default(&ca.leaf(&["shop.test"])), additional(&ca.leaf(&["docs.test"])));
    let stage = Stage::new(vec![https(443, vec![good.clone(), other.clone()])]).await;

    let bad = model::Binding { certificate: Some(unusable(&ca)), ..good.clone() };
    stage.publish(vec![https(443, vec![bad, other.clone()])]).await;
    let served = stage.listener(443);
    assert_eq!(served.rejected.len(), 1);
    assert_eq!(served.rejected[0].id, good.id);
    assert!(served.rejected[0].reason.contains("cannot sign"), "{:?}", served.rejected);
    assert_eq!(served.listener.certificates.bindings[0].certificate, good.certificate);
    let client = TlsClient::unchecked();
    let seen = client.handshake(stage.address(443), Some("shop.test")).await.unwrap();
    assert_eq!(seen.leaf, good.certificate.as_ref().unwrap().leaf);

    stage.publish(vec![https(443, vec![good, other])]).await;
    assert_eq!(stage.listener(443).rejected, []);
}

/// A certificate whose key is no key; `x509` would not let it through.
fn unusable(ca: &TestCa) -> Arc<model::Certificate> {
    let good = Arc::into_inner(certificate(&ca.leaf(&["shop.test"]))).unwrap();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(vec![0x30, 0x00]);
    Arc::new(model::Certificate { key: model::PrivateKey::new(key.into()), ..good })
}
