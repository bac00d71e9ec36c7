//! What outlives the process.

use testkit::{
    LIMIT, app::App, manifest::tls_secret, pki::TestCa, tls::TlsClient, wait_for, wait_until,
};

use crate::{
    certificates::shown,
    manifests::{CLASS, OWN_CA, edge_lb, fixed, ingress},
    setup,
};

async fn issued_leaf(app: &App) -> Vec<u8> {
    let address = app.address("web", 443).await;
    wait_for(LIMIT, || async {
        let facts = TlsClient::unchecked().handshake(address, Some("a.test")).await.ok()?;
        Some(facts.leaf.to_vec())
    })
    .await
}

#[tokio::test]
async fn a_killed_process_comes_back_with_its_ca_and_certificates() {
    let mut app = setup()
        .config(OWN_CA)
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &fixed("a", "a", "a.test", "{hosts: [a.test]}", "a"))
        .start()
        .await;
    let leaf = issued_leaf(&app).await;
    let root = std::fs::read(app.state().join("ca/root.crt")).unwrap();
    app.restart().await;
    assert_eq!(issued_leaf(&app).await, leaf, "what is valid is kept");
    assert_eq!(std::fs::read(app.state().join("ca/root.crt")).unwrap(), root);
}

#[tokio::test]
async fn a_listener_whose_settings_turned_bad_is_served_after_a_restart_too() {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test"]);
    let good = edge_lb("idleTimeout: 30");
    let mut app = setup()
        .manifest("edge-lb.yaml", &good)
        .manifest("tls.yaml", &tls_secret("shop", "tls", &pair))
        .manifest(
            "web.yaml",
            &ingress(
                "alb",
                "shop",
                "web",
                "shop.test",
                "{hosts: [shop.test], secretName: tls}",
                "shop",
            ),
        )
        .start()
        .await;
    shown(app.address("edge-lb", 443).await, "shop.test", &pair).await;
    app.write("edge-lb.yaml", &edge_lb("caEnabled: \"true\""));
    app.verdict("AlbConfig edge-lb", "InvalidField").await;
    let memory = app.state().join("memory.yaml");
    let is_saved =
        || std::fs::read_to_string(&memory).is_ok_and(|text| text.contains("idleSeconds"));
    wait_until(LIMIT, || async { is_saved() }).await;

    app.restart().await;
    shown(app.address("edge-lb", 443).await, "shop.test", &pair).await;
    let verdict = app.verdict("AlbConfig edge-lb", "InvalidField").await;
    assert_eq!(verdict["field"], "spec.listeners[1].caEnabled");
}

#[tokio::test]
async fn keys_in_the_state_folder_are_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let app = setup()
        .config(OWN_CA)
        .manifest("class.yaml", CLASS)
        .manifest("a.yaml", &fixed("a", "a", "a.test", "{hosts: [a.test]}", "a"))
        .start()
        .await;
    issued_leaf(&app).await;
    let mut folders = vec![app.state()];
    let mut keys = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if std::fs::read_to_string(entry.path()).unwrap().contains("PRIVATE KEY")
                || entry.path().extension().is_some_and(|extension| extension == "yaml")
            {
                keys += 1;
                assert_eq!(mode, 0, "{} is open to others", entry.path().display());
            }
        }
    }
    assert!(keys >= 2, "the root's key and an issued Secret");
    let logs = app.logs().join("\n");
    assert!(!logs.contains("PRIVATE KEY"), "no key in the log");
}
