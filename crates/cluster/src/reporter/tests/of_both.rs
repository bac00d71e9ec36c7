//! What the real API server must agree to, with `kubectl` as the reader.

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use model::ObjectRef;
use serde_json::{Value, json};
use testkit::{LIMIT, cluster::Cluster, peers, wait_for, wait_until};
use tokio::task::JoinHandle;

use super::{
    address,
    scene::{CRD, IP, Leader, Scene, edge, ingress, live, show},
};
use crate::rights;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_this_process() {
    story(Arc::new(Cluster::in_process().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real() {
    if let Some(cluster) = Cluster::real().await {
        story(Arc::new(cluster)).await;
    }
}

async fn story(cluster: Arc<Cluster>) {
    let hall = Hall::of(cluster).await;
    let leader = hall.leader().await;
    statuses_stand_as_written(&hall).await;
    events_are_told_and_counted(&hall).await;
    what_is_cleared_is_no_longer_ours(&hall, &leader).await;
}

async fn statuses_stand_as_written(hall: &Hall) {
    let cluster = &hall.cluster;
    assert_eq!(cluster.wait_for("Ingress", "shop", "web", address).await, IP);
    // The server adds `ipMode` to it.
    assert_eq!(cluster.wait_for("Service", "shop", "front", address).await, IP);
    let id = |object: &Value| object["status"]["loadBalancer"]["id"].as_str().map(str::to_owned);
    cluster.wait_for("AlbConfig", "", "edge-lb", id).await;
    if let Some(told) = hall.kubectl(&["get", "albconfig"]) {
        let columns = ["edge-lb", IP, "443/HTTPS", "756-cn-hangzhou"];
        assert!(columns.iter().all(|column| told.contains(column)), "{told}");
    }
}

async fn events_are_told_and_counted(hall: &Hall) {
    let text = "none certificate found for host: shop.test".to_owned() + &"ü".repeat(600);
    for count in 1..=2 {
        hall.scene.fail("web", &text);
        let counted = |event: &Value| {
            event["involvedObject"]["kind"] == "Ingress"
                && event["reason"] == "FailedBuildModel"
                && event["count"] == count
        };
        wait_until(LIMIT, || async { hall.cluster.events().await.iter().any(counted) }).await;
        hall.scene.accept(ingress("web"));
        let healed =
            |event: &Value| event["reason"] == "SuccessfullyReconciled" && event["count"] == count;
        wait_until(LIMIT, || async { hall.cluster.events().await.iter().any(healed) }).await;
    }
    for object in [["ingress", "web"], ["albconfig", "edge-lb"]] {
        let Some(told) = hall.kubectl(&["-n", "shop", "describe", object[0], object[1]]) else {
            return;
        };
        let warning = told.lines().find(|line| line.contains("FailedBuildModel"));
        let warning = warning.unwrap_or_else(|| panic!("{told}"));
        let parts = ["Warning", "(x2 over", " ingress ", "none certificate found for host"];
        assert!(parts.iter().all(|part| warning.contains(part)), "{warning}");
    }
}

async fn what_is_cleared_is_no_longer_ours(hall: &Hall, leader: &Leader) {
    for object in [ingress("web"), ObjectRef::namespaced("Service", "shop", "front"), edge()] {
        hall.scene.forget(&object);
        let lives = hall.scene.lives.subscribe();
        let is_theirs = || !lives.borrow().objects[&object].is_ours;
        wait_until(LIMIT, || async { is_theirs() }).await;
        let namespace = object.namespace.as_deref().unwrap_or_default();
        let left = hall.cluster.object(&object.kind, namespace, &object.name).await.unwrap();
        let told = &left["status"]["loadBalancer"];
        assert!(told.get("ingress").is_none() && told.get("id").is_none(), "{left}");
    }
    assert_eq!(leader.counts.statuses_written(), 3 + 3, "each written once and cleared once");
    assert_eq!(leader.counts.failures(), 0);
}

/// One cluster with an AlbConfig, an Ingress and a Service.
struct Hall {
    cluster: Arc<Cluster>,
    scene: Scene,
    mirror: JoinHandle<()>,
}

impl Hall {
    async fn of(cluster: Arc<Cluster>) -> Self {
        cluster.put_yaml(CRD).await;
        rights::grant(&cluster).await;
        let spec = json!({"config": {"name": "edge"}});
        cluster
            .put(&json!({
                "apiVersion": "alibabacloud.com/v1", "kind": "AlbConfig",
                "metadata": {"name": "edge-lb"}, "spec": spec,
            }))
            .await;
        let backend = json!({"service": {"name": "front", "port": {"number": 80}}});
        cluster
            .put(&json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"ingressClassName": "edge", "defaultBackend": backend},
            }))
            .await;
        cluster
            .put(&json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {"name": "front", "namespace": "shop"},
                "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
            }))
            .await;
        let front = ObjectRef::namespaced("Service", "shop", "front");
        let scene = Scene::of([ingress("web"), front, edge()]);
        let (watched, lives) = (cluster.clone(), scene.lives.clone());
        let look = async move {
            loop {
                let mut objects = Vec::new();
                for kind in ["Ingress", "AlbConfig", "Service"] {
                    let of_kind = watched.objects(kind).await;
                    objects.extend(of_kind.into_iter().map(|mut object| {
                        // Items of a list come without it.
                        object["kind"] = kind.into();
                        object
                    }));
                }
                show(&lives, live(objects, None));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let mut shown = scene.lives.subscribe();
        let mirror = tokio::spawn(look);
        wait_for(LIMIT, || {
            let is_there = shown.borrow_and_update().objects.contains_key(&edge());
            async move { is_there.then_some(()) }
        })
        .await;
        Self { cluster, scene, mirror }
    }

    /// With the rights that are shipped.
    async fn leader(&self) -> Leader {
        self.scene.leader(rights::client(&self.cluster).await, "doorward-0", &[IP])
    }

    /// `None` where there is no kubectl, which is said on stderr.
    fn kubectl(&self, arguments: &[&str]) -> Option<String> {
        let program: PathBuf = peers::need("kubectl")?;
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .env("HOME", home.path());
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {arguments:?}: {text}{errors}");
        Some(text)
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.mirror.abort();
    }
}
