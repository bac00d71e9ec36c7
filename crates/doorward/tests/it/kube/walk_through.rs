//! What docs/kubernetes.md shows, command by command, with the real kubectl; and how mistakes are
//! told.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    LIMIT, app::App, cluster::Cluster, peers::need, pki::TestCa, tls::TlsClient, wait_for,
};

use super::{kubectl::Kubectl, prepare, replica, stories};
use crate::{
    certificates::shown,
    printed::{Printed, printed, shows},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/kubernetes.md");

stories! {
async fn the_walk_through_works_line_by_line(cluster: Cluster) {
    if ["kubectl", "openssl", "curl"].map(need).contains(&None) {
        return;
    }
    prepare(&cluster).await;
    cluster.put_yaml("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}").await;
    let app = replica(&cluster).start().await;
    let terminal = Terminal::new(&cluster, &app);
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (_, section) = page.split_once("\n## Walk-through\n").unwrap();
    let commands = printed(section.split("\n## ").next().unwrap());
    assert!(commands.len() > 25, "only {} commands are printed", commands.len());
    for Printed { command, output } in commands {
        if command.contains(" port-forward ") {
            continue;
        }
        let is_look = command.starts_with("curl ")
            || ["get", "describe"].iter().any(|look| command.contains(&format!(" {look} ")));
        if is_look {
            // The way there from outside is the port that `port-forward` would open.
            let port = app.address("edge-lb", 443).await.port().to_string();
            let command = command.replace("8443", &port);
            eprintln!("{command}\n{output}");
            wait_for(LIMIT, || async {
                shows(&terminal.enter(&command).await?, &output).then_some(())
            })
            .await;
        } else {
            let shown = terminal.enter(&command).await.unwrap_or_else(|| panic!("{command}"));
            assert!(shows(&shown, &output), "{command}:\n{shown}");
        }
    }
    assert_eq!(cluster.objects("Ingress").await.len(), 0, "cleaned up");
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
    for what in ["status", "event"] {
        let written = format!("doorward_reports_written_total{{what=\"{what}\"}}");
        assert!(app.metric(&written).await >= 1.0, "{what}");
    }
    let metrics = app.get("/metrics").await.text();
    assert!(metrics.contains("\ndoorward_reports_failed_total "), "{metrics}");
}

/// What the CRD lets pass reaches Doorward, which says in the vendor's words what is wrong, on the
/// AlbConfig and on the Ingress that suffers, and serves the last good listeners meanwhile.
async fn a_malformed_albconfig_is_told_in_the_vendors_words(cluster: Cluster) {
    prepare(&cluster).await;
    let app = replica(&cluster).start().await;
    let ca = TestCa::new("walk");
    let good = crate::manifests::edge_lb("");
    cluster.put_yaml(&good).await;
    let leaf = ca.leaf(&["web.test"]);
    cluster.put_yaml(&testkit::manifest::tls_secret("shop", "web", &leaf)).await;
    let tls = "{hosts: [web.test], secretName: web}";
    let web = crate::manifests::ingress("alb", "shop", "web", "web.test", tls, "web");
    cluster.put_yaml(&web).await;
    let address = app.address("edge-lb", 443).await;
    shown(address, "web.test", &leaf).await;
    let served =
        async || TlsClient::trusting(&ca).get(address, "web.test", "/").await.unwrap().text();

    for (malformed, text) in [
        (
            crate::manifests::edge_lb("caEnabled: 'true'"),
            "unmarshalling albconfig error: json: cannot unmarshal string into Go struct field ListenerSpec.listeners.caEnabled of type bool",
        ),
        (
            crate::manifests::edge_lb("certificates: [{CertificateId: 756-cn, IsDefault: 'true'}]"),
            "json: cannot unmarshal string into Go struct field Certificate.listeners.certificates.IsDefault of type bool",
        ),
        (good.replace("  config: {name: edge-lb}\n", ""), "does not exist albconfig.spec.config"),
        (
            format!("{good}  - {{port: 80, protocol: HTTPS}}\n"),
            "conflict listener in albconfig, please remove it manual",
        ),
    ] {
        cluster.put_yaml(&malformed).await;
        told(&cluster, ("AlbConfig", "edge-lb"), text).await;
        assert_eq!(served().await, "web", "while: {text}");
    }

    // The Ingress that wants what the conflict takes, and one of a class that leads nowhere.
    let ports = "annotations:\n    alb.ingress.kubernetes.io/listen-ports: '[{\"HTTPS\":80}]'\n";
    let late = web.replace("name: web\n", "name: late\n").replace("annotations:\n", ports);
    cluster.put_yaml(&late).await;
    let text = "listener is not exist in edge-lb, port: 80, protocol: HTTPS";
    told(&cluster, ("Ingress", "late"), text).await;
    let bare = "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: bare}, spec: {controller: ingress.k8s.alibabacloud/alb}}";
    cluster.put_yaml(bare).await;
    let lost = crate::manifests::ingress("bare", "shop", "lost", "lost.test", "", "lost");
    cluster.put_yaml(&lost).await;
    let text = "albconfig must be referenced in IngressClass bare";
    told(&cluster, ("Ingress", "lost"), text).await;

    cluster.put_yaml(&good).await;
    assert_eq!(served().await, "web");
}
}

/// Waits for a Warning on this object, of a kind and a name, that begins with this text.
async fn told(cluster: &Cluster, (kind, name): (&str, &str), text: &str) {
    let is_it = |event: &Value| {
        let about = &event["involvedObject"];
        (&about["kind"], &about["name"]) == (&json!(kind), &json!(name))
            && (&event["type"], &event["reason"]) == (&json!("Warning"), &json!("FailedBuildModel"))
            && event["message"].as_str().is_some_and(|message| message.starts_with(text))
    };
    wait_for(LIMIT, || async { cluster.events().await.iter().any(is_it).then_some(()) }).await;
}

/// A shell in a folder that has `deploy`. What `kubectl exec` would run in a Pod runs here.
struct Terminal {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Terminal {
    fn new(cluster: &Cluster, app: &App) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let link = |to: &Path, name: &Path| std::os::unix::fs::symlink(to, name).unwrap();
        link(&Path::new(ROOT).join("deploy"), &folder.path().join("deploy"));
        link(Path::new(crate::BINARY), &bin.join("doorward"));
        let kubectl = bin.join("kubectl");
        let real = need("kubectl").unwrap();
        let text = format!(
            "#!/bin/sh\ncase \"$*\" in\n*' exec deploy/doorward -- '*)\n\
             while [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\";;\nesac\n\
             exec {} \"$@\"\n",
            real.display()
        );
        fs::write(&kubectl, text).unwrap();
        fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let environment = vec![
            ("PATH", format!("{}:{path}", bin.display())),
            ("KUBECONFIG", cluster.kubeconfig().display().to_string()),
            ("DOORWARD_ADMIN", app.admin().to_string()),
            // Discovery is cached there.
            ("HOME", folder.path().display().to_string()),
            // Saves what `kubectl edit` shows as it is.
            ("KUBE_EDITOR", "true".to_owned()),
        ];
        Self { folder, environment }
    }

    /// What the command prints; `None` if it fails.
    async fn enter(&self, command: &str) -> Option<String> {
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-c", command]).current_dir(self.folder.path());
        let output = shell.envs(self.environment.iter().cloned()).output().await.unwrap();
        if !output.status.success() {
            eprintln!("{command}: {}", String::from_utf8_lossy(&output.stderr));
            return None;
        }
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
