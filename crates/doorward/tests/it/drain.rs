//! How a run ends.

use std::time::Duration;

use testkit::{LIMIT, backend::Backend, http, tls::TlsClient, wait_for};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    manifests::{CLASS, OWN_CA, fixed},
    setup,
};

fn forwarded(address: std::net::SocketAddr) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{namespace: a, name: a}}
spec:
  ingressClassName: web
  rules:
  - host: a.test
    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: a, port: {{number: 80}}}}}}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{namespace: a, name: a}}
spec: {{ports: [{{port: 80, targetPort: {port}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{namespace: a, name: a-1, labels: {{kubernetes.io/service-name: a}}}}
addressType: IPv4
ports: [{{port: {port}}}]
endpoints: [{{addresses: [\"{ip}\"]}}]
",
        ip = address.ip(),
        port = address.port(),
    )
}

#[tokio::test]
async fn sigterm_lets_an_open_request_finish_and_takes_no_new_ones() {
    let backend = Backend::echo("a").await;
    let mut app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &forwarded(backend.address))
        .start()
        .await;
    let address = app.address("web", 80).await;
    wait_for(LIMIT, || async {
        let answer = http::get_plain(address, "a.test", "/").await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;

    // A request whose body is half sent: the backend answers as it comes.
    let mut open = tokio::net::TcpStream::connect(address).await.unwrap();
    open.write_all(b"POST /stream HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nfirst")
        .await
        .unwrap();
    let mut head = [0; 1024];
    let read = open.read(&mut head).await.unwrap();
    assert!(
        String::from_utf8_lossy(&head[..read]).starts_with("HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&head[..read])
    );

    app.terminate();
    app.logged("asked to stop").await;
    wait_for(LIMIT, || async { http::get_plain(address, "a.test", "/").await.err().map(drop) })
        .await;
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.text());

    open.write_all(b"later").await.unwrap();
    let mut rest = String::new();
    open.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("later"), "{rest:?}");
    assert!(app.ended(LIMIT).await.success());
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let mut app = setup()
        .config(OWN_CA)
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &fixed("a", "a", "a.test", "{hosts: [a.test]}", "a"))
        .start()
        .await;
    let address = app.address("web", 443).await;
    let mut stream = wait_for(LIMIT, || async {
        TlsClient::unchecked().connect(address, Some("a.test")).await.ok()
    })
    .await;
    // An unfinished request keeps the drain waiting for its limit of 25 seconds.
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n").await.unwrap();
    stream.flush().await.unwrap();
    app.terminate();
    app.logged("asked to stop").await;
    app.terminate();
    assert!(app.ended(Duration::from_secs(10)).await.success());
}
