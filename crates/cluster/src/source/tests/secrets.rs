//! Which Secrets are seen, and which never leave the API server.

use serde_json::json;
use testkit::{
    api_server::ApiServer,
    pki::{Issued, TestCa},
};

use super::{scene::*, *};

fn pairs() -> [Issued; 2] {
    let ca = TestCa::new("root");
    [ca.leaf(&["a.test"]), ca.leaf(&["a.test"])]
}

fn key(name: &str) -> Key {
    Key::new("shop", name)
}

#[tokio::test]
async fn a_thousand_changes_during_a_restart_all_arrive() {
    let [old, new] = pairs();
    let server = ApiServer::start().await;
    for index in 0..1_000 {
        server.put(tls(&format!("tls-{index}"), &old));
    }
    let mut scene = Scene::on(server).await;
    assert_eq!(scene.first().await.secrets.len(), 1_000);
    for index in 0..1_000 {
        match index {
            300 => scene.server.away(),
            700 => scene.server.back(),
            _ => {}
        }
        scene.server.put(tls(&format!("tls-{index}"), &new));
    }
    let is_new = |world: &World| world.secrets.keys().all(|key| holds(world, key, &new));
    assert_eq!(scene.world(is_new).await.secrets.len(), 1_000);
}

#[tokio::test]
async fn a_secret_of_one_mebibyte_is_read() {
    let [pair, _] = pairs();
    let server = ApiServer::start().await;
    let mut large = tls("large", &pair);
    large["data"]["bundle"] = json!("A".repeat(1 << 20));
    server.put(large.clone());
    let mut scene = Scene::on(server).await;
    assert!(holds(&*scene.first().await, &key("large"), &pair));
    large["metadata"]["name"] = json!("larger");
    scene.server.put(large);
    scene.world(|world| holds(world, &key("larger"), &pair)).await;
}

#[tokio::test]
async fn a_secret_of_another_type_is_fetched_while_an_object_names_it() {
    let [first, second] = pairs();
    let server = ApiServer::start().await;
    server.put(opaque("named", &first));
    server.put(opaque("other", &first));
    let mut scene = Scene::on(server).await;
    assert_eq!(scene.first().await.secrets.len(), 0);
    assert_eq!(scene.server.count("get", "secrets"), 0, "nobody named one");

    scene.server.put(ingress("web", "named"));
    let named = scene.world(|world| !world.ingresses.is_empty()).await;
    assert!(holds(&named, &key("named"), &first), "no World has the Ingress without its Secret");
    scene.server.put(opaque("other", &second));
    scene.server.put(opaque("named", &second));
    scene.world(|world| holds(world, &key("named"), &second)).await;
    assert_eq!(scene.server.count("get", "secrets"), 2);

    scene.server.delete("Secret", "shop", "named");
    scene.world(|world| world.secrets.is_empty()).await;
    scene.server.put(opaque("named", &first));
    scene.world(|world| holds(world, &key("named"), &first)).await;
    scene.server.delete("Ingress", "shop", "web");
    scene.world(|world| world.ingresses.is_empty() && world.secrets.is_empty()).await;
}

#[tokio::test]
async fn secrets_that_are_named_from_the_start_are_in_the_first_world() {
    let [pair, _] = pairs();
    let server = ApiServer::start().await;
    server.put(ingress("web", "named"));
    server.put(ingress("missing", "missing"));
    server.put(opaque("named", &pair));
    let mut scene = Scene::on(server).await;
    let world = scene.first().await;
    assert!(holds(&world, &key("named"), &pair));
    assert_eq!(world.secrets.len(), 1);
    assert_eq!(scene.server.count("get", "secrets"), 1, "the missing one needs no request");
    scene.server.put(opaque("missing", &pair));
    scene.world(|world| holds(world, &key("missing"), &pair)).await;
}

#[tokio::test]
async fn a_named_secret_that_is_gone_after_a_new_list_goes() {
    let [pair, _] = pairs();
    let server = ApiServer::start().await;
    server.put(ingress("web", "named"));
    server.put(opaque("named", &pair));
    let mut scene = Scene::on(server).await;
    assert_eq!(scene.first().await.secrets.len(), 1);
    scene.server.away();
    scene.server.delete("Secret", "shop", "named");
    scene.server.compact();
    scene.server.back();
    scene.world(|world| world.secrets.is_empty()).await;
}

#[tokio::test]
async fn a_labelled_secret_of_any_type_belongs_to_the_store() {
    let [pair, _] = pairs();
    let server = ApiServer::start().await;
    let mut stored = secret("doorward-system", "upload", "Opaque", &pair);
    stored["metadata"]["labels"] = json!({"doorward.dev/certificate-id": "756-cn-hangzhou"});
    server.put(stored.clone());
    let mut scene = Scene::on(server).await;
    let world = scene.first().await;
    let upload = &world.secrets[&Key::new("doorward-system", "upload")].body;
    assert_eq!(upload.store_id, Some(model::CertificateId::store("756-cn-hangzhou")));
    stored["metadata"]["labels"] = json!({});
    scene.server.put(stored);
    scene.world(|world| world.secrets.is_empty()).await;
}

#[tokio::test]
async fn secrets_of_other_namespaces_are_not_asked_for() {
    let [pair, _] = pairs();
    let server = ApiServer::start().await;
    for namespace in ["shop", "books", "doorward-system"] {
        server.put(secret(namespace, "tls-a", "kubernetes.io/tls", &pair));
        server.put(secret(namespace, "named", "Opaque", &pair));
    }
    let mut foreign = ingress("web", "named");
    foreign["metadata"]["namespace"] = json!("books");
    server.put(foreign);
    // As a cluster does that grants a Role in these two namespaces only.
    for namespace in ["", "books"] {
        for verb in ["get", "list", "watch"] {
            server.deny_in(verb, "secrets", namespace);
        }
    }
    let secret_namespaces = Some(["shop".into()].into());
    let mut scene = Scene::with(server, SourceOptions { secret_namespaces, ..options() }).await;
    let world = scene.first().await;
    assert_eq!(world.faults, []);
    let seen: Vec<_> = world.secrets.keys().map(|key| &*key.namespace).collect();
    assert_eq!(seen, ["doorward-system", "shop"]);
    let asked = scene.server.requests();
    let asked = asked.iter().filter(|asked| asked.resource == "secrets");
    let asked: BTreeSet<_> = asked.map(|asked| &*asked.namespace).collect();
    assert_eq!(asked, ["doorward-system", "shop"].into());
}

#[tokio::test]
async fn refused_secrets_of_one_namespace_name_the_role() {
    let server = ApiServer::start().await;
    server.deny_in("list", "secrets", "shop");
    let secret_namespaces = Some(["shop".into()].into());
    let mut scene = Scene::with(server, SourceOptions { secret_namespaces, ..options() }).await;
    let world = scene.first().await;
    let [fault] = world.faults.as_slice() else { panic!("one fault: {:?}", world.faults) };
    assert_eq!(fault.object.to_string(), "Access shop/secrets");
    for part in ["secrets in namespace shop", "a Role in namespace shop", "apiGroups: [\"\"]"] {
        assert!(fault.message.contains(part), "{}", fault.message);
    }
}

#[tokio::test]
async fn the_content_of_unnamed_secrets_is_never_sent() {
    let [pair, _] = pairs();
    let server = ApiServer::start().await;
    for index in 0..700 {
        server.put(opaque(&format!("other-{index}"), &pair));
    }
    server.put(secret("shop", "release", "helm.sh/release.v1", &pair));
    let mut scene = Scene::on(server).await;
    let world = scene.first().await;
    assert_eq!(world.secrets.len(), 0);
    scene.server.put(opaque("other-0", &pair));
    scene.caught_up("marker").await;
    assert_eq!(scene.server.count("get", "secrets"), 0);
}
