//! `doorward plan`: what would be ordered and served differently, with nothing touched.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    net::TcpListener,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::SystemTime,
};

use serde_json::{Value, json};
use testkit::{LIMIT, app::App, pki::TestCa, tls::TlsClient, wait_for, wait_until};

use crate::{
    BINARY,
    manifests::{CLASS, OWN_CA, fixed},
    setup,
};

/// A folder of manifests, and perhaps of state beside them.
struct Home(tempfile::TempDir);

impl Home {
    fn of(files: &[(&str, &str)]) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| home.write(name, text));
        home
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Output {
        Command::new(BINARY)
            .args([command, "."])
            .args(arguments)
            .current_dir(self.0.path())
            .env("COLUMNS", "80")
            .output()
            .unwrap()
    }

    /// Exit code and text, with nothing said elsewhere and nothing touched.
    fn plan(&self, arguments: &[&str]) -> (i32, String) {
        let before = tree(self.0.path());
        let output = self.run("plan", arguments);
        assert_eq!(tree(self.0.path()), before, "something was touched");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    fn plan_json(&self) -> (i32, Value) {
        let (code, text) = self.plan(&["-o", "json"]);
        (code, serde_json::from_str(&text).unwrap())
    }
}

/// All there is to see of every file and folder below this one.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u64, u32, SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let facts = fs::symlink_metadata(&path).unwrap();
            let content = match facts.is_dir() {
                true => Vec::new(),
                false => fs::read(&path).unwrap(),
            };
            let seen = (facts.ino(), facts.mode(), facts.modified().unwrap(), content);
            if facts.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path, seen);
        }
    }
    found
}

/// An Ingress that wants its certificate from this Issuer.
fn asks(issuer: &str, name: &str, host: &str) -> String {
    let host = format!("\"{host}\"");
    fixed("shop", name, &host, &format!("{{hosts: [{host}]}}"), "shop").replace(
        "  annotations:\n",
        &format!("  annotations:\n    doorward.dev/issuer: {issuer}\n"),
    )
}

/// An ACME Issuer whose server would notice it if anybody came.
fn acme(server: &TcpListener, more: &str) -> String {
    format!(
        "apiVersion: doorward.dev/v1alpha1
kind: Issuer
metadata: {{name: acme}}
spec:
  acme: {{server: \"https://{}/dir\", solvers: [{{http01: {{}}}}]}}
{more}",
        server.local_addr().unwrap()
    )
}

fn server() -> TcpListener {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    server
}

#[track_caller]
fn nobody_came(server: &TcpListener) {
    assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

fn courses(plan: &Value) -> Vec<&str> {
    let orders = plan["orders"].as_array().unwrap().iter();
    orders.map(|order| order["course"].as_str().unwrap()).collect()
}

#[test]
fn before_the_first_run_everything_comes_and_no_state_folder_is_made() {
    let hello = fixed("demo", "hello", "hello.test", "{hosts: [hello.test]}", "hello");
    let home =
        Home::of(&[("class.yaml", CLASS), ("hello.yaml", &hello), ("doorward.yaml", OWN_CA)]);
    let (code, text) = home.plan(&[]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        text,
        "\
no state folder .doorward: as before the first run

CERTIFICATE          ISSUER  WHEN  NAMES       WHY            WANTED BY
doorward-system/iss  local   now   hello.test  there is none  Ingress demo/hello
ued-hello.test                                 yet

LISTENER  CHANGE  CERTIFICATE                        WAS  WILL BE
web:443   comes   doorward-system/issued-hello.test  -    on order, Default
web:80    comes   -                                  -    HTTP

1 to order
no problems
"
    );
    assert!(!home.0.path().join(".doorward").exists());
}

#[test]
fn limits_say_what_is_spent_and_how_long_the_others_wait_and_no_ca_is_asked() {
    let server = server();
    let issuer = acme(&server, "  limits: [{count: 3, per: 24h, of: orders}]\n");
    let home = Home::of(&[("class.yaml", CLASS), ("issuer.yaml", &issuer)]);
    for name in ["one", "two", "three"] {
        home.write(&format!("{name}.yaml"), &asks("acme", name, &format!("{name}.example.test")));
    }
    fs::create_dir_all(home.0.path().join(".doorward/secrets")).unwrap();
    let now = jiff::Timestamp::now();
    let spent = json!([
        {"issuer": "acme", "limit": "orders per 24h", "of": "", "tokens": 2.0, "as_of": now}
    ]);
    home.write(".doorward/orders/budgets.json", &spent.to_string());

    let (code, plan) = home.plan_json();
    assert_eq!(code, 0, "{plan:#}");
    assert_eq!(plan["stateFolder"], ".doorward");
    assert_eq!(courses(&plan), ["Order", "Order", "Wait"]);
    let order = &plan["orders"][0];
    assert_eq!(order["id"], "doorward-system/issued-one.example.test");
    assert_eq!(order["names"], json!(["one.example.test"]));
    assert_eq!((&order["issuer"], &order["why"]), (&json!("acme"), &json!("Missing")));
    assert_eq!(order["wantedBy"], "Ingress shop/one");
    assert_eq!(order["limits"], json!(["orders per 24h"]));
    assert!(plan["orders"][2]["until"].is_string());
    let limit = &plan["limits"][0];
    let counts = ["amount", "usedBefore", "usedAfter", "waiting"].map(|field| &limit[field]);
    assert_eq!(counts, [&json!(3), &json!(1), &json!(3), &json!(1)]);

    let (_, text) = home.plan(&[]);
    assert!(text.ends_with("2 to order, 1 waiting\nno problems\n"), "{text}");
    nobody_came(&server);
}

#[test]
fn what_an_issuer_must_refuse_is_told_with_its_cure_before_anybody_is_asked() {
    let server = server();
    let home = Home::of(&[
        ("class.yaml", CLASS),
        ("issuer.yaml", &acme(&server, "")),
        ("shop.yaml", &asks("acme", "wild", "*.example.test")),
    ]);
    let (code, text) = home.plan(&[]);
    assert_eq!(code, 1);
    let refused = text.lines().find(|line| line.starts_with("refused: ")).unwrap();
    assert!(refused.contains("Ingress shop/wild") && refused.contains("add a dns01 solver"));
    assert!(text.ends_with("1 refused\n1 problem\n"), "{text}");
    let (code, plan) = home.plan_json();
    assert_eq!((code, courses(&plan)), (1, vec!["Refuse"]));
    nobody_came(&server);
}

#[test]
fn a_default_issuer_may_be_an_object_and_one_that_is_not_there_is_told_by_check_and_plan() {
    let hello = fixed("demo", "hello", "hello.test", "{hosts: [hello.test]}", "hello");
    let issuer = "{apiVersion: doorward.dev/v1alpha1, kind: Issuer, metadata: {name: inner}, \
                  spec: {ca: {}}}\n";
    let home = Home::of(&[
        ("class.yaml", CLASS),
        ("hello.yaml", &hello),
        ("issuer.yaml", issuer),
        ("doorward.yaml", "defaultIssuer: inner\n"),
    ]);
    let (code, plan) = home.plan_json();
    assert_eq!((code, courses(&plan)), (0, vec!["Order"]));
    assert_eq!(plan["orders"][0]["issuer"], "inner");
    assert_eq!(home.run("check", &[]).status.code(), Some(0));

    home.write("doorward.yaml", "defaultIssuer: iner\n");
    let told = "rejected: Settings doorward.yaml, defaultIssuer: issuer iner does not exist, so \
                nothing is ordered: did you mean inner? (IssuerNotFound)";
    let (code, text) = home.plan(&[]);
    let check = home.run("check", &[]);
    assert_eq!((code, check.status.code()), (1, Some(1)));
    let check = String::from_utf8(check.stdout).unwrap();
    for text in [text, check] {
        assert!(text.lines().any(|line| line == told), "{text}");
    }
}

/// The leaf that `shop.test` is answered with.
async fn leaf(app: &App) -> Vec<u8> {
    let address = app.address("web", 443).await;
    wait_for(LIMIT, || async {
        let facts = TlsClient::unchecked().handshake(address, Some("shop.test")).await.ok()?;
        Some(facts.leaf.to_vec())
    })
    .await
}

fn ca_secret(name: &str, ca: &TestCa) -> String {
    let indented = |pem: &str| pem.lines().map(|line| format!("    {line}\n")).collect::<String>();
    format!(
        "apiVersion: v1
kind: Secret
metadata: {{namespace: doorward-system, name: {name}}}
type: kubernetes.io/tls
stringData:
  tls.crt: |
{}  tls.key: |
{}---
apiVersion: doorward.dev/v1alpha1
kind: Issuer
metadata: {{name: {name}}}
spec: {{ca: {{secretName: {name}}}}}
",
        indented(ca.pem()),
        indented(&ca.key_pem())
    )
}

/// What a running Doorward has in hand, what another issuer would change of it; and that it does
/// what was planned, the old certificate serving until then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_beside_a_run_touches_nothing_and_the_run_then_does_as_planned() {
    let (one, two) = (TestCa::new("one"), TestCa::new("two"));
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("one.yaml", &ca_secret("one", &one))
        .manifest("two.yaml", &ca_secret("two", &two))
        .manifest("shop.yaml", &asks("one", "web", "shop.test"))
        .start()
        .await;
    let old = leaf(&app).await;
    at_rest(&app).await;

    let next = Home::of(&[]);
    for entry in fs::read_dir(app.manifests()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, next.0.path().join(path.file_name().unwrap())).unwrap();
    }
    let state = app.state();
    let plan = |home: &Home| -> Value {
        let before = tree(&state);
        let (code, text) = home.plan(&["--state", state.to_str().unwrap(), "-o", "json"]);
        assert_eq!(tree(&state), before, "the state folder was touched");
        assert_eq!(code, 0, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let same = plan(&next);
    assert_eq!(courses(&same), ["Keep"], "{same:#}");
    assert_eq!(same["listeners"], json!([]), "{same:#}");

    next.write("shop.yaml", &asks("two", "web", "shop.test"));
    let planned = plan(&next);
    let order = &planned["orders"][0];
    assert_eq!((&order["course"], &order["why"]), (&json!("Order"), &json!("IssuerDiffers")));
    let [listener] = &planned["listeners"].as_array().unwrap()[..] else { panic!("{planned:#}") };
    let certificate = &listener["certificates"][0];
    assert_eq!(
        (&listener["listener"], &certificate["change"]),
        (&json!("web:443"), &json!("Changes"))
    );
    assert_eq!(certificate["before"], certificate["after"], "the old one serves until then");
    assert_eq!(certificate["onOrder"], true);

    app.write("shop.yaml", &asks("two", "web", "shop.test"));
    // A handshake fails the test; another certificate ends it.
    let address = app.address("web", 443).await;
    wait_until(LIMIT, || async {
        let facts = TlsClient::unchecked().handshake(address, Some("shop.test")).await;
        facts.expect("somebody serves at every moment").leaf.to_vec() != old
    })
    .await;
    TlsClient::trusting(&two).handshake(address, Some("shop.test")).await.unwrap();
    at_rest(&app).await;
    assert_eq!(courses(&plan(&next)), ["Keep"]);
}

/// Waits until what is served is written down, and nothing is on order.
async fn at_rest(app: &App) {
    wait_until(LIMIT, || async {
        let orders = app.get("/api/v1/orders").await.json();
        let is_served = orders.as_array().is_some_and(|orders| {
            !orders.is_empty() && orders.iter().all(|order| order["stage"] == "Served")
        });
        let served = app.listeners().await;
        let shown: Vec<&Value> = served.iter().map(|listener| &listener["certificates"]).collect();
        let text = fs::read_to_string(app.state().join("served.json")).unwrap_or_default();
        let recorded: Value = serde_json::from_str(&text).unwrap_or_default();
        let recorded = recorded.as_array().into_iter().flatten();
        let recorded: Vec<&Value> = recorded.map(|listener| &listener["certificates"]).collect();
        is_served && shown == recorded
    })
    .await;
}
