//! `deploy/` as people install it: every variant is taken whole by the API server.

use testkit::cluster::Cluster;

use super::{kubectl::Kubectl, stories};

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");

stories! {
async fn every_variant_applies_whole_and_twice(cluster: Cluster) {
    let Some(kubectl) = Kubectl::new(&cluster) else { return };
    for _ in 0..2 {
        kubectl.ok(&format!("apply --server-side -k {DEPLOY}"));
    }
    for crd in ["albconfigs.alibabacloud.com", "issuers.doorward.dev"] {
        kubectl.ok(&format!("wait --for=condition=Established crd/{crd} --timeout=20s"));
    }
    kubectl.ok("create namespace shop");
    kubectl.ok("create namespace istio-system");
    for variant in [
        "daemonset",
        "istio-crds",
        "examples/shop",
        "examples/mesh",
        "examples/all-namespaces",
        "examples/demo",
    ] {
        let path = format!("{DEPLOY}/{variant}");
        let how = if variant == "examples/demo" { "-f" } else { "-k" };
        // As whoever applied the first: a variant takes the place of another.
        let line = format!(
            "apply --server-side --force-conflicts --dry-run=server {how} {path}"
        );
        kubectl.ok(&line);
    }
    for (kind, namespace, name) in [
        ("Deployment", "doorward-system", "doorward"),
        ("PodDisruptionBudget", "doorward-system", "doorward"),
        ("NetworkPolicy", "doorward-system", "doorward"),
        ("Service", "doorward-system", "doorward"),
        ("ServiceAccount", "doorward-system", "doorward"),
        ("Role", "doorward-system", "doorward"),
        ("ClusterRole", "", "doorward"),
        ("CustomResourceDefinition", "", "albconfigs.alibabacloud.com"),
        ("CustomResourceDefinition", "", "issuers.doorward.dev"),
    ] {
        assert!(cluster.object(kind, namespace, name).await.is_some(), "{kind} {name}");
    }
}
}
