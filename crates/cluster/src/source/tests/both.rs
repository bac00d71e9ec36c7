//! Stories that are told of the API server in this process and of the real one, where that is at
//! hand.

use kube::discovery::ApiResource;
use serde_json::{Value, json};
use testkit::{cluster::Cluster, pki::TestCa};

use super::{scene::*, *};
use crate::rights;

/// Everything that the selectors, the paging and the metadata-only lists are relied on for.
async fn objects_come_change_and_go(mut cluster: Cluster) {
    let ca = TestCa::new("root");
    let [old, new] = [ca.leaf(&["a.test"]), ca.leaf(&["a.test"])];
    cluster.put(&ingress("web", "named")).await;
    cluster.put(&service("web")).await;
    cluster.put(&tls("tls-a", &old)).await;
    cluster.put(&opaque("named", &old)).await;
    cluster.put(&opaque("other", &old)).await;
    let mut stored = secret("doorward-system", "upload", "Opaque", &old);
    stored["metadata"]["labels"] = json!({"doorward.dev/certificate-id": "756-cn-hangzhou"});
    cluster.put(&stored).await;

    let mut source = Running::on(cluster.kubeconfig(), options()).await;
    let world = source.first().await;
    assert_eq!(world.faults, []);
    let secrets: Vec<_> = world.secrets.keys().map(|key| &*key.name).collect();
    assert_eq!(secrets, ["upload", "named", "tls-a"]);
    let stored = &world.secrets[&Key::new("doorward-system", "upload")].body;
    assert!(stored.store_id.is_some());
    let (web, named) = (Key::new("shop", "web"), Key::new("shop", "named"));
    let kept = world.ingresses[&web].clone();

    // A status alone is no news; a change while the server is away is, once it is back.
    let status = json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}});
    source.report("web", &status).await;
    let reference = model::ObjectRef::namespaced("Ingress", "shop", "web");
    until(&mut source.live, |live| live.objects[&reference].is_ours).await;
    cluster.put(&opaque("named", &new)).await;
    let world = source.world(|world| holds(world, &named, &new)).await;
    assert!(Arc::ptr_eq(&world.ingresses[&web], &kept));
    cluster.away().await;
    until(&mut source.sync, |sync| sync.away.is_some()).await;
    cluster.back().await;
    cluster.put(&tls("tls-a", &new)).await;
    source.world(|world| holds(world, &Key::new("shop", "tls-a"), &new)).await;
    until(&mut source.sync, |sync| sync.away.is_none()).await;

    // A kind that is installed later, and a name that nobody uses any more.
    cluster.put(&alb_config_crd()).await;
    cluster.put(&alb_config()).await;
    source.world(|world| world.alb_configs.len() == 1).await;
    cluster.delete("Ingress", "shop", "web").await;
    source.world(|world| world.ingresses.is_empty() && world.secrets.len() == 2).await;
}

#[tokio::test]
async fn objects_come_change_and_go_in_process() {
    Box::pin(objects_come_change_and_go(Cluster::in_process().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_come_change_and_go_on_the_real_server() {
    if let Some(cluster) = Cluster::real().await {
        Box::pin(objects_come_change_and_go(cluster)).await;
    }
}

/// Whichever version of Istio's API there is, and Secrets that only a Gateway names.
async fn the_objects_of_a_mesh_come_and_go(cluster: Cluster) {
    let ca = TestCa::new("root");
    let [old, new] = [ca.leaf(&["*.a.test"]), ca.leaf(&["*.a.test"])];
    cluster.put(&generic("web-credential", &old)).await;
    cluster.put(&generic("web-credential-cacert", &old)).await;
    cluster.put(&generic("other", &old)).await;
    let mut source = Running::on(cluster.kubeconfig(), options()).await;
    let world = source.first().await;
    assert!(world.faults.is_empty() && world.secrets.is_empty(), "without Istio's CRDs");

    let [gateways, virtual_services] = istio_crds();
    cluster.put(&only_version(gateways, "v1beta1")).await;
    cluster.put(&virtual_services).await;
    cluster.put(&gateway("v1beta1", "web-credential")).await;
    cluster.put(&virtual_service("v1")).await;
    let credential = Key::new("istio-system", "web-credential");
    let world =
        source.world(|world| world.virtual_services.len() == 1 && holds(world, &credential, &old));
    let names: Vec<_> = world.await.secrets.keys().map(|key| key.name.to_string()).collect();
    assert_eq!(names, ["web-credential", "web-credential-cacert"]);

    cluster.put(&generic("web-credential", &new)).await;
    source.world(|world| holds(world, &credential, &new)).await;
    cluster.put(&gateway("v1beta1", "other")).await;
    source.world(|world| holds(world, &Key::new("istio-system", "other"), &old)).await;
    cluster.delete("Gateway", "shop", "web").await;
    source.world(|world| world.gateways.is_empty() && world.secrets.is_empty()).await;
}

#[tokio::test]
async fn the_objects_of_a_mesh_come_and_go_in_process() {
    Box::pin(the_objects_of_a_mesh_come_and_go(Cluster::in_process().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_objects_of_a_mesh_come_and_go_on_the_real_server() {
    if let Some(cluster) = Cluster::real().await {
        Box::pin(the_objects_of_a_mesh_come_and_go(cluster)).await;
    }
}

/// With the rights that are shipped, and every kind there is to read.
async fn the_rights_that_are_shipped_suffice(cluster: Cluster) {
    let pair = TestCa::new("root").leaf(&["a.test"]);
    cluster.put(&tls("tls-a", &pair)).await;
    for kind in Kind::ALL {
        let resource = watches::newest(kind);
        if !resource.group.is_empty() && !resource.group.ends_with(".k8s.io") {
            cluster.put(&definition(&resource, kind.is_namespaced())).await;
        }
    }
    rights::grant(&cluster).await;
    let account = cluster.service_account_kubeconfig();
    let secret_namespaces = Some(["shop".into()].into());
    let narrow = SourceOptions { secret_namespaces, ..options() };
    let mut source = Running::on(account.clone(), narrow).await;
    let refused = |world: &World| {
        let refused: Vec<_> = world.faults.iter().map(|fault| fault.object.to_string()).collect();
        world.generation > 0 && refused == ["Access shop/secrets"]
    };
    assert_eq!(source.world(refused).await.secrets.len(), 0);
    rights::grant_in(&cluster, "shop").await;
    source.world(|world| world.faults.is_empty() && world.secrets.len() == 1).await;
    drop(source);

    let mut source = Running::on(account, options()).await;
    source.world(|world| world.generation > 0 && !world.faults.is_empty()).await;
    rights::grant_everywhere(&cluster).await;
    source.world(|world| world.faults.is_empty() && world.secrets.len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_are_shipped_suffice_in_process() {
    Box::pin(the_rights_that_are_shipped_suffice(Cluster::in_process().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_are_shipped_suffice_on_the_real_server() {
    if let Some(cluster) = Cluster::real().await {
        Box::pin(the_rights_that_are_shipped_suffice(cluster)).await;
    }
}

/// A CRD that takes any object.
fn definition(resource: &ApiResource, is_namespaced: bool) -> Value {
    let ApiResource { group, version, kind, plural, .. } = resource;
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"openAPIV3Schema": schema});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "scope": if is_namespaced { "Namespaced" } else { "Cluster" },
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind},
            "versions": [{"name": version, "served": true, "storage": true, "schema": schema}],
        },
    })
}
