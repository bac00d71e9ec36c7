//! Several servers on one port, told apart by the name that a client asks for.

use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use model::{
    CertificateId, CertificateList, ClientAuth, ClientDemand, ForwardedHeaders, Listener, Name,
    Server, TlsSettings,
};
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};
use serve::ServedName;
use testkit::{
    backend::Backend,
    http,
    pki::{Issued, KeyKind, LeafOptions, TestCa},
    tls::{ClientOptions, RSA_ONLY, TlsClient, Versions},
};
use tokio::io::AsyncReadExt;

use crate::{
    client_auth::client,
    clients::{hung_up, one_request},
    stage::{self, Stage, additional, https, key, routes_of, routes_to},
};

/// A server of these hosts that answers them, and no other host, with its own name.
pub fn server(name: &str, hosts: &[&str], certificates: Vec<model::Binding>) -> Server {
    let listener = Listener { routes: routes_of(hosts, name), ..https(443, certificates) };
    around(name, hosts, listener)
}

pub fn around(name: &str, hosts: &[&str], listener: Listener) -> Server {
    Server {
        name: name.into(),
        hosts: hosts.iter().map(|host| Name::parse(host).unwrap()).collect(),
        listener: Arc::new(listener),
    }
}

pub fn sharing(servers: Vec<Server>) -> Listener {
    let bindings = servers.iter().flat_map(|one| &one.listener.certificates.bindings).cloned();
    Listener {
        certificates: CertificateList { bindings: bindings.collect() },
        tls: None,
        servers,
        routes: routes_of(&[], "nobody"),
        ..https(443, vec![])
    }
}

/// The same server, asking this of its clients.
pub fn asking(server: Server, wanted: ClientAuth) -> Server {
    let listener = Listener::clone(&server.listener);
    let client_auth = Some(Arc::new(wanted));
    let tls = listener.tls.clone().map(|tls| TlsSettings { client_auth, ..tls });
    Server { listener: Arc::new(Listener { tls, ..listener }), ..server }
}

pub fn roots(ca: &TestCa) -> ClientAuth {
    ClientAuth {
        ids: vec![CertificateId::store("clients")],
        roots: vec![ca.der().clone()],
        ..ClientAuth::default()
    }
}

pub fn list_of(ca: &TestCa, revoked: &[&Issued]) -> CertificateRevocationListDer<'static> {
    CertificateRevocationListDer::from_pem_slice(ca.crl(revoked).as_bytes()).unwrap()
}

/// What the answer is to a client that asks for `name`; `None` when it is not let in.
async fn said(stage: &Stage, client: &TlsClient, name: &str) -> Option<String> {
    let answer = client.get(stage.address(443), name, "/").await.ok()?;
    Some(format!("{} {}", answer.status.as_u16(), answer.text()))
}

#[tokio::test]
async fn the_name_asked_for_decides_which_server_answers() {
    let ca = TestCa::new("root");
    let leaf = || vec![additional(&ca.leaf(&["elsewhere.test"]))];
    let stage = Stage::new(vec![sharing(vec![
        server("wide", &["*.a.test"], leaf()),
        server("exact", &["x.a.test", "b.test"], leaf()),
        server("deep", &["*.y.a.test"], leaf()),
    ])])
    .await;
    let client = TlsClient::unchecked();
    for (name, answer) in [
        ("x.a.test", Some("200 exact")),
        ("b.test", Some("200 exact")),
        ("w.a.test", Some("200 wide")),
        ("v.y.a.test", Some("200 deep")),
        ("a.test", None),
        ("c.test", None),
    ] {
        assert_eq!(said(&stage, &client, name).await.as_deref(), answer, "{name}");
    }
    let refused = client.handshake(stage.address(443), None).await.unwrap_err();
    assert!(refused.to_string().contains("UnrecognisedName"), "{refused}");
    assert_eq!(stage.handshakes("no_certificate"), 3.0);
    let counted: Vec<_> = stage
        .gateway
        .ledger
        .entries(&key(443))
        .into_iter()
        .map(|entry| (entry.name, entry.handshakes, entry.fallbacks, entry.refused))
        .collect();
    let name = |name: &str| ServedName::Name(name.into());
    assert_eq!(
        counted,
        [
            (name("*.a.test"), 1, 0, 0),
            (name("*.y.a.test"), 1, 0, 0),
            (name("b.test"), 1, 0, 0),
            (name("x.a.test"), 1, 0, 0),
            (ServedName::Other, 0, 0, 2),
            (ServedName::None, 0, 0, 1),
        ]
    );
}

#[tokio::test]
async fn a_server_without_hosts_takes_every_other_name_and_none() {
    let ca = TestCa::new("root");
    let leaf = || vec![additional(&ca.leaf(&["elsewhere.test"]))];
    let any = around("any", &[], https(443, leaf()));
    let stage = Stage::new(vec![sharing(vec![any, server("exact", &["a.test"], leaf())])]).await;
    let client = TlsClient::unchecked();
    assert_eq!(said(&stage, &client, "a.test").await.as_deref(), Some("200 exact"));
    assert_eq!(said(&stage, &client, "b.test").await.as_deref(), Some("200 hello"));
    client.handshake(stage.address(443), None).await.unwrap();
}

#[tokio::test]
async fn the_certificates_of_a_server_answer_by_what_the_client_can_take() {
    let ca = TestCa::new("root");
    let ecdsa = ca.leaf(&["elsewhere.test"]);
    let rsa = ca.issue(&["a.test"], LeafOptions::key(KeyKind::Rsa2048));
    let stage = Stage::new(vec![sharing(vec![server(
        "both",
        &["*.test"],
        vec![additional(&rsa), additional(&ecdsa)],
    )])])
    .await;
    let old = TlsClient::new(ClientOptions { signatures: RSA_ONLY.to_vec(), ..Default::default() });
    let shown = async |client: &TlsClient, name| {
        client.handshake(stage.address(443), Some(name)).await.unwrap().leaf
    };
    assert_eq!(shown(&TlsClient::unchecked(), "b.test").await, ecdsa.der());
    assert_eq!(shown(&old, "b.test").await, rsa.der());
    assert_eq!(shown(&TlsClient::unchecked(), "a.test").await, rsa.der(), "it carries the name");
}

#[tokio::test]
async fn one_server_is_swapped_under_handshakes_and_connections_of_all() {
    let ca = TestCa::new("root");
    let one = |body: &str, leaf: &Issued| Server {
        listener: Arc::new(Listener {
            routes: routes_of(&["one.test"], body),
            ..https(443, vec![additional(leaf)])
        }),
        ..server("one", &["one.test"], vec![])
    };
    let other = server("other", &["other.test"], vec![additional(&ca.leaf(&["other.test"]))]);
    let first = ca.leaf(&["one.test"]);
    let stage = Stage::new(vec![sharing(vec![one("first", &first), other.clone()])]).await;
    let address = stage.address(443);

    let mut kept = TlsClient::unchecked().connect(address, Some("one.test")).await.unwrap();
    assert_eq!(ask(&mut kept, "one.test").await, "200 first");
    let flood = async |name: &'static str| {
        for _ in 0..40 {
            TlsClient::trusting(&ca).get(address, name, "/").await.unwrap();
        }
    };
    let swap = async {
        for turn in 0..20 {
            let renewed = ca.leaf(&["one.test"]);
            let body = format!("turn {turn}");
            stage.publish(vec![sharing(vec![one(&body, &renewed), other.clone()])]).await;
        }
    };
    tokio::join!(flood("one.test"), flood("other.test"), swap);
    assert_eq!(ask(&mut kept, "one.test").await, "200 turn 19", "routes change under it");
    assert_eq!(stage.handshakes("ok"), 81.0);
}

/// One request that keeps the connection; its status and body.
async fn ask(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    host: &str,
) -> String {
    use tokio::io::AsyncWriteExt;
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    format!("{} {}", &head[9..12], String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn only_connections_of_a_server_that_changed_its_terms_or_went_away_are_ended() {
    let (ca, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let leaf = ca.leaf(&["shop.test"]);
    let named =
        |name: &str| around(name, &[&format!("{name}.test")], https(443, vec![additional(&leaf)]));
    let all = [named("strict"), named("gone"), named("same")];
    let stage = Stage::new(vec![sharing(all.to_vec())]).await;
    let open = async |name| {
        let mut stream =
            TlsClient::unchecked().connect(stage.address(443), Some(name)).await.unwrap();
        one_request(&mut stream).await;
        stream
    };
    let (mut strict, mut gone, mut same) =
        (open("strict.test").await, open("gone.test").await, open("same.test").await);
    let [was_open, _, unchanged] = all;
    stage.publish(vec![sharing(vec![asking(was_open, roots(&clients)), unchanged])]).await;
    hung_up(&mut strict).await;
    hung_up(&mut gone).await;
    let answer = one_request(&mut same).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && !answer.contains("connection: close"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_certificate_may_be_asked_for_and_not_demanded() {
    let (ca, clients, strangers) =
        (TestCa::new("root"), TestCa::new("clients"), TestCa::new("strangers"));
    let known = clients.issue(&["alice"], LeafOptions::client());
    let revoked = clients.issue(&["eve"], LeafOptions::client());
    let stranger = strangers.issue(&["mallory"], LeafOptions::client());
    let wanted = ClientAuth {
        demand: ClientDemand::Optional,
        crls: vec![list_of(&clients, &[&revoked])],
        ..roots(&clients)
    };
    let leaf = vec![additional(&ca.leaf(&["a.test"]))];
    let echoing = around("a", &["a.test"], stage::echoing(https(443, leaf)));
    let stage = Stage::new(vec![sharing(vec![asking(echoing, wanted)])]).await;
    let get = async |identity, versions| {
        client(identity, versions).get(stage.address(443), "a.test", "/").await.map(|a| a.text())
    };
    for versions in [Versions::Tls12, Versions::Tls13] {
        assert!(get(Some(&known), versions).await.unwrap().contains("CN=alice"), "{versions:?}");
        assert!(!get(None, versions).await.unwrap().contains("clientCertificate"));
        assert!(get(Some(&stranger), versions).await.is_err(), "{versions:?}");
        assert!(get(Some(&revoked), versions).await.is_err(), "{versions:?}");
    }
    assert_eq!(stage.handshakes("bad_client_certificate"), 4.0);
}

#[tokio::test]
async fn a_session_does_not_get_past_new_terms_of_its_server() {
    let (ca, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let identity = clients.issue(&["alice"], LeafOptions::client());
    let one = |wanted| {
        let leaf = vec![additional(&ca.leaf(&["a.test"]))];
        sharing(vec![asking(around("a", &["a.test"], https(443, leaf)), wanted)])
    };
    for versions in [Versions::Tls12, Versions::Tls13] {
        let stage = Stage::new(vec![one(roots(&clients))]).await;
        let client = client(Some(&identity), versions);
        let resumes = async || {
            let request = http::get("https://a.test/");
            let sent = client.send(stage.address(443), "a.test", request).await;
            sent.map(|(_, facts)| facts.resumed)
        };
        assert!(!resumes().await.unwrap());
        assert!(resumes().await.unwrap());
        stage.publish(vec![one(roots(&clients))]).await;
        assert!(resumes().await.unwrap(), "{versions:?}: a new certificate changes no terms");

        let revoking = ClientAuth { crls: vec![list_of(&clients, &[])], ..roots(&clients) };
        stage.publish(vec![one(revoking)]).await;
        assert!(!resumes().await.unwrap(), "{versions:?}: it is looked at again");
        let revoking =
            ClientAuth { crls: vec![list_of(&clients, &[&identity])], ..roots(&clients) };
        stage.publish(vec![one(revoking)]).await;
        assert!(resumes().await.is_err(), "{versions:?}: it got past its revocation");
    }
}

#[tokio::test]
async fn a_server_with_settings_that_cannot_be_used_lets_nobody_in_and_harms_no_other() {
    let (ca, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let leaf = || vec![additional(&ca.leaf(&["shop.test"]))];
    let (bad, good) =
        (server("bad", &["bad.test"], leaf()), server("good", &["good.test"], leaf()));
    let stage = Stage::new(vec![sharing(vec![bad.clone(), good.clone()])]).await;
    let client = TlsClient::unchecked();
    assert_eq!(said(&stage, &client, "bad.test").await.as_deref(), Some("200 bad"));

    let unreadable = ClientAuth { crls: vec![b"none".to_vec().into()], ..roots(&clients) };
    stage.publish(vec![sharing(vec![asking(bad.clone(), unreadable), good.clone()])]).await;
    assert_eq!(said(&stage, &client, "bad.test").await, None);
    assert_eq!(said(&stage, &client, "good.test").await.as_deref(), Some("200 good"));
    let error = stage.listener(443).error.expect("it is told");
    assert!(error.contains("server bad: certificate revocation list 1"), "{error}");
    assert_eq!(stage.handshakes("misconfigured"), 1.0);

    stage.publish(vec![sharing(vec![bad, good])]).await;
    assert_eq!(stage.listener(443).error, None);
    assert_eq!(said(&stage, &client, "bad.test").await.as_deref(), Some("200 bad"));
}

#[tokio::test]
async fn a_request_for_a_host_of_another_server_is_sent_there() {
    let ca = TestCa::new("root");
    let leaf = || vec![additional(&ca.leaf(&["a.test", "b.test", "c.test"]))];
    let two = vec![server("a", &["a.test"], leaf()), server("b", &["b.test"], leaf())];
    let stage = Stage::new(vec![sharing(two)]).await;
    let mut kept =
        TlsClient::trusting(&ca).connect(stage.address(443), Some("a.test")).await.unwrap();
    assert_eq!(ask(&mut kept, "a.test").await, "200 a");
    assert!(ask(&mut kept, "b.test").await.starts_with("421"), "b.test is served by the other");
    assert!(ask(&mut kept, "c.test").await.starts_with("404"), "nobody serves c.test");
    assert_eq!(ask(&mut kept, "a.test").await, "200 a");
}

/// As a browser does that shares a connection between the hosts of a certificate.
#[tokio::test]
async fn a_shared_http2_connection_learns_which_hosts_need_one_of_their_own() {
    let (ca, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let leaf = ca.leaf(&["a.test", "b.test", "strict.test", "c.test"]);
    let one = |name: &str| server(name, &[&format!("{name}.test")], vec![additional(&leaf)]);
    let strict = asking(one("strict"), roots(&clients));
    let stage = Stage::new(vec![sharing(vec![one("a"), one("b"), strict])]).await;
    let options = ClientOptions {
        roots: vec![ca.der().clone()],
        alpn: vec!["h2"],
        ..ClientOptions::default()
    };
    let client = TlsClient::new(options);
    let stream = client.connect(stage.address(443), Some("a.test")).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http2::handshake::<_, _, String>(
        TokioExecutor::new(),
        TokioIo::new(stream),
    )
    .await
    .unwrap();
    let connection = tokio::spawn(connection);
    let mut status = async |host: &str| {
        let request = ::http::Request::get(format!("https://{host}/")).body(String::new()).unwrap();
        sender.send_request(request).await.unwrap().status().as_u16()
    };
    assert_eq!(status("a.test").await, 200);
    assert_eq!(status("b.test").await, 421);
    assert_eq!(status("strict.test").await, 421, "nor is it a way around client certificates");
    assert_eq!(status("c.test").await, 404);
    assert_eq!(status("a.test").await, 200, "the connection stays good for its own host");
    connection.abort();

    let fresh = client.get(stage.address(443), "b.test", "/").await.unwrap();
    assert_eq!(fresh.text(), "b");
}

#[tokio::test]
async fn a_client_whose_certificate_is_not_good_may_be_let_in_and_told_of() {
    let (ca, clients, strangers) =
        (TestCa::new("root"), TestCa::new("clients"), TestCa::new("strangers"));
    let backend = Backend::echo("backend").await;
    let verify = ::http::HeaderName::from_static("x-client-verify");
    let forwarded = ForwardedHeaders { client_verify: Some(verify), ..Default::default() };
    let listener = Listener {
        routes: routes_to(backend.address),
        forwarded: Arc::new(forwarded),
        ..https(443, vec![additional(&ca.leaf(&["a.test"]))])
    };
    let wanted = ClientAuth { demand: ClientDemand::Optional, is_lenient: true, ..roots(&clients) };
    let stage = Stage::new(vec![sharing(vec![asking(around("a", &[], listener), wanted)])]).await;
    let known = clients.issue(&["alice"], LeafOptions::client());
    let stranger = strangers.issue(&["mallory"], LeafOptions::client());
    for versions in [Versions::Tls12, Versions::Tls13] {
        for (identity, told) in
            [(Some(&known), "SUCCESS"), (Some(&stranger), "FAILED"), (None, "NONE")]
        {
            let client = client(identity, versions);
            // The second time the session is resumed, and is judged as before.
            for _ in 0..2 {
                let answer = client.get(stage.address(443), "a.test", "/").await.unwrap();
                assert_eq!(answer.json()["headers"]["x-client-verify"][0], told, "{versions:?}");
            }
        }
    }
}
