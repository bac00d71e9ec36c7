//! Certificates that change while they are served: on disk, under load, never with a gap.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use testkit::{
    LIMIT, http,
    manifest::tls_secret,
    pki::{Issued, TestCa},
    tls::TlsClient,
    wait_for,
};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    manifests::{CLASS, fixed},
    setup,
};

const TLS: &str = "{hosts: [shop.test], secretName: shop-tls}";

/// Waits until a new handshake is shown this certificate.
pub async fn shown(address: SocketAddr, name: &str, pair: &Issued) {
    let leaf = pair.der();
    wait_for(LIMIT, || async {
        let facts = TlsClient::unchecked().handshake(address, Some(name)).await.ok()?;
        (facts.leaf == leaf).then_some(())
    })
    .await;
}

/// Clients that shake hands and ask, one after the other, until told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    /// Each request is on a connection of its own and must be answered with 200 by a certificate
    /// that `ca` signed for `host`.
    pub fn start(address: SocketAddr, host: &'static str, ca: &TestCa) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicUsize::new(0));
        let clients = (0..4)
            .map(|_| {
                let (stop, answered, client) =
                    (stop.clone(), answered.clone(), TlsClient::trusting(ca));
                tokio::spawn(async move {
                    let mut failures = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        match client.get(address, host, "/").await {
                            Ok(answer) if answer.status == 200 => {
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(answer) => failures.push(format!("answered {}", answer.status)),
                            Err(error) => failures.push(error.to_string()),
                        }
                    }
                    failures
                })
            })
            .collect();
        Self { stop, answered, clients }
    }

    /// Waits until that many more requests were answered.
    pub async fn goes_on(&self, more: usize) {
        let goal = self.answered.load(Ordering::Relaxed) + more;
        wait_for(LIMIT, || async { (self.answered.load(Ordering::Relaxed) >= goal).then_some(()) })
            .await;
    }

    /// What went wrong.
    pub async fn failures(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        for client in self.clients {
            failures.extend(client.await.unwrap());
        }
        failures
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_changed_on_disk_is_served_within_a_second_and_no_connection_drops() {
    let ca = TestCa::new("root");
    let (old, new) = (ca.leaf(&["shop.test"]), ca.leaf(&["shop.test"]));
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("shop.yaml", &fixed("shop", "web", "shop.test", TLS, "shop"))
        .manifest("tls.yaml", &tls_secret("shop", "shop-tls", &old))
        .start()
        .await;
    let address = app.address("web", 443).await;
    shown(address, "shop.test", &old).await;

    let kept = TlsClient::trusting(&ca).connect(address, Some("shop.test")).await.unwrap();
    let load = Load::start(address, "shop.test", &ca);
    load.goes_on(20).await;

    let written = Instant::now();
    app.write("tls.yaml", &tls_secret("shop", "shop-tls", &new));
    timeout(Duration::from_secs(10), shown(address, "shop.test", &new)).await.unwrap();
    let took = written.elapsed();
    load.goes_on(20).await;

    assert_eq!(load.failures().await, Vec::<String>::new());
    let request = http::get("https://shop.test/");
    assert_eq!(
        http::exchange(kept, request).await.unwrap().status,
        200,
        "the old connection lives"
    );
    // A bound against regressions to polling; the promise is measured in docs/benchmarks.md.
    assert!(took < Duration::from_secs(5), "took {took:?}");
}

#[tokio::test]
async fn a_secret_that_turns_bad_or_goes_leaves_the_last_good_certificate() {
    let ca = TestCa::new("root");
    let good = ca.leaf(&["shop.test"]);
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("shop.yaml", &fixed("shop", "web", "shop.test", TLS, "shop"))
        .manifest("tls.yaml", &tls_secret("shop", "shop-tls", &good))
        .start()
        .await;
    let address = app.address("web", 443).await;
    shown(address, "shop.test", &good).await;

    let other_key = Issued { key_pem: ca.leaf(&["shop.test"]).key_pem, ..good.clone() };
    app.write("tls.yaml", &tls_secret("shop", "shop-tls", &other_key));
    let verdict = app.verdict("Ingress shop/web", "SecretInvalid").await;
    assert_eq!(verdict["field"], "spec.tls[0].secretName");
    shown(address, "shop.test", &good).await;

    app.remove("tls.yaml");
    app.verdict("Ingress shop/web", "SecretNotFound").await;
    shown(address, "shop.test", &good).await;
}

#[tokio::test]
async fn a_certificate_uploaded_to_the_store_is_discovered() {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test"]);
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("shop.yaml", &fixed("shop", "web", "shop.test", "{hosts: [shop.test]}", "shop"))
        .start()
        .await;
    app.verdict("Ingress shop/web", "HostNotCovered").await;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("crt"), &pair.chain_pem).unwrap();
    std::fs::write(at("key"), &pair.key_pem).unwrap();
    let upload =
        ["certificate", "upload", "--cert", &at("crt"), "--key", &at("key"), "--id", "shop-1"];
    let output = app.command(&upload);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "certificate shop-1 is in the store, for shop.test\n"
    );

    let address = app.address("web", 443).await;
    shown(address, "shop.test", &pair).await;
    let listeners = app.listeners().await;
    let https = listeners.iter().find(|listener| listener["port"] == 443).unwrap();
    assert_eq!(https["certificates"][0]["id"], "shop-1");
    assert_eq!(https["certificates"][0]["source"], "Discovered");
    assert_eq!(https["certificates"][0]["default"], true);
}
