//! `doorward pki` under the real kube-apiserver, one on each of three masters, while somebody
//! writes to etcd and somebody else makes objects through the API servers. Skipped where
//! `KUBEBUILDER_ASSETS` names no folder that has it.

use std::process::Command;

use testkit::{
    cluster,
    lab::{Lab, Shape, Writer},
    peers,
};

use crate::{
    pki::{ROTATED, assert_nothing_lost, assert_same, files, pki, restarts},
    pki_status::{loopback_rows, status},
};

/// Somebody who writes to etcd, and somebody who writes to the API servers.
struct Writers(Writer, Writer);

impl Writers {
    async fn of(lab: &Lab) -> Self {
        Self(lab.writer().await, lab.api_writer().await)
    }

    async fn lost_nothing(self, what: &str, told: &str) {
        let restarts = restarts(told);
        assert_nothing_lost(&format!("{what}, to etcd"), restarts, &self.0.report().await);
        assert_nothing_lost(&format!("{what}, to the API"), restarts, &self.1.report().await);
    }
}

/// As somebody at the first master would, with its `admin.conf`.
fn kubectl(lab: &Lab, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(peers::need("kubectl")?);
    command.arg("--kubeconfig").arg(lab.machines()[0].path("/etc/kubernetes/admin.conf"));
    let output = command.args(arguments).env("HOME", lab.folder()).output().unwrap();
    let [text, wrong] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "kubectl {arguments:?}: {text}{wrong}");
    Some(text)
}

#[tokio::test]
async fn real_api_servers_take_writes_while_authorities_are_renewed_and_put_back() {
    let Some(assets) = cluster::assets() else { return };
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    lab.start_kube_apiservers(&assets).await.unwrap();
    let (_, seen) = status(&lab).await;
    let loopback = loopback_rows(&seen);
    assert_eq!(loopback.len(), 3, "{seen:#}");
    for row in loopback {
        let name = row["name"].as_str().unwrap();
        assert!(name.starts_with("apiserver-loopback-client"), "{row}");
        eprintln!("{name} ends {}", row["effective"]);
    }
    let before = files(&lab);
    let writers = Writers::of(&lab).await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert!(!told.contains("was not seen to write"), "{told}");
    writers.lost_nothing("cross", &told).await;
    pki(&lab, "verify", &[]).await;
    if let Some(found) = kubectl(&lab, &["get", "configmaps", "-n", "kube-system", "-o", "name"]) {
        assert!(!found.contains("pki-probe"), "{found}");
    }

    let writers = Writers::of(&lab).await;
    let told = pki(&lab, "rollback", &["--yes"]).await;
    writers.lost_nothing("cross, walked back", &told).await;
    assert_same(&before, &lab);

    let writers = Writers::of(&lab).await;
    let told = pki(&lab, "renew", &["--yes", "--kubernetes"]).await;
    assert!(told.contains("/etc/kubernetes/admin.conf ← key admin"), "{told}");
    writers.lost_nothing("with what Kubernetes has besides", &told).await;
    kubectl(&lab, &["create", "configmap", "after-all", "--from-literal=it=works"]);
}
