//! What goes wrong around ACME gets its verdict with the cure, and the last good certificate is
//! served on.

use serde_json::Value;
use testkit::{
    LIMIT,
    app::App,
    pebble::{ChallTestSrv, Front, Pebble},
    pki::{LeafOptions, TestCa},
    tls::PeerFacts,
    wait_for,
};

use super::{ORDERED, at_rest, issued, issuer_at, pebble_for, placed, served, shop, waiting};
use crate::manifests::fixed;

const HOST: &str = "shop.example.test";
const ID: &str = "doorward-system/issued-shop.example.test";

/// A host whose certificate is served, and a CA that a story makes worse.
struct Beside {
    app: App,
    pebble: Pebble,
    front: Front,
    good: PeerFacts,
    _dns: ChallTestSrv,
}

impl Beside {
    /// `None` where there is no Pebble.
    async fn start() -> Option<Self> {
        let dns = ChallTestSrv::start().await?;
        let app = waiting(HOST).await;
        let pebble = pebble_for(&app, dns.dns(), 0).await?;
        let front = Front::before(&pebble).await;
        app.write("issuer.yaml", &issuer(&front));
        let good = served(&app, &pebble, HOST).await;
        at_rest(&app).await;
        Some(Self { app, pebble, front, good, _dns: dns })
    }

    async fn still_serves(&self) {
        assert_eq!(served(&self.app, &self.pebble, HOST).await.leaf, self.good.leaf);
    }

    fn renew(&self) {
        let told = self.app.command(&["order", "renew", ID]);
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    }

    async fn another_is_served(&self) {
        wait_for(ORDERED, || async {
            let leaf = served(&self.app, &self.pebble, HOST).await.leaf;
            (leaf != self.good.leaf).then_some(())
        })
        .await;
    }

    /// Waits for the verdict on the Ingress that says this.
    async fn verdict(&self, reason: &str, says: &str) {
        let verdict = wait_for(ORDERED, || async {
            let verdicts = self.app.verdicts("Ingress shop/web").await;
            verdicts.into_iter().find(|verdict| {
                verdict["reason"] == reason
                    && verdict["message"].as_str().is_some_and(|message| message.contains(says))
            })
        })
        .await;
        assert!(!verdict["message"].as_str().unwrap().contains('\n'), "one line: {verdict}");
        self.still_serves().await;
    }
}

fn issuer(front: &Front) -> String {
    issuer_at(&front.directory(), &front.ca_bundle(), "http01: {}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_does_not_exist() {
    let Some(beside) = Beside::start().await else { return };
    beside.app.write("shop.yaml", &shop(HOST).replace("issuer: pebble", "issuer: pebbel"));
    let verdict = beside.app.verdict("Ingress shop/web", "IssuerNotFound").await;
    let message = verdict["message"].as_str().unwrap();
    assert!(message.contains("pebbel") && message.contains("did you mean pebble?"), "{message}");
    assert_eq!(verdict["field"], "spec.tls[0]");
    beside.still_serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_key_or_of_yesterday() {
    let Some(beside) = Beside::start().await else { return };
    let stranger = TestCa::new("stranger");
    for options in [LeafOptions::default(), LeafOptions::expired()] {
        beside.front.send(Some(&stranger.issue(&[HOST], options).chain_pem));
        beside.renew();
        beside.verdict("OrderFailed", "have the CA at spec.acme.server looked at").await;
    }
    beside.front.send(None);
    beside.renew();
    beside.another_is_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_cannot_be_reached_for_a_while() {
    let Some(beside) = Beside::start().await else { return };
    beside.front.be_away(true);
    beside.renew();
    let order = wait_for(LIMIT, || async {
        let orders: Value = beside.app.get("/api/v1/orders").await.json();
        let order = orders[0].clone();
        order["message"].as_str()?.contains("answered 503").then_some(order)
    })
    .await;
    assert!(order["nextAttempt"].is_string(), "it is not told when it is tried again: {order:#}");
    beside.still_serves().await;
    // It heals by itself.
    beside.front.be_away(false);
    beside.another_is_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_key_that_is_none() {
    let Some(beside) = Beside::start().await else { return };
    beside.app.write(
        "account.yaml",
        "{apiVersion: v1, kind: Secret, metadata: {namespace: doorward-system, name: account}, \
         stringData: {key: \"-----BEGIN PRIVATE KEY-----\\nc2VjcmV0\\n-----END PRIVATE KEY-----\\n\"}}\n",
    );
    let with_key = issuer(&beside.front)
        .replace("    email:", "    accountKeySecret: {name: account, key: key}\n    email:");
    beside.app.write("issuer.yaml", &with_key);
    beside.renew();
    beside
        .verdict(
            "OrderFailed",
            "spec.acme.accountKeySecret: entry \"key\" of Secret account is no ECDSA P-256 key",
        )
        .await;
    let logs = beside.app.logs().join("\n");
    assert!(!logs.contains("c2VjcmV0"), "the key is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_names_than_a_certificate_holds() {
    let Some(beside) = Beside::start().await else { return };
    let hosts: Vec<_> = (0..101).map(|index| format!("h{index}.example.test")).collect();
    let tls = format!("{{hosts: [{}], secretName: many}}", hosts.join(", "));
    let many = fixed("shop", "many", &hosts[0], &tls, "x")
        .replace("  annotations:\n", "  annotations:\n    doorward.dev/issuer: pebble\n");
    beside.app.write("many.yaml", &many);
    let verdict = beside.app.verdict("Ingress shop/many", "OrderFailed").await;
    let message = verdict["message"].as_str().unwrap();
    assert!(message.contains("101 names") && message.contains("spread the hosts"), "{message}");
    assert_eq!((placed(&beside.pebble), issued(&beside.pebble)), (1, 1), "the CA was asked");
    beside.still_serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_in_another_script_and_one_that_is_too_long() {
    let Some(beside) = Beside::start().await else { return };
    let long = format!("{0}.{0}.{0}.{0}.example.test", "a".repeat(60));
    for (host, says) in
        [("bücher.example.test", "write \"xn--bcher-kva\""), (&*long, "253 at most")]
    {
        let bad = fixed("shop", "bad", host, &format!("{{hosts: [{host}]}}"), "x")
            .replace("  annotations:\n", "  annotations:\n    doorward.dev/issuer: pebble\n");
        beside.app.write("bad.yaml", &bad);
        wait_for(LIMIT, || async {
            let verdicts = beside.app.verdicts("Ingress shop/bad").await;
            let told = |verdict: &Value| verdict["message"].as_str()?.contains(says).then_some(());
            verdicts.iter().find_map(told)
        })
        .await;
        beside.still_serves().await;
    }
    assert_eq!(placed(&beside.pebble), 1, "the CA was asked");
}

/// Both at once: the certificate in hand is all that is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_and_its_certificate_that_somebody_deletes() {
    let Some(beside) = Beside::start().await else { return };
    beside.app.remove("issuer.yaml");
    beside.app.verdict("Ingress shop/web", "IssuerNotFound").await;
    let secret = format!("secrets/{ID}.yaml");
    std::fs::remove_file(beside.app.state().join(secret)).unwrap();
    beside.still_serves().await;
    beside.app.write("issuer.yaml", &issuer(&beside.front));
    beside.another_is_served().await;
}
