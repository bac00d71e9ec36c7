//! What docs/kubernetes.md shows, with the real kubectl: a Secret, an Ingress, its status and
//! events, a renewed Secret, the store, an edited AlbConfig.

use serde_json::{Value, json};
use testkit::{LIMIT, cluster::Cluster, pki::TestCa, tls::TlsClient, wait_for};

use super::{STORE, kubectl::Kubectl, prepare, replica, stories};
use crate::certificates::shown;

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
