//! Envoy takes its certificates from Doorward: the real two, on one machine.

use std::{path::Path, process::Command};

use serde_json::Value;
use testkit::{
    LIMIT,
    app::{App, Setup},
    envoy::{Bootstrap, Discovery, Envoy, Host, Server},
    manifest::tls_secret,
    pki::{Issued, TestCa},
    wait_for, wait_until,
};

use crate::{certificates::shown, setup};

const NAMESPACE: &str = "istio-system";
const SETTINGS: &str = "mesh: {gatewayNamespace: istio-system}\n";

/// A Doorward that serves SDS on a socket in its own folder.
fn on_a_socket() -> Setup {
    setup().config(SETTINGS).arguments(&["--sds", "unix:sds.sock"])
}

fn socket(app: &App) -> Server {
    Server::Unix(app.state().parent().unwrap().join("sds.sock"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_envoy_takes_one_secret_over_a_socket_and_follows_the_file() {
    let ca = TestCa::new("root");
    let (first, second) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let app = on_a_socket()
        .manifest("a.yaml", &tls_secret(NAMESPACE, "myexample-credential", &first))
        .start()
        .await;
    let hosts = vec![Host::new("a.test", "kubernetes://myexample-credential")];
    let bootstrap = Bootstrap::new(Discovery::StateOfTheWorld, socket(&app), hosts);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let address = envoy.listener("https").await;
    shown(address, "a.test", &first).await;

    app.write("a.yaml", &tls_secret(NAMESPACE, "myexample-credential", &second));
    shown(address, "a.test", &second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_envoy_holds_is_shown_by_the_command_the_api_and_the_dump() {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["a.test"]);
    let app = on_a_socket().manifest("a.yaml", &tls_secret(NAMESPACE, "a", &pair)).start().await;
    let none = app.command(&["get", "sds"]);
    assert!(String::from_utf8_lossy(&none.stdout).contains("no Envoy is connected"));

    let hosts = vec![Host::new("a.test", "kubernetes://a"), Host::new("b.test", "kubernetes://b")];
    let bootstrap = Bootstrap::new(Discovery::AggregatedDelta, socket(&app), hosts);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    shown(envoy.listener("https").await, "a.test", &pair).await;
    let held = secret(&app, "kubernetes://a", "Acked").await;
    assert!(held["acked"]["time"].as_str().unwrap().ends_with('Z'));
    assert!(held["rejected"].is_null());
    let missing = secret(&app, "kubernetes://b", "Missing").await;
    assert!(missing["problem"].as_str().unwrap().contains("istio-system/b does not exist"));

    let table = app.command(&["get", "sds"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let row = table.lines().find(|line| line.contains("kubernetes://a")).expect(&table);
    for cell in ["gateway-0", NAMESPACE, "Delta ADS", "Acked"] {
        assert!(row.contains(cell), "{row}");
    }
    let json = app.command(&["get", "sds", "-o", "json"]);
    assert_eq!(json.stdout, app.get("/api/v1/sds").await.body);

    // The recipe that people know from Istio, on the name that Envoy asked by.
    let dump = app.get("/config_dump").await;
    let entry = &dump.json()["configs"][0]["dynamic_active_secrets"][0];
    assert_eq!(entry["name"], "kubernetes://a");
    assert_eq!(entry["version_info"], held["acked"]["version"]);
    assert!(!dump.text().contains(pair.key_pem.lines().nth(1).unwrap()));
    let acked = app.metric("doorward_sds_subscriptions{state=\"acked\"}").await;
    assert_eq!(acked, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_turns_bad_is_not_sent_and_says_why() {
    let ca = TestCa::new("root");
    let (good, other) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let app = on_a_socket().manifest("a.yaml", &tls_secret(NAMESPACE, "a", &good)).start().await;
    let hosts = vec![Host::new("a.test", "kubernetes://a")];
    let bootstrap = Bootstrap::new(Discovery::Delta, socket(&app), hosts);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    shown(envoy.listener("https").await, "a.test", &good).await;

    let mismatched = Issued { key_pem: other.key_pem.clone(), ..good.clone() };
    let garbage = Issued { chain_pem: "garbage".into(), ..good.clone() };
    for (bad, words) in [(mismatched, "another certificate"), (garbage, "not PEM")] {
        app.write("a.yaml", &tls_secret(NAMESPACE, "a", &bad));
        wait_until(LIMIT, || async {
            let held = secret(&app, "kubernetes://a", "Acked").await;
            held["problem"].as_str().is_some_and(|problem| problem.contains(words))
        })
        .await;
    }
    assert_eq!(envoy.stat("sds.kubernetes_a.update_success").await, 1);
    assert_eq!(envoy.stat("sds.kubernetes_a.update_rejected").await, 0);
    shown(envoy.listener("https").await, "a.test", &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_doorward_is_back_with_the_newest() {
    let ca = TestCa::new("root");
    let (first, second) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let mut app =
        on_a_socket().manifest("a.yaml", &tls_secret(NAMESPACE, "a", &first)).start().await;
    let hosts = vec![Host::new("a.test", "kubernetes://a")];
    let bootstrap = Bootstrap::new(Discovery::AggregatedDelta, socket(&app), hosts);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let address = envoy.listener("https").await;
    shown(address, "a.test", &first).await;
    app.kill();
    app.write("a.yaml", &tls_secret(NAMESPACE, "a", &second));
    shown(address, "a.test", &first).await;
    app.restart().await;
    shown(address, "a.test", &second).await;
}

/// One secret of the one Envoy, once it is in this state.
async fn secret(app: &App, name: &str, state: &str) -> Value {
    wait_for(LIMIT, || async {
        let envoys = app.get("/api/v1/sds").await.json();
        let secrets = envoys[0]["secrets"].as_array()?.clone();
        secrets.into_iter().find(|held| held["name"] == name && held["state"] == state)
    })
    .await
}

#[test]
fn wrong_settings_are_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = folder.path().to_str().unwrap();
    for (address, words) in [
        ("unix:sds.sock", "mesh.gatewayNamespace"),
        ("0.0.0.0:15012", "sds.tls"),
        ("nowhere", "unix:PATH"),
    ] {
        let output = Command::new(crate::BINARY)
            .args(["run", "--manifests", manifests, "--admin", "127.0.0.1:0", "--sds", address])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{address}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(words), "{address}: {said}");
    }
}

#[test]
fn envoy_takes_every_bootstrap_that_the_docs_show() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mesh.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let mut bootstraps: Vec<String> = blocks
        .iter()
        .filter(|block| block.starts_with("# envoy bootstrap"))
        .map(|&block| block.to_owned())
        .collect();
    assert_eq!(bootstraps.len(), 2);
    let on_demand = blocks.iter().find(|block| block.contains("on_demand_secret")).unwrap();
    bootstraps.push(with_context(&bootstraps[0], on_demand));

    // The files that one of them names.
    let folder = tempfile::tempdir().unwrap();
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["client.test"]);
    for (file, text) in [
        ("client.pem", pair.chain_pem.as_str()),
        ("client.key", &pair.key_pem),
        ("sds-ca.pem", ca.pem()),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    for bootstrap in bootstraps {
        let bootstrap = bootstrap.replace("FOLDER", folder.path().to_str().unwrap());
        let Some(output) = Envoy::validate(&bootstrap) else { return };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}\n{bootstrap}");
    }
}

/// The bootstrap with its listener's TLS context replaced, as the page tells readers to.
fn with_context(bootstrap: &str, context: &str) -> String {
    let (before, rest) = bootstrap.split_once("          common_tls_context:").unwrap();
    let (_, after) = rest.split_once("      filters:").unwrap();
    let context: String = context.lines().map(|line| format!("          {line}\n")).collect();
    format!("{before}{context}      filters:{after}")
}
