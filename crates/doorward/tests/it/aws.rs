//! Certificates that AWS makes for Ingresses, from the manifest to the handshake.

mod attaching;

use std::time::Duration;

use fake_aws::{FakeAws, Status};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testkit::{
    LIMIT,
    app::{App, Setup},
    manifest::store_secret,
    pki::TestCa,
    tls::{ClientOptions, TlsClient},
    wait_for, wait_until,
};
use tokio::task::JoinHandle;

use crate::{certificates::shown, setup};

const CLASS: &str = "\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: alb}
spec: {controller: ingress.k8s.aws/alb}
";

/// Some pauses of an order are AWS's and not ours to shorten.
const ORDER_LIMIT: Duration = Duration::from_secs(60);

/// The account, whose time passes as long as this lives.
struct Account {
    aws: FakeAws,
    passing: JoinHandle<()>,
}

impl Account {
    /// Its clock starts an hour ago, so that nothing it issues is of the future, and runs quickly.
    async fn open() -> Self {
        const TICK: Duration = Duration::from_millis(100);
        let aws = FakeAws::start().await;
        let ago = Timestamp::now() - SignedDuration::from_hours(1);
        aws.pass(ago.duration_since(aws.now()).unsigned_abs());
        let pass = aws.passing();
        let passing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                pass(TICK * 20);
            }
        });
        Self { aws, passing }
    }

    /// An Issuer of this account: `acm: {REST}`.
    fn issuer(&self, kind: &str, rest: &str) -> String {
        format!(
            "apiVersion: doorward.dev/v1alpha1
kind: Issuer
metadata: {{name: amazon}}
spec:
  {kind}:
    region: eu-central-1
    endpoint: {}
    {rest}
",
            self.aws.url()
        )
    }

    fn setup(&self, kind: &str, rest: &str) -> Setup {
        setup()
            .variable("AWS_ACCESS_KEY_ID", "AKIDTEST")
            .variable("AWS_SECRET_ACCESS_KEY", "secret")
            .manifest("class.yaml", CLASS)
            .manifest("issuer.yaml", &self.issuer(kind, rest))
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

/// An Ingress `shop/web` with these hosts, which answers by itself.
fn ingress(annotations: &str, hosts: &[&str]) -> String {
    let rules: String = hosts
        .iter()
        .map(|host| {
            format!(
                "  - host: \"{host}\"
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: answer, port: {{name: use-annotation}}}}}}
"
            )
        })
        .collect();
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  namespace: shop
  name: web
  annotations:
    alb.ingress.kubernetes.io/actions.answer: >-
      {{\"type\": \"fixed-response\", \"fixedResponseConfig\":
      {{\"contentType\": \"text/plain\", \"statusCode\": \"200\", \"messageBody\": \"web\"}}}}
{annotations}
spec:
  ingressClassName: alb
  rules:
{rules}"
    )
}

const MADE: &str = "    alb.ingress.kubernetes.io/create-acm-cert: \"true\"";

/// The certificate that a client who trusts only this root is shown for `host`, once it is.
async fn served(app: &App, root_pem: &str, host: &str) -> Vec<u8> {
    let address = app.address("shop.web", 443).await;
    let roots = x509::read_roots(root_pem.as_bytes()).unwrap();
    let client = TlsClient::new(ClientOptions { roots, ..ClientOptions::default() });
    let facts =
        wait_for(ORDER_LIMIT, || async { client.handshake(address, Some(host)).await.ok() }).await;
    assert_eq!(client.get(address, host, "/").await.unwrap().text(), "web");
    facts.leaf.to_vec()
}

async fn orders(app: &App) -> Vec<Value> {
    app.get("/api/v1/orders").await.json().as_array().cloned().unwrap()
}

#[tokio::test]
async fn one_certificate_for_all_hosts_is_requested_proved_and_served() {
    let account = Account::open().await;
    let aws = &account.aws;
    let (shop, blog) = (aws.zone("shop.test"), aws.zone("blog.test"));
    let hosts = ["blog.test", "www.shop.test"];
    let app = account
        .setup("acm", "cluster: west")
        .manifest("web.yaml", &ingress(MADE, &hosts))
        .start()
        .await;
    let root = aws.root_pem();
    let leaf = served(&app, &root, hosts[0]).await;
    assert_eq!(served(&app, &root, hosts[1]).await, leaf);
    assert_eq!(aws.count("RequestCertificate"), 1);
    let [(status, tags)] = &aws.certificates(|one| (one.status, one.tags.clone()))[..] else {
        panic!("one certificate")
    };
    assert_eq!(*status, Status::Issued);
    assert_eq!(tags["elbv2.k8s.aws/cluster"], "west");
    assert!(
        tags["doorward.dev/certificate"].starts_with("doorward-system/issued-blog.test"),
        "{tags:?}"
    );
    for zone in [shop, blog] {
        assert_eq!(aws.record_names(&zone, "CNAME").len(), 1);
    }
    let table = app.command(&["get", "orders"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("amazon") && table.contains("blog.test"), "{table}");
}

#[tokio::test]
async fn a_host_more_is_a_new_certificate_and_the_old_one_serves_until_then() {
    let account = Account::open().await;
    let aws = &account.aws;
    aws.zone("shop.test");
    let app = account
        .setup("acm", "")
        .manifest("web.yaml", &ingress(MADE, &["a.shop.test"]))
        .start()
        .await;
    let root = aws.root_pem();
    let old = served(&app, &root, "a.shop.test").await;

    app.write("web.yaml", &ingress(MADE, &["a.shop.test", "b.shop.test"]));
    wait_until(ORDER_LIMIT, || async { aws.count("RequestCertificate") == 2 }).await;
    assert_eq!(served(&app, &root, "a.shop.test").await, old, "the new one is not there yet");
    let new = served(&app, &root, "b.shop.test").await;
    assert_eq!(served(&app, &root, "a.shop.test").await, new);
    assert_eq!(aws.count("DeleteCertificate"), 0, "nothing goes while somebody may want it again");
}

#[tokio::test]
async fn a_process_killed_in_mid_order_goes_on_with_the_same_certificate() {
    let account = Account::open().await;
    let aws = &account.aws;
    aws.zone("shop.test");
    let mut app = account
        .setup("acm", "")
        .manifest("web.yaml", &ingress(MADE, &["a.shop.test"]))
        .start()
        .await;
    wait_until(ORDER_LIMIT, || async { aws.count("RequestCertificate") == 1 }).await;
    app.restart().await;
    served(&app, &aws.root_pem(), "a.shop.test").await;
    assert_eq!(aws.certificates(|one| one.status), [Status::Issued]);
}

#[tokio::test]
async fn a_private_ca_is_chosen_by_its_arn() {
    let account = Account::open().await;
    let ca = account.aws.private_ca("corp");
    let annotations = format!("{MADE}\n    alb.ingress.kubernetes.io/acm-pca-arn: {ca}");
    let app = account
        .setup("acmPca", &format!("arn: {ca}"))
        .manifest("web.yaml", &ingress(&annotations, &["internal.corp"]))
        .start()
        .await;
    served(&app, &account.aws.private_ca_pem(&ca), "internal.corp").await;
    assert_eq!(account.aws.private_ca_signed(&ca), 1);
    assert_eq!(account.aws.count("RequestCertificate"), 0);
}

#[tokio::test]
async fn a_name_outside_all_zones_is_refused_with_the_reason_and_never_requested() {
    let account = Account::open().await;
    account.aws.zone("shop.test");
    let app = account
        .setup("acm", "")
        .manifest("web.yaml", &ingress(MADE, &["a.else.test"]))
        .start()
        .await;
    let message = wait_for(LIMIT, || async {
        let order = orders(&app).await.into_iter().find(|order| order["state"] == "Failed")?;
        Some(order["message"].as_str()?.to_owned())
    })
    .await;
    assert!(message.contains("a.else.test"), "{message}");
    assert_eq!(account.aws.count("RequestCertificate"), 0);
}

#[tokio::test]
async fn an_arn_is_an_id_of_the_store() {
    let ca = TestCa::new("aws");
    let pair = ca.leaf(&["a.shop.test"]);
    let id = "12345678-0000-4000-8000-000000000000";
    let named = format!(
        "    alb.ingress.kubernetes.io/certificate-arn: arn:aws:acm:eu-central-1:123456789012:certificate/{id}"
    );
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("certificate.yaml", &store_secret("doorward-system", id, &pair))
        .manifest("web.yaml", &ingress(&named, &["a.shop.test"]))
        .start()
        .await;
    shown(app.address("shop.web", 443).await, "a.shop.test", &pair).await;
}
