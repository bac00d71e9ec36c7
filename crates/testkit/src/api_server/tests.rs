mod faults;

use http::Method;
use serde_json::json;

use super::*;
use crate::cluster::{Api, content_type};

const SECRETS: &str = "/api/v1/namespaces/default/secrets";

#[tokio::test]
async fn what_a_test_puts_the_api_shows() {
    let server = ApiServer::start().await;
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    });
    let put = server.put(ingress.clone());
    let path = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web";
    assert_eq!(Api::plain(&server.url()).get(path).await.json(), put);
    assert_eq!(put["status"], ingress["status"]);
    assert_eq!(server.object("Namespace", "", "shop").unwrap()["status"]["phase"], "Active");

    let mut changed = ingress;
    changed["spec"] = json!({"ingressClassName": "alb"});
    let changed = server.put(changed);
    assert_eq!(changed["metadata"]["uid"], put["metadata"]["uid"]);
    assert_eq!(changed["metadata"]["generation"], 2);
    assert_eq!(server.objects("Ingress").len(), 1);
    let before = server.revision();
    server.put(changed);
    assert_eq!(server.revision(), before, "what changes nothing is no write");

    assert!(server.delete("Ingress", "shop", "web"));
    assert!(!server.delete("Ingress", "shop", "web"));
    assert!(server.object("Ingress", "shop", "web").is_none());
}

#[tokio::test]
async fn a_definition_that_is_put_makes_its_kind_appear() {
    let server = ApiServer::start().await;
    server.put_yaml(
        "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.test}
spec:
  group: test
  scope: Cluster
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true}]
---
apiVersion: test/v1
kind: Thing
metadata: {name: one}
",
    );
    assert_eq!(
        server.wait_for("Thing", "", "one", |thing| thing["kind"].as_str().map(String::from)).await,
        "Thing"
    );
    server.delete("CustomResourceDefinition", "", "things.test");
    let api = Api::plain(&server.url());
    assert_eq!(api.get("/apis/test/v1/things").await.status, 404);
}

#[tokio::test]
async fn requests_are_counted_by_verb_and_resource() {
    let server = ApiServer::start().await;
    let api = Api::plain(&server.url());
    api.get(SECRETS).await;
    api.get(SECRETS).await;
    let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/web/status";
    api.apply(path, &json!({})).await;
    assert_eq!(
        (server.count("list", "secrets"), server.count("patch", "ingresses/status")),
        (2, 1)
    );
    assert_eq!(server.counts()[&("list", "secrets".to_owned())], 2);
    let last = server.requests().pop().unwrap();
    assert_eq!(
        (last.namespace.as_str(), last.name.as_str(), last.manager.as_str()),
        ("default", "web", "test")
    );
    server.forget_requests();
    assert!(server.requests().is_empty());
}
