//! CAs that look whether names are ours, and everybody else meanwhile.

use http::{Method, StatusCode};
use model::{Challenges, Credentials};
use testkit::{
    http::{get, get_plain, request, send},
    pki::{Issued, TestCa},
    tls::{ClientOptions, TlsClient},
};

use crate::stage::{Stage, default, http, https, routes};

const PATH: &str = "/.well-known/acme-challenge/token-1";

fn open(entries: &[(&str, serde_json::Value)]) -> Challenges {
    let entries = entries
        .iter()
        .map(|(token, entry)| ((*token).into(), entry.to_string().into_bytes().into()));
    Challenges::read(&Credentials(entries.collect()))
}

fn over_http(host: &str) -> Challenges {
    let entry = serde_json::json!({"http01": {"host": host, "keyAuthorization": "token-1.thumb"}});
    open(&[("token-1", entry)])
}

fn over_tls(host: &str, pair: &Issued) -> Challenges {
    let entry = serde_json::json!({
        "tlsAlpn01": {"host": host, "certificate": pair.cert_pem, "key": pair.key_pem}
    });
    open(&[("token-1", entry)])
}

#[tokio::test]
async fn an_open_token_is_answered_before_any_route() {
    let mut listener = http(80);
    listener.routes = routes(&[], "from a route");
    let stage = Stage::new(vec![listener]).await;
    let address = stage.address(80);
    assert_eq!(get_plain(address, "a.test", PATH).await.unwrap().text(), "from a route");

    stage.challenge(over_http("a.test")).await;
    let answer = get_plain(address, "A.test", PATH).await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, "token-1.thumb"));
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let other_host = get_plain(address, "b.test", PATH).await.unwrap();
    assert_eq!(other_host.text(), "from a route");
    let other_token = format!("{PATH}2");
    assert_eq!(get_plain(address, "a.test", &other_token).await.unwrap().text(), "from a route");
    let post = request(Method::POST, &format!("http://a.test{PATH}"), "");
    assert_eq!(send(address, post).await.unwrap().text(), "from a route");

    stage.challenge(Challenges::default()).await;
    assert_eq!(get_plain(address, "a.test", PATH).await.unwrap().text(), "from a route");
}

#[tokio::test]
async fn a_token_is_no_answer_over_tls() {
    let pair = TestCa::new("ca").leaf(&["a.test"]);
    let mut listener = https(443, vec![default(&pair)]);
    listener.routes = routes(&[], "from a route");
    let stage = Stage::new(vec![listener]).await;
    stage.challenge(over_http("a.test")).await;
    let client = TlsClient::unchecked();
    let request = get(&format!("https://a.test{PATH}"));
    let (answer, _) = client.send(stage.address(443), "a.test", request).await.unwrap();
    assert_eq!(answer.text(), "from a route");
}

#[tokio::test]
async fn a_handshake_for_a_proof_is_shown_its_certificate_and_nobody_else_is() {
    let ca = TestCa::new("ca");
    let (pair, proof) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let stage = Stage::new(vec![https(443, vec![default(&pair)])]).await;
    let address = stage.address(443);
    let alpn = vec!["acme-tls/1"];
    let looking = TlsClient::new(ClientOptions { alpn, ..ClientOptions::default() });
    assert!(looking.handshake(address, Some("a.test")).await.is_err(), "nothing is open");

    stage.challenge(over_tls("a.test", &proof)).await;
    let seen = looking.handshake(address, Some("a.test")).await.unwrap();
    assert_eq!(seen.leaf, proof.chain_der()[0]);
    assert_eq!(seen.alpn.as_deref(), Some("acme-tls/1"));
    assert!(looking.handshake(address, Some("b.test")).await.is_err(), "it is for a.test alone");
    let client = TlsClient::unchecked();
    let others = client.handshake(address, Some("a.test")).await.unwrap();
    assert_eq!(others.leaf, pair.chain_der()[0]);
    testkit::wait_until(testkit::LIMIT, || async { stage.handshakes("challenge") == 1.0 }).await;
}

#[tokio::test]
async fn nothing_is_said_after_a_proof() {
    let proof = TestCa::new("ca").leaf(&["a.test"]);
    let stage = Stage::new(vec![https(443, Vec::new())]).await;
    stage.challenge(over_tls("a.test", &proof)).await;
    let alpn = vec!["acme-tls/1"];
    let looking = TlsClient::new(ClientOptions { alpn, ..ClientOptions::default() });
    let stream = looking.connect(stage.address(443), Some("a.test")).await.unwrap();
    assert!(testkit::http::exchange(stream, get("https://a.test/")).await.is_err());
}
