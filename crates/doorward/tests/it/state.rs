//! A state folder that cannot be written, at the start and later.

use std::{os::unix::fs::PermissionsExt, process::Command};

use http::Method;
use serde_json::json;
use testkit::{LIMIT, http::request, manifest::tls_secret, pki::TestCa, tls::TlsClient, wait_for};

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

#[tokio::test]
async fn what_cannot_be_stored_is_told_and_everything_else_is_served() {
    let ca = TestCa::new("root");
    let good = ca.leaf(&["a.test"]);
    let mut app = setup()
        .config(OWN_CA)
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &fixed("a", "web", "a.test", "{hosts: [a.test], secretName: tls}", "a"))
        .manifest("tls.yaml", &tls_secret("a", "tls", &good))
        .start()
        .await;
    let address = app.address("web", 443).await;
    shown(address, "a.test", &good).await;

    // A file stands where the folder of issued and uploaded Secrets has to be; unlike a missing
    // permission, this also stops root.
    let in_the_way = app.state().join("secrets/doorward-system");
    std::fs::write(&in_the_way, "").unwrap();
    app.write("b.yaml", &fixed("b", "web", "b.test", "{hosts: [b.test]}", "b"));
    let order = wait_for(LIMIT, || async {
        let orders = app.get("/api/v1/orders").await.json();
        orders.as_array()?.iter().find(|order| order["state"] == "Failed").cloned()
    })
    .await;
    let message = order["message"].as_str().unwrap();
    assert!(message.contains("secrets/doorward-system"), "{message}");

    let pair = ca.leaf(&["c.test"]);
    let body = json!({"certificate": pair.chain_pem, "privateKey": pair.key_pem});
    let uri = format!("http://{}/api/v1/certificates", app.admin());
    let refused = app.ask(request(Method::POST, &uri, body.to_string())).await;
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert!(refused.text().contains("secrets/doorward-system"), "{}", refused.text());
    shown(address, "a.test", &good).await;

    std::fs::remove_file(&in_the_way).unwrap();
    app.restart().await;
    let address = app.address("web", 443).await;
    wait_for(LIMIT, || async {
        TlsClient::unchecked().handshake(address, Some("b.test")).await.ok()
    })
    .await;
}

#[test]
fn a_root_whose_key_is_lost_is_not_silently_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("state/ca");
    std::fs::create_dir_all(&ca).unwrap();
    std::fs::set_permissions(&ca, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(ca.join("root.crt"), TestCa::new("old").pem()).unwrap();
    let output = Command::new(BINARY)
        .args(["run", "--manifests", ".", "--admin", "127.0.0.1:0", "--state", "state"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("own CA") && error.contains("restore both files"), "{error}");
}
