//! A state folder that cannot be written, at the start and later.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use http::Method;
use serde_json::json;
use testkit::{
    LIMIT, app::App, http::request, manifest::tls_secret, peers, pki::TestCa, tls::TlsClient,
    wait_for,
};

use crate::{
    BINARY,
    certificates::shown,
    manifests::{CLASS, OWN_CA, fixed},
    setup,
};

#[test]
fn a_state_folder_that_cannot_be_made_ends_the_start_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let output = Command::new(BINARY)
        .args(["run", "--manifests", ".", "--admin", "127.0.0.1:0", "--state", "file/state"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("file/state") && error.contains("--state DIR"), "{error}");
}

#[tokio::test]
async fn two_doorwards_do_not_share_a_state_folder() {
    let app = setup().start().await;
    let state = app.state().display().to_string();
    let output =
        app.command(&["run", "--manifests", ".", "--admin", "127.0.0.1:0", "--state", &state]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("another Doorward uses it"), "{error}");
}

/// Writes of more bytes than this fail for the process from now on; 0 is a full disk.
fn limit_writes(app: &App, bytes: &str) {
    let prlimit = peers::need("prlimit").unwrap();
    let pid = app.pid().to_string();
    let limit = format!("--fsize={bytes}:unlimited");
    assert!(Command::new(prlimit).args(["--pid", &pid, &limit]).status().unwrap().success());
}

/// The binary, told to take a write beyond the limit as an error rather than as a signal.
fn wrapper(folder: &Path) -> PathBuf {
    let path = folder.join("doorward");
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nexec {BINARY} \"$@\"\n");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_full_disk_is_told_of_loses_nothing_and_heals() {
    if peers::need("prlimit").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ca = TestCa::new("root");
    let good = ca.leaf(&["a.test"]);
    let app = App::setup(wrapper(folder.path()))
        .config(OWN_CA)
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &fixed("a", "web", "a.test", "{hosts: [a.test], secretName: tls}", "a"))
        .manifest("tls.yaml", &tls_secret("a", "tls", &good))
        .start()
        .await;
    let address = app.address("web", 443).await;
    shown(address, "a.test", &good).await;

    limit_writes(&app, "0");
    app.write("b.yaml", &fixed("b", "web", "b.test", "{hosts: [b.test]}", "b"));
    let order = wait_for(LIMIT, || async {
        let orders = app.get("/api/v1/orders").await.json();
        orders.as_array()?.iter().find(|order| order["state"] == "Failed").cloned()
    })
    .await;
    assert!(order["message"].as_str().unwrap().contains("cannot write"), "{order:#}");

    let pair = ca.leaf(&["c.test"]);
    let body = json!({"certificate": pair.chain_pem, "privateKey": pair.key_pem});
    let uri = format!("http://{}/api/v1/certificates", app.admin());
    let upload = || request(Method::POST, &uri, body.to_string());
    let refused = app.ask(upload()).await;
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert!(refused.text().contains("cannot write"), "{}", refused.text());
    shown(address, "a.test", &good).await;

    limit_writes(&app, "unlimited");
    wait_for(LIMIT, || async {
        TlsClient::unchecked().handshake(address, Some("b.test")).await.ok()
    })
    .await;
    assert_eq!(app.ask(upload()).await.status, 201);
}

#[tokio::test]
async fn a_root_whose_key_is_lost_is_not_silently_replaced() {
    let mut app = setup()
        .config(OWN_CA)
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &fixed("a", "web", "a.test", "{hosts: [a.test]}", "a"))
        .start()
        .await;
    let address = app.address("web", 443).await;
    let issued = wait_for(LIMIT, || async {
        TlsClient::unchecked().handshake(address, Some("a.test")).await.ok()
    })
    .await;

    let root = app.state().join("ca/root.crt");
    let before = std::fs::read(&root).unwrap();
    std::fs::remove_file(app.state().join("ca/root.key")).unwrap();
    app.write("b.yaml", &fixed("b", "web", "b.test", "{hosts: [b.test]}", "b"));
    app.restart().await;
    let order = wait_for(LIMIT, || async {
        let orders = app.get("/api/v1/orders").await.json();
        orders.as_array()?.iter().find(|order| order["state"] == "Failed").cloned()
    })
    .await;
    assert!(order["message"].as_str().unwrap().contains("restore both files"), "{order:#}");
    let orders = async |state| app.metric(&format!("doorward_orders{{state=\"{state}\"}}")).await;
    assert_eq!((orders("failed").await, orders("issued").await), (1.0, 1.0));
    assert_eq!(std::fs::read(&root).unwrap(), before);
    let address = app.address("web", 443).await;
    let still = TlsClient::unchecked().handshake(address, Some("a.test")).await.unwrap();
    assert_eq!(still.leaf, issued.leaf, "what was issued is served");
}
