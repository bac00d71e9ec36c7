//! What goes wrong on the way, and that nothing good is lost by it.

use model::Reason;
use serde_json::json;
use testkit::api_server::ApiServer;

use super::{scene::*, *};

#[tokio::test]
async fn a_history_that_is_too_old_is_read_anew_and_the_world_is_never_empty_meanwhile() {
    for is_refused in [false, true] {
        let server = ApiServer::start().await;
        server.refuse_expired_watches(is_refused);
        for name in ["a", "b", "c"] {
            server.put(service(name));
        }
        let mut scene = Scene::on(server).await;
        let kept = scene.first().await.services[&Key::new("shop", "a")].clone();
        let mut worlds = scene.worlds.clone();
        let smallest = tokio::spawn(async move {
            let mut smallest = usize::MAX;
            while worlds.changed().await.is_ok() {
                smallest = smallest.min(worlds.borrow_and_update().services.len());
            }
            smallest
        });

        scene.server.away();
        scene.server.delete("Service", "shop", "b");
        scene.server.put(service("d"));
        scene.server.compact();
        scene.server.back();
        let is_new = |world: &World| {
            let names: Vec<_> = world.services.keys().map(|key| &*key.name).collect();
            names == ["a", "c", "d"]
        };
        let world = scene.world(is_new).await;
        assert!(Arc::ptr_eq(&world.services[&Key::new("shop", "a")], &kept));
        drop(scene);
        assert!(smallest.await.unwrap() >= 3);
    }
}

#[tokio::test]
async fn watches_that_are_cut_go_on_where_they_were() {
    let mut scene = Scene::on(ApiServer::start().await).await;
    scene.first().await;
    let lists = scene.server.count("list", "services");
    for round in 0..3 {
        scene.server.break_watches();
        scene.caught_up(&format!("round-{round}")).await;
    }
    assert_eq!(scene.server.count("list", "services"), lists, "no list is needed for that");
    assert_eq!(scene.sync.borrow().away, None);
}

#[tokio::test]
async fn while_the_server_is_away_the_world_stays_and_then_it_goes_on() {
    let server = ApiServer::start().await;
    server.put(service("web"));
    let mut scene = Scene::on(server).await;
    let first = scene.first().await;
    scene.server.away();
    until(&mut scene.sync, |sync| sync.away.is_some()).await;
    assert!(Arc::ptr_eq(&first, &scene.worlds.borrow()));
    scene.server.back();
    until(&mut scene.sync, |sync| sync.away.is_none()).await;
    scene.caught_up("marker").await;
}

#[tokio::test]
async fn a_source_that_starts_while_the_server_is_away_says_what_it_waits_for() {
    let server = ApiServer::start().await;
    server.put(service("web"));
    server.away();
    let mut scene = Scene::on(server).await;
    let sync = until(&mut scene.sync, |sync| sync.away.is_some()).await;
    assert!(!sync.is_complete);
    assert!(sync.missing.contains("Ingress"), "{:?}", sync.missing);
    scene.server.back();
    assert_eq!(scene.first().await.services.len(), 1);
}

#[tokio::test]
async fn a_kind_that_is_refused_names_the_rule_and_heals_when_it_is_allowed() {
    let server = ApiServer::start().await;
    server.put(ingress("web", "tls-a"));
    server.put(service("web"));
    server.deny("list", "ingresses");
    let mut scene = Scene::on(server).await;
    let world = scene.first().await;
    assert_eq!((world.ingresses.len(), world.services.len()), (0, 1));
    let [fault] = world.faults.as_slice() else { panic!("one fault: {:?}", world.faults) };
    assert_eq!(fault.reason, Reason::AccessDenied);
    assert_eq!(fault.object.to_string(), "Access ingresses.networking.k8s.io");
    for part in [
        "refuses to list ingresses",
        "a ClusterRole",
        r#"{apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["get", "list", "watch"]}"#,
    ] {
        assert!(fault.message.contains(part), "{}", fault.message);
    }
    scene.server.allow("list", "ingresses");
    scene.world(|world| world.ingresses.len() == 1 && world.faults.is_empty()).await;
}

#[tokio::test]
async fn a_right_that_is_taken_away_keeps_what_was_known() {
    let server = ApiServer::start().await;
    server.put(service("web"));
    let mut scene = Scene::on(server).await;
    scene.first().await;
    scene.server.deny("watch", "services");
    scene.server.break_watches();
    let world = scene.world(|world| !world.faults.is_empty()).await;
    assert_eq!(world.services.len(), 1);
    assert!(world.faults[0].message.contains("refuses to watch services"));
    scene.server.allow("watch", "services");
    scene.world(|world| world.faults.is_empty()).await;
}

#[tokio::test]
async fn an_object_that_cannot_be_read_keeps_what_it_said_before() {
    let server = ApiServer::start().await;
    server.put(service("web"));
    let mut scene = Scene::on(server).await;
    let key = Key::new("shop", "web");
    let before = scene.first().await.services[&key].clone();
    let mut broken = service("web");
    broken["spec"]["ports"] = json!("all of them");
    scene.server.put(broken);
    let world = scene.world(|world| !world.faults.is_empty()).await;
    assert!(Arc::ptr_eq(&world.services[&key], &before));
    let fault = &world.faults[0];
    assert_eq!((fault.reason, fault.field.as_deref()), (Reason::InvalidField, Some("spec.ports")));
    assert!(fault.message.ends_with("; what it said before stays"), "{}", fault.message);
    // The watch goes on, and a corrected object is taken.
    scene.caught_up("marker").await;
    scene.server.put(service("web"));
    scene.world(|world| world.faults.is_empty()).await;
}

#[tokio::test]
async fn fields_of_a_newer_kubernetes_are_no_fault() {
    let server = ApiServer::start().await;
    let mut newer = service("web");
    newer["spec"]["quantumRouting"] = json!(true);
    server.put(newer);
    let mut scene = Scene::on(server).await;
    assert_eq!(scene.first().await.faults, []);
}
