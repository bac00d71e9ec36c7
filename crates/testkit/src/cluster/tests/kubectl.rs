use std::process::Command;

use super::*;
use crate::peers;

told_of_both! {
    kubectl_works_with_an_ingress
    kubectl_prints_the_columns_of_a_custom_kind
    kubectl_makes_some_kinds_without_a_manifest
}

const INGRESS: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: default, annotations: {a: one}}
spec:
  ingressClassName: alb
  tls: [{hosts: [shop.test], secretName: web}]
  rules:
  - host: shop.test
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
";

pub(super) const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: albconfigs.alibabacloud.com}
spec:
  group: alibabacloud.com
  scope: Cluster
  names: {kind: AlbConfig, plural: albconfigs, singular: albconfig, categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    additionalPrinterColumns:
    - {name: ALBID, type: string, jsonPath: .status.loadBalancer.id}
    - {name: CERTID, type: string, jsonPath: ".status.loadBalancer.listeners[*].certificates[*].certificateId"}
    - {name: AGE, type: date, jsonPath: .metadata.creationTimestamp}
"#;

async fn kubectl_works_with_an_ingress(cluster: Cluster) {
    let Some(kubectl) = Kubectl::of(&cluster) else { return };
    kubectl.run(&["create", "-f", "-"], INGRESS);
    let changed = INGRESS.replace("one", "two");
    kubectl.run(&["apply", "-f", "-"], &changed);
    let again = kubectl.run(&["apply", "-f", "-"], &changed);
    assert!(again.contains("unchanged"), "{again}");
    kubectl.run(
        &["apply", "--server-side", "--field-manager=ops", "--force-conflicts", "-f", "-"],
        &INGRESS.replace("one", "three"),
    );
    kubectl.run(&["annotate", "ingress", "web", "b=four"], "");
    kubectl.run(
        &[
            "patch",
            "ing",
            "web",
            "--type=merge",
            "-p",
            r#"{"metadata":{"annotations":{"c":"five"}}}"#,
        ],
        "",
    );
    kubectl.run(
        &[
            "patch",
            "ing",
            "web",
            "--type=json",
            "-p",
            r#"[{"op":"add","path":"/metadata/annotations/d","value":"six"}]"#,
        ],
        "",
    );
    let ingress = cluster.object("Ingress", "default", "web").await.unwrap();
    let annotations = &ingress["metadata"]["annotations"];
    assert_eq!(
        ["a", "b", "c", "d"].map(|name| annotations[name].as_str().unwrap_or("")),
        ["three", "four", "five", "six"]
    );

    let status = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}});
    let status = json!({"status": status});
    let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/web/status";
    done(cluster.api().ask(Method::PATCH, path, content_type::MERGE, &status).await);
    cluster
        .put(&json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": "web.1", "namespace": "default"},
            "involvedObject": {
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web",
                "namespace": "default", "uid": ingress["metadata"]["uid"],
            },
            "type": "Normal", "reason": "SuccessfullyReconciled", "message": "it works",
            "source": {"component": "doorward"}, "count": 1,
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
        }))
        .await;

    let got = kubectl.run(&["get", "ingress"], "");
    let rows: Vec<Vec<_>> = got.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"]);
    assert_eq!(rows[1][..6], ["web", "alb", "shop.test", "192.0.2.7", "80,", "443"]);
    let described = kubectl.run(&["describe", "ingress", "web"], "");
    for expected in ["192.0.2.7", "web terminates shop.test", "SuccessfullyReconciled", "it works"]
    {
        assert!(described.contains(expected), "{expected}: {described}");
    }
    let gone = kubectl.run(&["delete", "ingress", "web", "--timeout=10s"], "");
    assert!(gone.contains("deleted"), "{gone}");
}

async fn kubectl_prints_the_columns_of_a_custom_kind(cluster: Cluster) {
    let Some(kubectl) = Kubectl::of(&cluster) else { return };
    kubectl.run(&["apply", "-f", "-"], DEFINITION);
    kubectl.run(
        &[
            "wait",
            "--for=condition=Established",
            "--timeout=20s",
            "crd/albconfigs.alibabacloud.com",
        ],
        "",
    );
    cluster
        .put(&json!({
            "apiVersion": "alibabacloud.com/v1", "kind": "AlbConfig", "metadata": {"name": "alb"},
            "spec": {"config": {"name": "one"}},
            "status": {"loadBalancer": {"id": "alb-1", "listeners": [
                {"certificates": [{"certificateId": "cert-1"}, {"certificateId": "cert-2"}]},
                {"certificates": [{"certificateId": "cert-3"}]},
            ]}},
        }))
        .await;
    let got = kubectl.run(&["get", "albconfig"], "");
    let rows: Vec<Vec<_>> = got.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "ALBID", "CERTID", "AGE"]);
    assert_eq!(rows[1][..3], ["alb", "alb-1", "cert-1"]);
    let edited = r#"{"spec":{"config":{"name":"zero"}}}"#;
    kubectl.run(&["patch", "albconfig", "alb", "--type=merge", "-p", edited], "");
    kubectl.run(&["edit", "albconfig", "alb"], "");
    let described = kubectl.run(&["describe", "albconfig", "alb"], "");
    assert!(described.contains("Name:  two") && described.contains("cert-3"), "{described}");
    kubectl.run(&["delete", "crd", "albconfigs.alibabacloud.com", "--timeout=10s"], "");
}

async fn kubectl_makes_some_kinds_without_a_manifest(cluster: Cluster) {
    let Some(kubectl) = Kubectl::of(&cluster) else { return };
    kubectl.run(&["create", "namespace", "shop"], "");
    kubectl.run(&["-n", "shop", "create", "secret", "generic", "web", "--from-literal=a=x"], "");
    kubectl.run(&["-n", "shop", "label", "secret", "web", "tier=front"], "");
    let secret = cluster.object("Secret", "shop", "web").await.unwrap();
    assert_eq!((&secret["data"], &secret["type"]), (&json!({"a": "eA=="}), &json!("Opaque")));
    assert_eq!(secret["metadata"]["labels"]["tier"], "front");
    let may = kubectl.run(&["auth", "can-i", "list", "secrets", "--namespace=shop"], "");
    assert_eq!(may.trim(), "yes");
}

struct Kubectl {
    program: std::path::PathBuf,
    kubeconfig: std::path::PathBuf,
    /// For its cache of what the server has.
    home: tempfile::TempDir,
}

impl Kubectl {
    fn of(cluster: &Cluster) -> Option<Self> {
        let program = peers::need("kubectl")?;
        let home = tempfile::tempdir().unwrap();
        Some(Self { program, kubeconfig: cluster.kubeconfig(), home })
    }

    /// Runs it beside the server, which is in this thread.
    #[track_caller]
    fn run(&self, arguments: &[&str], input: &str) -> String {
        let file = self.home.path().join("input.yaml");
        std::fs::write(&file, input).unwrap();
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.home.path())
            .env("KUBE_EDITOR", "sed -i s/zero/two/")
            .stdin(std::fs::File::open(&file).unwrap());
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {arguments:?}: {text}{errors}");
        text
    }
}
