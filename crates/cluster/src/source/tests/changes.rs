//! Objects come, change and go.

use serde_json::json;
use testkit::{api_server::ApiServer, pki::TestCa};

use super::{scene::*, *};

#[tokio::test]
async fn the_first_world_is_complete() {
    let server = ApiServer::start().await;
    let pair = TestCa::new("root").leaf(&["a.test"]);
    server.put(alb_config_crd());
    server.put(alb_config());
    server.put(ingress("web", "tls-a"));
    server.put(service("web"));
    server.put(tls("tls-a", &pair));
    let mut scene = Scene::on(server).await;
    let world = scene.first().await;
    assert_eq!(world.generation, 1);
    assert_eq!(world.faults, []);
    let sizes =
        [world.alb_configs.len(), world.ingresses.len(), world.services.len(), world.secrets.len()];
    assert_eq!(sizes, [1, 1, 1, 1]);
    assert!(holds(&world, &Key::new("shop", "tls-a"), &pair));
    let sync = until(&mut scene.sync, |sync| sync.is_complete).await;
    assert_eq!(sync.missing, BTreeSet::new());
}

#[tokio::test]
async fn an_empty_cluster_is_a_world_too() {
    let mut scene = Scene::on(ApiServer::start().await).await;
    assert_eq!(scene.first().await.generation, 1);
}

#[tokio::test]
async fn a_kind_is_picked_up_when_its_crd_appears_and_empty_when_that_goes() {
    let mut scene = Scene::on(ApiServer::start().await).await;
    assert_eq!(scene.first().await.faults, []);
    scene.server.put(alb_config_crd());
    scene.server.put(alb_config());
    scene.world(|world| world.alb_configs.len() == 1).await;
    scene.server.delete("CustomResourceDefinition", "", "albconfigs.alibabacloud.com");
    scene.server.break_watches();
    scene.world(|world| world.alb_configs.is_empty()).await;
}

#[tokio::test]
async fn a_change_of_the_status_changes_what_is_live_and_nothing_else() {
    let server = ApiServer::start().await;
    server.put(ingress("web", "tls-a"));
    let mut scene = Scene::on(server).await;
    let key = Key::new("shop", "web");
    let first = scene.first().await;
    let web = ::model::ObjectRef::namespaced("Ingress", "shop", "web");
    let before = scene.live.borrow().objects[&web].clone();
    assert!(!before.is_ours);

    let status = json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}});
    scene.report("web", &status).await;
    let live = until(&mut scene.live, |live| live.objects[&web].is_ours).await;
    assert_eq!(live.objects[&web].status["loadBalancer"]["ingress"][0]["ip"], json!("203.0.113.7"));
    assert_eq!(live.objects[&web].revision, before.revision);
    assert_eq!(live.objects[&web].uid, before.uid);

    let after = scene.caught_up("marker").await;
    assert_eq!(after.generation, first.generation + 1, "the marker's alone");
    assert!(Arc::ptr_eq(&first.ingresses[&key], &after.ingresses[&key]));

    let mut edited = ingress("web", "tls-b");
    edited["metadata"]["annotations"] = json!({"a": "b"});
    scene.server.put(edited);
    let edited = scene.world(|world| !Arc::ptr_eq(&world.ingresses[&key], &first.ingresses[&key]));
    assert_eq!(edited.await.generation, first.generation + 2);
    assert_ne!(scene.live.borrow().objects[&web].revision, before.revision);
}

#[tokio::test]
async fn the_addresses_of_the_gateway_are_told() {
    let server = ApiServer::start().await;
    let mut scene = Scene::on(server).await;
    scene.first().await;
    assert_eq!(scene.live.borrow().gateway, None);
    scene.server.put(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "doorward", "namespace": "doorward-system"},
        "spec": {"externalIPs": ["198.51.100.1", "203.0.113.7"]},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}},
    }));
    let live = until(&mut scene.live, |live| live.gateway.is_some()).await;
    let told = json!({"ingress": [{"ip": "203.0.113.7"}, {"ip": "198.51.100.1"}]});
    assert_eq!(live.gateway.as_deref(), Some(&told));
}

#[tokio::test]
async fn what_the_console_changed_goes_into_the_world() {
    let mut scene = Scene::on(ApiServer::start().await).await;
    let first = scene.first().await;
    scene.console.send_modify(|console| {
        console.read_only.insert("edge-lb".into(), false);
    });
    let world = scene.world(|world| !world.console.is_read_only("edge-lb")).await;
    assert_eq!(world.generation, first.generation);
    let marked = scene.caught_up("marker").await;
    assert!(!marked.console.is_read_only("edge-lb"));
}
