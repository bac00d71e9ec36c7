//! `doorward run --pki-inventory`: what it tells of the machines of the lab, while it serves.

use std::{fs, path::Path};

use testkit::{
    LIMIT,
    app::App,
    http,
    lab::{Lab, Shape},
    wait_until,
};

use crate::{
    manifests::{CLASS, fixed},
    setup,
};

const READ_FAILED: &str = "cannot read the inventory";

#[tokio::test]
async fn a_run_tells_of_machines_and_serves_whatever_becomes_of_them() {
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inventory.yaml");
    let unread = format!("ClusterInventory {}", file.display());
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &fixed("a", "a", "a.test", "", "here"))
        .arguments(&["--pki-inventory", &file.to_string_lossy()])
        .start()
        .await;

    // No inventory: that is told, and everything is served.
    let verdict = app.verdict(&unread, "InvalidField").await;
    let says = verdict["message"].as_str().unwrap();
    assert!(says.contains(READ_FAILED) && says.ends_with("no machine is looked at"), "{says}");
    app.logged(READ_FAILED).await;
    assert!(!app.get("/metrics").await.text().contains("doorward_pki"));
    assert_serves(&app).await;

    // One that comes while it runs.
    let inventory = fs::read_to_string(lab.inventory()).unwrap();
    put(&file, &inventory);
    let verdict = app.verdict("ClusterInventory lab", "CertificateExpiring").await;
    assert_eq!(verdict["state"], "Warning");
    app.logged("etcd-server ends").await;
    assert_eq!(app.metric("doorward_pki_status").await, 1.0, "the authorities end in 54 days");
    assert_eq!(app.metric("doorward_pki_host_reached{host=\"master-3\"}").await, 1.0);
    assert!(app.metric("doorward_pki_look_timestamp_seconds").await > 1.0e9);
    assert!(app.verdicts(&unread).await.is_empty());
    let warned = |part: &str| app.logs().iter().filter(|line| line.contains(part)).count();
    let of_peer = format!("{}-name-1.pem: ", lab.machines()[0].address);
    assert_eq!(warned(&of_peer), 3, "it lies on each master");

    // A broken one: the last good one stays, and so does what was seen.
    put(&file, "kind: ClusterInventory\nspec: {hosts: []}\n");
    let verdict = app.verdict(&unread, "InvalidField").await;
    let says = verdict["message"].as_str().unwrap();
    assert!(says.ends_with("the inventory lab that it held before stays"), "{says}");
    assert!(!app.verdicts("ClusterInventory lab").await.is_empty());
    assert_eq!(warned(&of_peer), 3, "what is known is not told again");

    // Another one, and a machine that is away.
    lab.machines()[2].must("systemctl stop sshd");
    put(&file, &inventory.replace("{name: lab}", "{name: shop}"));
    app.verdict("ClusterInventory shop", "PkiInconsistent").await;
    wait_until(LIMIT, || async { app.metric("doorward_pki_status").await == 4.0 }).await;
    assert_eq!(app.metric("doorward_pki_host_reached{host=\"master-3\"}").await, 0.0);
    assert_eq!(app.metric("doorward_pki_host_reached{host=\"master-2\"}").await, 1.0);
    app.logged("master-3: not looked at").await;
    assert_serves(&app).await;
}

async fn assert_serves(app: &App) {
    assert_eq!(app.get("/readyz").await.status, 200);
    let address = app.address("web", 80).await;
    let answer = http::get_plain(address, "a.test", "/").await.unwrap();
    assert_eq!(answer.text(), "here");
}

/// By rename, so that no half file is ever read.
fn put(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}
