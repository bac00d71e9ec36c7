//! What docs/kubernetes.md shows, with the real kubectl: a Secret, an Ingress, its status and
//! events, a renewed Secret, the store, an edited AlbConfig.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use testkit::{LIMIT, cluster::Cluster, peers::need, pki::TestCa, tls::TlsClient, wait_for};

use super::{STORE, prepare, replica, stories};
use crate::certificates::shown;

/// `kubectl`, pointed at the cluster.
struct Kubectl {
    tool: PathBuf,
    kubeconfig: PathBuf,
    folder: tempfile::TempDir,
}

impl Kubectl {
    fn new(cluster: &Cluster) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Some(Self { tool: need("kubectl")?, kubeconfig: cluster.kubeconfig(), folder })
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, line: &str) -> Output {
        Command::new(&self.tool)
            .args(line.split_whitespace())
            .env("KUBECONFIG", &self.kubeconfig)
            // Discovery is cached there.
            .env("HOME", self.folder())
            .current_dir(self.folder())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {line}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Repeats a look until it shows all of this.
    async fn shows(&self, line: &str, parts: &[&str]) -> String {
        wait_for(LIMIT, || async {
            let text = self.ok(line);
            parts.iter().all(|part| text.contains(part)).then_some(text)
        })
        .await
    }

    /// Writes a pair beside it, and the Secret's manifest.
    fn pair(&self, name: &str, pair: &testkit::pki::Issued) {
        std::fs::write(self.folder().join(format!("{name}.crt")), &pair.chain_pem).unwrap();
        std::fs::write(self.folder().join(format!("{name}.key")), &pair.key_pem).unwrap();
    }
}

stories! {
async fn the_walk_through_works_line_by_line(cluster: Cluster) {
    let Some(kubectl) = Kubectl::new(&cluster) else { return };
    prepare(&cluster).await;
    let app = replica(&cluster).start().await;
    let ca = TestCa::new("walk");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/examples/demo");

    // Create the Secret, apply the Ingress.
    let first = ca.leaf(&["demo.test"]);
    kubectl.pair("demo", &first);
    kubectl.ok("create namespace shop");
    kubectl.ok("-n shop create secret tls secret-tls --cert=demo.crt --key=demo.key");
    kubectl.ok(&format!("apply -f {demo}"));
    let address = app.address("edge-lb", 443).await;
    shown(address, "demo.test", &first).await;
    let answer = TlsClient::trusting(&ca).get(address, "demo.test", "/").await.unwrap();
    assert_eq!(answer.text(), "The demo.\n");

    // See it in the cluster.
    kubectl
        .shows(
            "describe ingress demo-https -n shop",
            &["203.0.113.7", "SuccessfullyReconciled", "Successfully reconciled", "ingress"],
        )
        .await;
    let columns = ["ALBID", "edge-lb", "203.0.113.7", "443/HTTPS", "shop/secret-tls"];
    kubectl.shows("get albconfig", &columns).await;

    // Renew the Secret.
    let renewed = ca.leaf(&["demo.test"]);
    kubectl.pair("demo", &renewed);
    let made = kubectl.ok("-n shop create secret tls secret-tls --cert=demo.crt --key=demo.key --dry-run=client -o yaml");
    std::fs::write(kubectl.folder().join("secret.yaml"), made).unwrap();
    kubectl.ok("apply -f secret.yaml");
    shown(address, "demo.test", &renewed).await;

    // A certificate of the store, named by the AlbConfig.
    let stored = ca.leaf(&["new.test", "demo.test"]);
    kubectl.pair("new", &stored);
    kubectl.ok(&format!("-n {STORE} create secret tls 756-cn-hangzhou --cert=new.crt --key=new.key"));
    kubectl.ok(&format!("-n {STORE} label secret 756-cn-hangzhou doorward.dev/certificate-id=756-cn-hangzhou"));
    kubectl.ok(r#"patch albconfig edge-lb --type=merge -p {"spec":{"listeners":[{"port":443,"protocol":"HTTPS","certificates":[{"CertificateId":"756-cn-hangzhou","IsDefault":true}]}]}}"#);
    shown(address, "new.test", &stored).await;
    kubectl.shows("get albconfig", &["756-cn-hangzhou"]).await;

    // Trigger by an annotation without meaning: one more reconcile, told by one more event.
    kubectl.ok("-n shop annotate ingress demo-https key_test=value_test");
    wait_for(LIMIT, || async {
        let events = cluster.events().await;
        let told = events.iter().filter(|event| {
            event["involvedObject"]["name"] == "demo-https"
                && event["reason"] == "SuccessfullyReconciled"
        });
        let times: u64 = told.map(|event| event["count"].as_u64().unwrap_or(1)).sum();
        (times >= 2).then_some(())
    })
    .await;
}

/// A mistake is told where people look, in the vendor's words, and only its object suffers.
async fn a_mistake_is_told_on_its_ingress_and_its_albconfig(cluster: Cluster) {
    let Some(kubectl) = Kubectl::new(&cluster) else { return };
    prepare(&cluster).await;
    let app = replica(&cluster).start().await;
    let ca = TestCa::new("walk");
    cluster.put_yaml(&crate::manifests::edge_lb("")).await;
    cluster.put_yaml(&testkit::manifest::tls_secret("shop", "good", &ca.leaf(&["good.test"]))).await;
    for (name, secret) in [("good", "good"), ("bad", "missing")] {
        let host = format!("{name}.test");
        let tls = format!("{{hosts: [{host}], secretName: {secret}}}");
        cluster
            .put_yaml(&crate::manifests::ingress("alb", "shop", name, &host, &tls, name))
            .await;
    }
    kubectl
        .shows("describe ingress bad -n shop", &["Warning", "FailedBuildModel", "shop/missing"])
        .await;
    kubectl.shows("describe albconfig edge-lb", &["FailedBuildModel", "shop/bad"]).await;
    let told = kubectl
        .shows("describe ingress good -n shop", &["SuccessfullyReconciled", "203.0.113.7"])
        .await;
    assert!(!told.contains("FailedBuildModel"), "{told}");
    let address = app.address("edge-lb", 443).await;
    let answer = TlsClient::trusting(&ca).get(address, "good.test", "/").await.unwrap();
    assert_eq!(answer.text(), "good");
}
}
