//! The admin API as programs see it.

use http::Method;
use serde_json::json;
use testkit::{
    LIMIT, http as client,
    manifest::{store_secret, tls_secret},
    pki::{LeafOptions, TestCa},
    wait_for,
};

use crate::{
    certificates::shown,
    manifests::{CLASS, edge_lb, fixed, ingress},
    setup,
};

fn upload(admin: std::net::SocketAddr, body: &serde_json::Value) -> client::Request {
    client::request(Method::POST, &format!("http://{admin}/api/v1/certificates"), body.to_string())
}

#[tokio::test]
async fn a_listener_is_shown_as_the_contract_says() {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test", "www.shop.test"]);
    let app = setup()
        .manifest("edge-lb.yaml", &edge_lb("certificates: [{CertificateId: 756-cn-hangzhou}]"))
        .manifest("store.yaml", &store_secret("doorward-system", "756-cn-hangzhou", &pair))
        .manifest(
            "shop.yaml",
            &ingress("alb", "shop", "web", "shop.test", "{hosts: [shop.test]}", "shop"),
        )
        .start()
        .await;
    let address = app.address("edge-lb", 443).await;
    shown(address, "shop.test", &pair).await;

    let listeners = app.listeners().await;
    let https = listeners.iter().find(|listener| listener["port"] == 443).unwrap();
    let fingerprint = https["certificates"][0]["fingerprint"].as_str().unwrap();
    assert!(fingerprint.starts_with("sha256:") && fingerprint.len() == 7 + 64, "{fingerprint}");
    let not_after = https["certificates"][0]["notAfter"].as_str().unwrap();
    assert!(not_after.ends_with('Z'), "{not_after}");
    assert_eq!(
        *https,
        json!({
            "loadBalancer": "edge-lb", "port": 443, "protocol": "HTTPS", "address": address.to_string(),
            "dialect": "alb", "problems": [],
            "certificates": [{
                "id": "756-cn-hangzhou", "default": true, "source": "AlbConfig",
                "names": ["shop.test", "www.shop.test"], "fingerprint": fingerprint,
                "notAfter": not_after, "status": "Associated"
            }],
        })
    );

    let balancer = app.get("/api/v1/loadbalancers/edge-lb").await.json();
    assert_eq!(balancer["readOnly"], true);
    assert_eq!(balancer["declaredBy"], "AlbConfig edge-lb");

    // In full: what each host is answered with, and how often it was.
    wait_for(LIMIT, || async {
        let full = app.get("/api/v1/listeners/edge-lb:443").await.json();
        let shop = &full["served"][0];
        assert_eq!((&shop["name"], &shop["found"]), (&json!("shop.test"), &json!("Exact")));
        (shop["counts"]["handshakes"].as_u64()? >= 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_answered_in_json() {
    let app = setup().manifest("class.yaml", CLASS).start().await;
    let base = format!("http://{}", app.admin());
    for (method, path, body, status, reason) in [
        (Method::GET, "/nowhere", "", 404, "NotFound"),
        (Method::GET, "/api/v1/listeners/none:443", "", 404, "NotFound"),
        (Method::GET, "/api/v1/listeners/none", "", 400, "Invalid"),
        (Method::GET, "/api/v1/certificates/none", "", 404, "NotFound"),
        (Method::GET, "/api/v1/loadbalancers/none", "", 404, "NotFound"),
        (Method::DELETE, "/api/v1/certificates/none", "", 404, "NotFound"),
        (Method::POST, "/metrics", "", 405, "MethodNotAllowed"),
        (Method::DELETE, "/api/v1/listeners", "", 405, "MethodNotAllowed"),
        (Method::POST, "/api/v1/certificates", "{", 400, "Invalid"),
        (Method::POST, "/api/v1/certificates", "{\"certificate\": 1}", 400, "Invalid"),
        (Method::PUT, "/api/v1/listeners/none:443/default", "{\"id\": \"a\"}", 404, "NotFound"),
    ] {
        let answer = app.ask(client::request(method.clone(), &format!("{base}{path}"), body)).await;
        let line = format!("{method} {path}: {}", answer.text());
        assert_eq!(answer.status, status, "{line}");
        assert_eq!(answer.json()["error"]["reason"], reason, "{line}");
        assert!(!answer.json()["error"]["message"].as_str().unwrap().is_empty());
    }
    let huge =
        client::request(Method::POST, &format!("{base}/api/v1/certificates"), vec![b' '; 4 << 20]);
    assert_eq!(app.ask(huge).await.status, 413);
}

#[tokio::test]
async fn an_upload_that_cannot_be_served_is_refused_and_its_key_stays_secret() {
    let ca = TestCa::new("root");
    let (good, other) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let expired = ca.issue(&["a.test"], LeafOptions::expired());
    let app = setup().manifest("class.yaml", CLASS).start().await;
    for (crt, key, says) in [
        (&*good.chain_pem, &*other.key_pem, "the private key"),
        ("garbage", &good.key_pem, "the certificate"),
        (&good.chain_pem, "garbage", "the private key"),
        (&expired.chain_pem, &expired.key_pem, "expired"),
    ] {
        let answer =
            app.ask(upload(app.admin(), &json!({"certificate": crt, "privateKey": key}))).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    }
    let bad_id = json!({"id": "../x", "certificate": good.chain_pem, "privateKey": good.key_pem});
    assert_eq!(app.ask(upload(app.admin(), &bad_id)).await.status, 400);

    let answer = app
        .ask(upload(
            app.admin(),
            &json!({"certificate": good.chain_pem, "privateKey": good.key_pem}),
        ))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let (id, fingerprint) = (answer.json()["id"].clone(), answer.json()["fingerprint"].clone());
    assert_eq!(id.as_str().unwrap(), &fingerprint.as_str().unwrap()["sha256:".len()..][..8]);
    let base64_of_key = good.key_pem.lines().nth(1).unwrap();
    for path in [
        "/api/v1/certificates",
        &format!("/api/v1/certificates/{}", id.as_str().unwrap()),
        "/config_dump",
    ] {
        assert!(!app.get(path).await.text().contains(base64_of_key), "{path}");
    }
}

#[tokio::test]
async fn a_certificate_in_use_or_of_the_manifests_is_not_deleted() {
    let ca = TestCa::new("root");
    let (pair, spare) = (ca.leaf(&["shop.test"]), ca.leaf(&["spare.test"]));
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("shop.yaml", &fixed("shop", "web", "shop.test", "{hosts: [shop.test]}", "shop"))
        .manifest("spare.yaml", &store_secret("doorward-system", "spare", &spare))
        .start()
        .await;
    let body = json!({"id": "shop-1", "certificate": pair.chain_pem, "privateKey": pair.key_pem});
    assert_eq!(app.ask(upload(app.admin(), &body)).await.status, 201);
    shown(app.address("web", 443).await, "shop.test", &pair).await;

    let delete = |id: &str| {
        client::request(
            Method::DELETE,
            &format!("http://{}/api/v1/certificates/{id}", app.admin()),
            "",
        )
    };
    let refused = app.ask(delete("shop-1")).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("web:443"), "{}", refused.text());

    for request in [
        delete("spare"),
        upload(
            app.admin(),
            &json!({"id": "spare", "certificate": pair.chain_pem, "privateKey": pair.key_pem}),
        ),
    ] {
        let refused = app.ask(request).await;
        assert_eq!(refused.status, 409);
        assert!(refused.text().contains("spare.yaml:1"), "it names the file: {}", refused.text());
    }

    // The Ingress brings a Secret of its own: nothing wants the certificate of the store any more.
    let tls = "{hosts: [shop.test], secretName: tls}";
    app.write("tls.yaml", &tls_secret("shop", "tls", &ca.leaf(&["shop.test"])));
    app.write("shop.yaml", &fixed("shop", "web", "shop.test", tls, "shop"));
    wait_for(LIMIT, || async { (app.ask(delete("shop-1")).await.status == 204).then_some(()) })
        .await;
    assert_eq!(app.get("/api/v1/certificates/shop-1").await.status, 404);
}

#[tokio::test]
async fn a_token_guards_reading_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "0123456789abcdef\n").unwrap();
    let app = setup()
        .manifest("class.yaml", CLASS)
        .arguments(&["--admin-token-file", file.to_str().unwrap()])
        .start()
        .await;
    assert_eq!(app.get("/api/v1/listeners").await.status, 401);
    assert_eq!(app.get("/metrics").await.status, 401);
    let mut request = client::get(&format!("http://{}/api/v1/listeners", app.admin()));
    request.headers_mut().insert("authorization", "Bearer 0123456789abcdef".parse().unwrap());
    assert_eq!(app.ask(request).await.status, 200);

    let without = app.command(&["get", "listeners"]);
    assert!(String::from_utf8_lossy(&without.stderr).contains("--admin-token-file"));
    let with = app.command(&["get", "listeners", "--admin-token-file", file.to_str().unwrap()]);
    assert!(with.status.success());
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let ca = TestCa::new("root");
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest(
            "shop.yaml",
            &fixed("shop", "web", "shop.test", "{hosts: [shop.test], secretName: tls}", "shop"),
        )
        .manifest("tls.yaml", &tls_secret("shop", "tls", &ca.leaf(&["shop.test"])))
        .start()
        .await;
    assert_eq!(app.metric("doorward_listeners").await, 2.0);
    assert_eq!(app.metric("doorward_verdicts{state=\"rejected\"}").await, 0.0);
    let before = app.metric("doorward_reconciles_total").await;
    assert!(before >= 1.0);
    app.write("bad.yaml", "kind: [");
    wait_for(LIMIT, || async {
        (app.metric("doorward_verdicts{state=\"rejected\"}").await == 1.0).then_some(())
    })
    .await;
    assert!(app.metric("doorward_reconciles_total").await > before);
    let text = app.get("/metrics").await.text();
    assert!(text.trim_end().ends_with("# EOF"), "OpenMetrics ends so");
    assert!(text.contains("doorward_reconcile_duration_seconds_bucket"));
}
