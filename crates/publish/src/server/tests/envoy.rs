//! The real Envoy takes its certificates from the server, in every way it can ask.

use std::{net::SocketAddr, time::Duration};

use testkit::{
    LIMIT,
    envoy::{Bootstrap, Discovery, Envoy, Host, Server},
    http,
    pki::{Issued, KeyKind, LeafOptions, TestCa},
    tls::{ClientOptions, TlsClient, facts},
    wait_until,
};

use super::Started;
use crate::{
    fixture::{NAMESPACE, Secrets, leaf},
    limits::Limits,
    reach::Grants,
    session::Standing,
    settings::{Address, Settings},
    who::{Admission, Clients, MutualTls},
};

const WAYS: [Discovery; 4] = [
    Discovery::StateOfTheWorld,
    Discovery::Delta,
    Discovery::AggregatedStateOfTheWorld,
    Discovery::AggregatedDelta,
];

/// An Envoy that asks `server` for one secret a host.
fn bootstrap(server: &Started, way: Discovery, hosts: &[(&str, &str)]) -> Bootstrap {
    let hosts = hosts.iter().map(|(name, secret)| Host::new(name, secret)).collect();
    Bootstrap::new(way, Server::Unix(server.socket()), hosts)
}

async fn is_shown(address: SocketAddr, name: &str, pair: &Issued) -> bool {
    let seen = TlsClient::unchecked().handshake(address, Some(name)).await;
    seen.is_ok_and(|facts| facts.leaf == pair.der())
}

/// A server whose Secret `a` an Envoy asks for in this way, and serves for `a.test`. `None`: there
/// is no Envoy here.
async fn serving(way: Discovery, pair: &Issued) -> Option<(Started, Envoy, SocketAddr)> {
    let mut secrets = Secrets::default();
    secrets.put("a", pair);
    let server = Started::new(secrets);
    let bootstrap = bootstrap(&server, way, &[("a.test", "kubernetes://a")]);
    let envoy = Envoy::start(&bootstrap.text()).await?;
    let address = envoy.listener("https").await;
    shown(address, "a.test", pair).await;
    Some((server, envoy, address))
}

async fn shown(address: SocketAddr, name: &str, pair: &Issued) {
    wait_until(LIMIT, || is_shown(address, name, pair)).await;
}

fn serial(pair: &Issued) -> String {
    let read = x509::read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes());
    read.unwrap().serial.to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_seen_by_new_handshakes_and_open_connections_survive_it() {
    for way in WAYS {
        let (first, second) = (leaf("a.test"), leaf("a.test"));
        let Some((mut server, envoy, address)) = serving(way, &first).await else { return };
        let client =
            TlsClient::new(ClientOptions { alpn: vec!["http/1.1"], ..ClientOptions::default() });
        let open = client.connect(address, Some("a.test")).await.unwrap();
        assert_eq!(facts(&open).leaf, first.der());
        let mut open = http::Connection::open(open).await.unwrap();

        server.change(|secrets| {
            secrets.put("a", &second);
        });
        shown(address, "a.test", &second).await;
        let answer = open.send(http::get("https://a.test/")).await.unwrap();
        assert_eq!(answer.text(), "hello", "{way:?}: the open connection goes on");

        let held = server.stands("kubernetes://a", Standing::Acked).await;
        let held = held.held().unwrap().certificate().unwrap().serial.to_lowercase();
        assert_eq!(held, serial(&second), "{way:?}");
        assert_eq!(envoy.serials().await, [held], "the ledger says what Envoy has loaded");
        let client = server.client().await;
        assert_eq!((client.node.as_str(), &*client.namespace), ("gateway-0", NAMESPACE));
        let aggregated =
            [Discovery::AggregatedDelta, Discovery::AggregatedStateOfTheWorld].contains(&way);
        assert_eq!(client.is_aggregated, aggregated);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_closes_the_port_for_nobody_else_and_is_served_once_it_is_there() {
    for way in WAYS {
        let (good, late) = (leaf("a.test"), leaf("b.test"));
        let mut secrets = Secrets::default();
        secrets.put("a", &good);
        let mut server = Started::new(secrets);
        let hosts = [("a.test", "kubernetes://a"), ("b.test", "kubernetes://b")];
        let mut bootstrap = bootstrap(&server, way, &hosts);
        // Whoever waited for the timeout would not come through before the test gives up.
        bootstrap.initial_fetch_timeout = 600;
        let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
        let address = envoy.listener("https").await;
        shown(address, "a.test", &good).await;
        assert!(!is_shown(address, "b.test", &late).await);
        server.stands("kubernetes://b", Standing::Missing).await;

        server.change(|secrets| {
            secrets.put("b", &late);
        });
        shown(address, "b.test", &late).await;
        server.stands("kubernetes://b", Standing::Acked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_envoy_refuses_is_held_and_poisons_no_other() {
    for way in WAYS {
        let (first, other, next) = (leaf("a.test"), leaf("b.test"), leaf("a.test"));
        let mut secrets = Secrets::default();
        secrets.put("a", &first).put("b", &leaf("b.test"));
        let mut server = Started::new(secrets);
        let hosts = [("a.test", "kubernetes://a"), ("b.test", "kubernetes://b")];
        let bootstrap = bootstrap(&server, way, &hosts);
        let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
        let address = envoy.listener("https").await;
        shown(address, "a.test", &first).await;

        server.change(|secrets| {
            secrets.put_mismatched("a").put("b", &other);
        });
        let held = server.stands("kubernetes://a", Standing::Rejected).await;
        let refused = held.refused.expect("it says why");
        assert!(refused.error.contains("KEY_VALUES_MISMATCH"), "{}", refused.error);
        shown(address, "b.test", &other).await;
        shown(address, "a.test", &first).await;
        // Further Worlds bring nothing new of it.
        for _ in 0..5 {
            let pair = leaf("b.test");
            server.change(|secrets| {
                secrets.put("b", &pair);
            });
            shown(address, "b.test", &pair).await;
        }
        assert_eq!(envoy.stat("sds.kubernetes_a.update_rejected").await, 1, "{way:?}");
        assert_eq!(server.metric("doorward_sds_pushes_total{result=\"rejected\"}"), 1.0);

        server.change(|secrets| {
            secrets.put("a", &next);
        });
        shown(address, "a.test", &next).await;
        server.stands("kubernetes://a", Standing::Acked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy_takes_everything_that_is_let_through() {
    let ca = TestCa::new("root").intermediate("below");
    let kinds = [
        ("p256", LeafOptions::key(KeyKind::P256)),
        ("p384", LeafOptions::key(KeyKind::P384)),
        ("rsa", LeafOptions::key(KeyKind::Rsa2048)),
        // Its PKCS#8 of version 2 is one that BoringSSL does not read.
        ("ed25519", LeafOptions::key(KeyKind::Ed25519)),
        ("expired", LeafOptions::expired()),
        ("tomorrow", LeafOptions::not_yet_valid()),
        ("nameless", LeafOptions::without_common_name()),
    ];
    let mut secrets = Secrets::default();
    for (kind, options) in &kinds {
        secrets.put(kind, &ca.issue(&[&format!("{kind}.test")], options.clone()));
    }
    let server = Started::new(secrets);
    let hosts: Vec<_> =
        kinds.iter().map(|(kind, _)| Host::new(&format!("{kind}.test"), kind)).collect();
    let way = Discovery::AggregatedDelta;
    let bootstrap = Bootstrap::new(way, Server::Unix(server.socket()), hosts);
    let Some(_envoy) = Envoy::start(&bootstrap.text()).await else { return };
    for (kind, _) in kinds {
        server.stands(kind, Standing::Acked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_is_missed_by_no_client_and_brings_the_newest_back() {
    for way in WAYS {
        let (first, second) = (leaf("a.test"), leaf("a.test"));
        let Some((mut server, _envoy, address)) = serving(way, &first).await else { return };
        let traffic = tokio::spawn(async move {
            let mut failed = 0;
            for _ in 0..100 {
                let seen = TlsClient::unchecked().handshake(address, Some("a.test")).await;
                failed += usize::from(seen.is_err());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            failed
        });
        server.stop().await;
        server.change(|secrets| {
            secrets.put("a", &second);
        });
        assert!(is_shown(address, "a.test", &first).await, "{way:?}");
        server.restart().await;
        shown(address, "a.test", &second).await;
        assert_eq!(traffic.await.unwrap(), 0, "{way:?}: no handshake failed");
        server.stands("kubernetes://a", Standing::Acked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_demand_every_host_is_fetched_by_its_name_in_the_handshake() {
    for way in [Discovery::Delta, Discovery::AggregatedDelta] {
        let (exact, wildcard, renewed) = (leaf("a.test"), leaf("*.shop.test"), leaf("a.test"));
        let mut secrets = Secrets::default();
        secrets.put("exact", &exact).put("wild", &wildcard);
        let mut server = Started::new(secrets);
        let bootstrap = Bootstrap { on_demand: true, ..bootstrap(&server, way, &[]) };
        let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
        let address = envoy.listener("https").await;
        shown(address, "a.test", &exact).await;
        shown(address, "one.shop.test", &wildcard).await;
        shown(address, "two.shop.test", &wildcard).await;
        // Answered at once: a handshake that hung would end this test.
        let unknown = TlsClient::unchecked().handshake(address, Some("unknown.test")).await;
        assert!(unknown.is_err(), "{way:?}");

        server.change(|secrets| {
            secrets.put("exact", &renewed).remove("wild");
        });
        shown(address, "a.test", &renewed).await;
        // The only way to take a certificate back from a running Envoy.
        wait_until(LIMIT, || async {
            let client = TlsClient::unchecked();
            client.handshake(address, Some("one.shop.test")).await.is_err()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_checked_against_the_ca_of_the_secret() {
    let (ca, pair) = (TestCa::new("clients"), leaf("a.test"));
    let mut secrets = Secrets::default();
    secrets.put("a", &pair).put_roots("a-cacert", &ca);
    let server = Started::new(secrets);
    let mut host = Host::new("a.test", "kubernetes://a");
    host.client_ca = Some("kubernetes://a-cacert".into());
    let way = Discovery::AggregatedDelta;
    let bootstrap = Bootstrap::new(way, Server::Unix(server.socket()), vec![host]);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let address = envoy.listener("https").await;
    server.stands("kubernetes://a-cacert", Standing::Acked).await;
    server.stands("kubernetes://a", Standing::Acked).await;
    let known = TlsClient::new(ClientOptions {
        identity: Some(ca.issue(&["someone"], LeafOptions::client())),
        ..ClientOptions::default()
    });
    assert_eq!(known.get(address, "a.test", "/").await.unwrap().text(), "hello");
    assert!(TlsClient::unchecked().get(address, "a.test", "/").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_whose_certificates_are_revoked_are_refused_once_the_list_says_so() {
    let (ca, pair) = (TestCa::new("clients"), leaf("a.test"));
    let [good, bad] = ["good", "bad"].map(|name| ca.issue(&[name], LeafOptions::client()));
    let mut secrets = Secrets::default();
    secrets.put("a", &pair).put_roots("a-cacert", &ca);
    let mut server = Started::new(secrets);
    let mut host = Host::new("a.test", "kubernetes://a");
    host.client_ca = Some("kubernetes://a-cacert".into());
    let way = Discovery::AggregatedDelta;
    let bootstrap = Bootstrap::new(way, Server::Unix(server.socket()), vec![host]);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let address = envoy.listener("https").await;
    let with = |identity: &Issued| {
        let identity = Some(identity.clone());
        TlsClient::new(ClientOptions { identity, ..ClientOptions::default() })
    };
    let is_let_in = |client: TlsClient| async move {
        client.get(address, "a.test", "/").await.is_ok_and(|answer| answer.text() == "hello")
    };
    for identity in [&good, &bad] {
        wait_until(LIMIT, || is_let_in(with(identity))).await;
    }
    server.change(|secrets| {
        secrets.put_roots_revoking("a-cacert", &ca, &[&bad]);
    });
    wait_until(LIMIT, || async { !is_let_in(with(&bad)).await }).await;
    assert!(is_let_in(with(&good)).await);
    server.stands("kubernetes://a-cacert", Standing::Acked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_demands_a_staple_is_served_once_it_has_one() {
    let Some(openssl) = testkit::peers::need("openssl") else { return };
    let ca = TestCa::new("root");
    let options = LeafOptions { must_staple: true, ..LeafOptions::default() };
    let pair = ca.issue(&["a.test"], options);
    let mut secrets = Secrets::default();
    secrets.put("a", &pair);
    let mut server = Started::new(secrets);
    let bootstrap = bootstrap(&server, Discovery::Delta, &[("a.test", "kubernetes://a")]);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let address = envoy.listener("https").await;
    server.stands("kubernetes://a", Standing::Missing).await;

    let response = ca.ocsp_response(&pair);
    server.change(|secrets| {
        secrets.put_stapled("a", &pair, &response);
    });
    shown(address, "a.test", &pair).await;
    server.stands("kubernetes://a", Standing::Acked).await;
    let mut client = tokio::process::Command::new(openssl);
    client.args(["s_client", "-status", "-servername", "a.test", "-connect"]);
    let output = client.arg(address.to_string()).stdin(std::process::Stdio::null()).output();
    let output = output.await.unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("OCSP Response Status: successful"), "{shown}");
    assert!(shown.contains("Cert Status: good"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp_a_client_certificate_says_the_namespace() {
    let (servers, clients) = (TestCa::new("servers"), TestCa::new("clients"));
    let (mine, theirs) = (leaf("a.test"), leaf("a.test"));
    let mut secrets = Secrets::default();
    secrets
        .put("sds", &servers.leaf(&["sds.test"]))
        .put_roots("sds-clients", &clients)
        .put_in("edge", "a", &mine)
        .put_in("shop", "a", &theirs);
    let id = |name: &str| model::CertificateId::secret(NAMESPACE, name);
    let named = [("gateway.edge.test".to_owned(), "edge".into())].into();
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        address: Address::Tcp("127.0.0.1:0".parse().unwrap()),
        admission: Admission::MutualTls(MutualTls {
            certificate: id("sds"),
            client_ca: id("sds-clients"),
            clients: Clients { named, ..Clients::default() },
        }),
        grants: Grants::default(),
        limits: Limits::default(),
    };
    let server = Started::by(settings, secrets, folder);
    let Address::Tcp(address) = server.settings.address else { panic!("it is TCP") };

    let at = |name: &str| server.folder.path().join(name);
    let with = |client: &Issued| {
        std::fs::write(at("chain.pem"), &client.chain_pem).unwrap();
        std::fs::write(at("key.pem"), &client.key_pem).unwrap();
        std::fs::write(at("roots.pem"), servers.pem()).unwrap();
        let (chain, key, roots) = (at("chain.pem"), at("key.pem"), at("roots.pem"));
        let name = "sds.test".to_owned();
        let hosts = vec![Host::new("a.test", "kubernetes://a")];
        let server = Server::Tls { address, chain, key, roots, name };
        Bootstrap::new(Discovery::Delta, server, hosts).text()
    };
    let known = clients.issue(&["gateway.edge.test"], LeafOptions::client());
    let Some(envoy) = Envoy::start(&with(&known)).await else { return };
    shown(envoy.listener("https").await, "a.test", &mine).await;
    let client = server.client().await;
    assert!(client.peer.starts_with("gateway.edge.test at 127.0.0.1:"), "{}", client.peer);
    assert_eq!(&*client.namespace, "edge");
    drop(envoy);

    // Of the right CA, but nobody's; and of another CA.
    let unknown = clients.issue(&["gateway.shop.test"], LeafOptions::client());
    let stranger = TestCa::new("others").issue(&["gateway.edge.test"], LeafOptions::client());
    for (client, reason) in [(unknown, "unknown_client"), (stranger, "handshake")] {
        let Some(_envoy) = Envoy::start(&with(&client)).await else { return };
        let series = format!("doorward_sds_refused_total{{reason=\"{reason}\"}}");
        wait_until(LIMIT, || async { server.metric(&series) > 0.0 }).await;
        assert!(server.ledger.clients().iter().all(|client| client.secrets.is_empty()));
    }
}
