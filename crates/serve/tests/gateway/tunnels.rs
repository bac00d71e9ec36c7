//! Connections that are passed on as bytes: in clear, with their TLS ended here, and unopened.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use model::{ForwardTarget, Listener, Protocol, Server};
use testkit::{
    LIMIT,
    backend::{Backend, refused},
    http,
    pki::TestCa,
    tls::{ClientOptions, TlsClient},
    wait_until,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::{
    clients::hung_up,
    servers::{around, asking, roots, server, sharing},
    stage::{self, Stage, additional, https, target, tunnel_to},
};

/// A plain port whose connections go to these.
fn tcp(targets: Vec<ForwardTarget>) -> Listener {
    Listener { protocol: Protocol::Tcp, tunnel: tunnel_to(targets), ..stage::http(443) }
}

/// A server whose clients shake hands with the endpoint.
fn passing(name: &str, hosts: &[&str], endpoint: SocketAddr) -> Server {
    let tunnel = tunnel_to(vec![target(&[endpoint], 1)]);
    let unopened = Listener { protocol: Protocol::Tls, tls: None, tunnel, ..https(443, vec![]) };
    around(name, hosts, unopened)
}

/// One that ends TLS and passes on what is inside.
fn ending(name: &str, hosts: &[&str], endpoint: SocketAddr, ca: &TestCa) -> Server {
    let tunnel = tunnel_to(vec![target(&[endpoint], 1)]);
    let leaf = vec![additional(&ca.leaf(&["elsewhere.test"]))];
    around(name, hosts, Listener { protocol: Protocol::Tls, tunnel, ..https(443, leaf) })
}

async fn connect(stage: &Stage) -> TcpStream {
    TcpStream::connect(stage.address(443)).await.unwrap()
}

/// Who greets at the other end; empty when it hangs up.
async fn greeting(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut line = String::new();
    let reading = async { BufReader::with_capacity(1, stream).read_line(&mut line).await };
    // A reset is an end, too.
    let _ = timeout(LIMIT, reading).await.expect("it greets in time");
    line.trim().to_owned()
}

async fn echoed(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    bytes: &[u8],
) -> io::Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    let mut back = vec![0; bytes.len()];
    timeout(LIMIT, stream.read_exact(&mut back)).await??;
    Ok(back)
}

async fn until_ended(stage: &Stage, result: &str, times: f64) {
    let line = format!("doorward_tunnels_total{{result=\"{result}\"}}");
    wait_until(LIMIT, || async { stage.metric(&line) == times }).await;
}

#[tokio::test]
async fn bytes_pass_both_ways_and_either_side_may_stop_first() {
    let parrot = Backend::parrot("parrot").await;
    let stage = Stage::new(vec![tcp(vec![target(&[parrot.address], 1)])]).await;
    let mut stream = connect(&stage).await;
    assert_eq!(greeting(&mut stream).await, "parrot", "the endpoint may speak first");
    let long: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    let (mut reading, mut writing) = stream.split();
    let mut back = Vec::new();
    let talk = async {
        tokio::join!(
            async {
                writing.write_all(&long).await.unwrap();
                writing.shutdown().await.unwrap();
            },
            reading.read_to_end(&mut back),
        )
    };
    timeout(LIMIT, talk).await.unwrap().1.unwrap();
    assert_eq!(back.len(), long.len() + 3);
    assert!(back.starts_with(&long), "what was on its way when the client stopped still comes");
    assert!(back.ends_with(b"bye"), "and what the endpoint says to that");
    until_ended(&stage, "done", 1.0).await;
}

#[tokio::test]
async fn an_endpoint_that_hangs_up_is_heard_of_at_once() {
    let garrulous = Backend::answering(b"so long").await;
    let stage = Stage::new(vec![tcp(vec![target(&[garrulous.address], 1)])]).await;
    let mut stream = connect(&stage).await;
    stream.write_all(b"hello\r\n\r\n").await.unwrap();
    assert_eq!(hung_up(&mut stream).await, b"so long");
}

#[tokio::test]
async fn tls_ends_here_and_what_is_inside_is_passed_on() {
    let (ca, clients) = (TestCa::new("root"), TestCa::new("clients"));
    let parrot = Backend::parrot("parrot").await;
    let open = ending("db", &["db.test"], parrot.address, &ca);
    let strict = asking(ending("strict", &["strict.test"], parrot.address, &ca), roots(&clients));
    let stage = Stage::new(vec![sharing(vec![open, strict])]).await;
    // What they speak is no business of the gateway's.
    let client = TlsClient::new(ClientOptions { alpn: vec!["postgresql"], ..Default::default() });
    let mut stream = client.connect(stage.address(443), Some("db.test")).await.unwrap();
    assert_eq!(greeting(&mut stream).await, "parrot");
    assert_eq!(echoed(&mut stream, b"select 1").await.unwrap(), b"select 1");
    stream.shutdown().await.unwrap();
    assert_eq!(hung_up(&mut stream).await, b"bye", "half-closed under TLS, too");

    let refused = client.connect(stage.address(443), Some("strict.test")).await;
    let greeted = match refused {
        Ok(mut stream) => greeting(&mut stream).await,
        Err(_) => String::new(),
    };
    assert_eq!(greeted, "", "a tunnel is no way around client certificates");
    assert_eq!(parrot.connections(), 1);
}

#[tokio::test]
async fn unopened_tls_shows_the_endpoints_own_certificate() {
    let (ca, inside) = (TestCa::new("root"), TestCa::new("inside"));
    let leaf = inside.leaf(&["x.y.pass.test"]);
    let endpoint = Backend::echo_tls("inside", &leaf).await;
    let stage = Stage::new(vec![sharing(vec![
        passing("pass", &["*.pass.test"], endpoint.address),
        server("own", &["own.test"], vec![additional(&ca.leaf(&["own.test"]))]),
    ])])
    .await;
    for alpn in [vec!["h2"], vec!["http/1.1"], vec![]] {
        let client = TlsClient::new(ClientOptions {
            roots: vec![inside.der().clone()],
            alpn: alpn.clone(),
            ..ClientOptions::default()
        });
        let request = http::get("https://x.y.pass.test/");
        let sent = client.send(stage.address(443), "x.y.pass.test", request).await;
        let (answer, facts) = sent.unwrap();
        assert_eq!(answer.header("x-backend"), "inside", "{alpn:?}");
        assert_eq!(facts.leaf, leaf.der());
    }
    let own = TlsClient::trusting(&ca).get(stage.address(443), "own.test", "/").await.unwrap();
    assert_eq!(own.text(), "own");
    assert_eq!((stage.handshakes("passed_on"), stage.handshakes("ok")), (3.0, 1.0));
}

/// A hello that comes in pieces is passed on whole.
#[tokio::test]
async fn a_hello_in_many_pieces_is_passed_on_whole() {
    let inside = TestCa::new("inside");
    let endpoint = Backend::echo_tls("inside", &inside.leaf(&["pass.test"])).await;
    let stage =
        Stage::new(vec![sharing(vec![passing("p", &["pass.test"], endpoint.address)])]).await;
    let slow = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through = slow.local_addr().unwrap();
    let gateway = stage.address(443);
    let trickle = tokio::spawn(async move {
        let (mut client, _) = slow.accept().await.unwrap();
        let mut gateway = TcpStream::connect(gateway).await.unwrap();
        gateway.set_nodelay(true).unwrap();
        let mut hello = vec![0; 4096];
        let length = client.read(&mut hello).await.unwrap();
        for piece in hello[..length].chunks(100) {
            gateway.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let _ = tokio::io::copy_bidirectional(&mut client, &mut gateway).await;
    });
    let answer = TlsClient::trusting(&inside).get(through, "pass.test", "/").await.unwrap();
    assert_eq!(answer.header("x-backend"), "inside");
    trickle.abort();
}

#[tokio::test]
async fn the_next_endpoint_is_tried_and_without_any_the_connection_is_closed() {
    let parrot = Backend::parrot("parrot").await;
    let dead = refused().await;
    let stage = Stage::new(vec![tcp(vec![target(&[dead, parrot.address], 1)])]).await;
    for _ in 0..4 {
        assert_eq!(greeting(&mut connect(&stage).await).await, "parrot");
    }
    stage.publish(vec![tcp(vec![target(&[dead], 1)])]).await;
    hung_up(&mut connect(&stage).await).await;
    until_ended(&stage, "connect_failed", 1.0).await;
    stage.publish(vec![tcp(vec![target(&[], 1)])]).await;
    hung_up(&mut connect(&stage).await).await;
    stage.publish(vec![tcp(vec![])]).await;
    hung_up(&mut connect(&stage).await).await;
    until_ended(&stage, "no_endpoint", 2.0).await;
}

#[tokio::test]
async fn targets_get_connections_by_their_weight() {
    let (much, none) = (Backend::parrot("much").await, Backend::parrot("none").await);
    let little = Backend::parrot("little").await;
    let targets = vec![
        target(&[much.address], 90),
        target(&[none.address], 0),
        target(&[little.address], 10),
    ];
    let stage = Stage::new(vec![tcp(targets)]).await;
    for _ in 0..200 {
        greeting(&mut connect(&stage).await).await;
    }
    assert_eq!(none.connections(), 0);
    // Six standard deviations: 20 ± 25 at the most.
    assert!((1..=45).contains(&little.connections()), "{}", little.connections());
    assert_eq!(much.connections() + little.connections(), 200);
}

#[tokio::test]
async fn a_tunnel_that_falls_silent_is_cut() {
    let parrot = Backend::parrot("parrot").await;
    let listener = tcp(vec![target(&[parrot.address], 1)]);
    let idle_timeout = Duration::from_secs(1);
    let stage = Stage::new(vec![Listener { idle_timeout, ..listener }]).await;
    let mut stream = connect(&stage).await;
    greeting(&mut stream).await;
    hung_up(&mut stream).await;
    until_ended(&stage, "cut", 1.0).await;
}

#[tokio::test]
async fn tunnels_may_finish_while_draining_and_are_cut_at_the_end_of_it() {
    let parrot = Backend::parrot("parrot").await;
    let stage = Stage::new(vec![tcp(vec![target(&[parrot.address], 1)])]).await;
    let (mut polite, mut stubborn) = (connect(&stage).await, connect(&stage).await);
    greeting(&mut polite).await;
    greeting(&mut stubborn).await;
    let draining = tokio::spawn(stage.drain(Duration::from_secs(2)));
    assert_eq!(echoed(&mut polite, b"still here").await.unwrap(), b"still here");
    polite.shutdown().await.unwrap();
    assert_eq!(hung_up(&mut polite).await, b"bye");
    hung_up(&mut stubborn).await;
    assert_eq!(draining.await.unwrap(), 1);
}

#[tokio::test]
async fn tunnels_outlive_a_change_of_target_and_end_with_their_server() {
    let ca = TestCa::new("root");
    let (old, new) = (Backend::parrot("old").await, Backend::parrot("new").await);
    let limits = serve::Limits { drain_time: Duration::from_secs(1), ..Default::default() };
    let other = server("own", &["own.test"], vec![additional(&ca.leaf(&["own.test"]))]);
    let to = |endpoint| sharing(vec![ending("db", &["db.test"], endpoint, &ca), other.clone()]);
    let stage = Stage::with(limits, vec![to(old.address)]).await;
    let connect = async || {
        let client = TlsClient::unchecked();
        client.connect(stage.address(443), Some("db.test")).await.unwrap()
    };
    let mut before = connect().await;
    assert_eq!(greeting(&mut before).await, "old");
    stage.publish(vec![to(new.address)]).await;
    assert_eq!(greeting(&mut connect().await).await, "new");
    assert_eq!(echoed(&mut before, b"still old").await.unwrap(), b"still old");

    stage
        .publish(vec![sharing(vec![Server { listener: Arc::clone(&other.listener), ..other }])])
        .await;
    hung_up(&mut before).await;
}
