//! A thousand changes of certificates under load: replaced, promoted, added and removed. No
//! handshake and no request may fail, and each change must be served.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use testkit::{
    LIMIT,
    app::App,
    http::{self, Connection},
    manifest::{store_secret, tls_secret},
    pki::{Issued, TestCa},
    tls::TlsClient,
    wait_for,
};
use tokio::task::JoinHandle;

use crate::{
    certificates::{Load, shown},
    manifests::{CLASS, edge_lb, fixed, ingress},
    setup,
};

const STORE: &str = "doorward-system";
const ROUNDS: usize = 100;
/// Hosts of load balancer `web`, each with a Secret that every round replaces.
const HOSTS: [&str; 8] =
    ["a.test", "b.test", "c.test", "d.test", "e.test", "f.test", "g.test", "h.test"];
/// Those, a promotion, and one certificate that comes or goes.
const CHANGES_A_ROUND: usize = HOSTS.len() + 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_changes_under_load_fail_no_handshake_and_no_request() {
    assert_eq!(ROUNDS * CHANGES_A_ROUND, 1000);
    let ca = TestCa::new("test root");
    let doors = Doors::open(&ca).await;
    let loads = [
        Load::start(doors.edge, "shop.test", &ca),
        Load::start(doors.edge, "blog.test", &ca),
        Load::start(doors.web, HOSTS[0], &ca),
    ];
    let kept = Kept::start(&doors, &ca).await;

    for round in 0..ROUNDS {
        doors.replace_every_secret(&ca).await;
        doors.promote(round).await;
        doors.add_or_remove(round).await;
    }

    for load in loads {
        load.goes_on(10).await;
        assert_eq!(load.failures().await, [""; 0]);
    }
    let kept = kept.finish().await;
    assert!(kept > ROUNDS, "the kept connections had only {kept} answers");
}

/// The binary with two load balancers: `web` takes Secrets from its Ingresses, `edge-lb` has a
/// written list of the store's certificates.
struct Doors {
    app: App,
    web: SocketAddr,
    edge: SocketAddr,
    shop: Issued,
    blog: Issued,
    extra: Issued,
}

impl Doors {
    async fn open(ca: &TestCa) -> Self {
        let (shop, blog, extra) =
            (ca.leaf(&["shop.test"]), ca.leaf(&["blog.test"]), ca.leaf(&["extra.test"]));
        let mut setup = setup()
            .manifest("class.yaml", CLASS)
            .manifest("edge.yaml", &list("shop", false))
            .manifest("shop.yaml", &store_secret(STORE, "shop", &shop))
            .manifest("blog.yaml", &store_secret(STORE, "blog", &blog))
            .manifest("extra.yaml", &store_secret(STORE, "extra", &extra));
        for name in ["shop", "blog", "extra"] {
            let host = format!("{name}.test");
            let tls = format!("{{hosts: [{host}]}}");
            let text = ingress("alb", "edge", name, &host, &tls, "ok").replace(
                "  annotations:\n",
                "  annotations:\n    alb.ingress.kubernetes.io/listen-ports: '[{\"HTTPS\": 443}]'\n",
            );
            setup = setup.manifest(&format!("ingress-{name}.yaml"), &text);
        }
        for host in HOSTS {
            let tls = format!("{{hosts: [{host}], secretName: {host}}}");
            setup = setup
                .manifest(&format!("web-{host}.yaml"), &fixed("web", host, host, &tls, "ok"))
                .manifest(&format!("{host}.yaml"), &tls_secret("web", host, &ca.leaf(&[host])));
        }
        let app = setup.start().await;
        let (web, edge) = (app.address("web", 443).await, app.address("edge-lb", 443).await);
        shown(edge, "shop.test", &shop).await;
        Self { app, web, edge, shop, blog, extra }
    }

    async fn replace_every_secret(&self, ca: &TestCa) {
        let pairs = HOSTS.map(|host| (host, ca.leaf(&[host])));
        for (host, pair) in &pairs {
            self.app.write(&format!("{host}.yaml"), &tls_secret("web", host, pair));
        }
        for (host, pair) in &pairs {
            shown(self.web, host, pair).await;
        }
    }

    /// The Additional becomes the Default and the other way round.
    async fn promote(&self, round: usize) {
        self.app.write("edge.yaml", &list(default_of(round), is_added(round)));
        let promoted = if default_of(round) == "shop" { &self.shop } else { &self.blog };
        self.shown_without_name(promoted).await;
    }

    async fn add_or_remove(&self, round: usize) {
        let added = is_added(round + 1);
        self.app.write("edge.yaml", &list(default_of(round), added));
        // Its name falls to the Default when it is gone.
        let stand_in = if default_of(round) == "shop" { &self.shop } else { &self.blog };
        shown(self.edge, "extra.test", if added { &self.extra } else { stand_in }).await;
    }

    async fn shown_without_name(&self, pair: &Issued) {
        let (client, leaf) = (TlsClient::unchecked(), pair.der());
        wait_for(LIMIT, || async {
            let facts = client.handshake(self.edge, None).await.ok()?;
            (facts.leaf == leaf).then_some(())
        })
        .await;
    }
}

fn default_of(round: usize) -> &'static str {
    if round.is_multiple_of(2) { "blog" } else { "shop" }
}

fn is_added(round: usize) -> bool {
    !round.is_multiple_of(2)
}

fn list(default: &str, with_extra: bool) -> String {
    let mut ids = vec!["shop", "blog"];
    if with_extra {
        ids.push("extra");
    }
    let entries: Vec<_> = ids
        .iter()
        .map(|id| format!("{{CertificateId: {id}, IsDefault: {}}}", *id == default))
        .collect();
    edge_lb(&format!("certificates: [{}]", entries.join(", ")))
}

/// Connections that stay open through every change and ask without a pause.
struct Kept {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<usize>>,
}

impl Kept {
    async fn start(doors: &Doors, ca: &TestCa) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        for (address, host) in [(doors.edge, "shop.test"), (doors.web, HOSTS[1])] {
            let stream = TlsClient::trusting(ca).connect(address, Some(host)).await.unwrap();
            let mut connection = Connection::open(stream).await.unwrap();
            let stop = stop.clone();
            clients.push(tokio::spawn(async move {
                let mut answered = 0;
                while !stop.load(Ordering::Relaxed) {
                    let answer = connection.send(http::get(&format!("https://{host}/"))).await;
                    assert_eq!(answer.unwrap().status, 200, "{host}");
                    answered += 1;
                }
                answered
            }));
        }
        Self { stop, clients }
    }

    /// How many answers came; panics if a connection failed.
    async fn finish(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let mut answered = 0;
        for client in self.clients {
            answered += client.await.unwrap();
        }
        answered
    }
}
