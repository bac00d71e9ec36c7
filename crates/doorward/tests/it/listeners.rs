//! Listeners that come, go, and cannot be bound.

use testkit::{LIMIT, http, wait_for};

use crate::{manifests::CLASS, setup};

const PLAIN: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  namespace: a
  name: a
  annotations:
    alb.ingress.kubernetes.io/actions.answer: '[{\"type\": \"FixedResponse\", \"FixedResponseConfig\": {\"contentType\": \"text/plain\", \"httpCode\": \"200\", \"content\": \"plain\"}}]'
spec:
  ingressClassName: web
  rules:
  - host: a.test
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: answer, port: {name: use-annotation}}}}]}
";

#[tokio::test]
async fn a_port_that_is_taken_is_told_of_and_bound_when_it_is_free() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let app = setup()
        .ports(&[443])
        .arguments(&["--port-map", &format!("80={}", address.port())])
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", PLAIN)
        .start()
        .await;
    let problem = wait_for(LIMIT, || async {
        let listeners = app.listeners().await;
        let plain = listeners.iter().find(|listener| listener["port"] == 80)?;
        plain["problems"]
            .as_array()?
            .iter()
            .find(|problem| problem["reason"] == "NotServed")
            .cloned()
    })
    .await;
    assert!(problem["message"].as_str().unwrap().contains(&address.to_string()), "{problem:#}");
    let ready = app.get("/readyz?verbose").await;
    assert_eq!(ready.status, 200, "the others are served");
    assert!(ready.text().contains("[!] listener web:80"), "{}", ready.text());

    drop(taken);
    wait_for(LIMIT, || async {
        let answer = http::get_plain(address, "a.test", "/").await.ok()?;
        (answer.text() == "plain").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_listener_is_added_while_running() {
    let app = setup().start().await;
    assert!(app.listeners().await.is_empty());
    app.write("class.yaml", CLASS);
    app.write("a.yaml", PLAIN);
    let address = app.address("web", 80).await;
    wait_for(LIMIT, || async {
        let answer = http::get_plain(address, "a.test", "/").await.ok()?;
        (answer.text() == "plain").then_some(())
    })
    .await;
    app.remove("class.yaml");
    wait_for(LIMIT, || async { http::get_plain(address, "a.test", "/").await.err() }).await;
}
