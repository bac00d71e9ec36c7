//! What a controller relies on, of either server.

mod applying;
mod custom;
mod reading;
mod watching;
mod writing;

use super::*;

const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"a": "eA=="}})
}

fn ingress(name: &str, host: &str) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
        "spec": {"rules": [{"host": host, "http": {
            "paths": [{"path": "/", "pathType": "Prefix", "backend": backend}],
        }}]},
    })
}

/// The text at `/metadata/resourceVersion` and its like, or `""`.
fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn version(object: &Value) -> &str {
    text(object, "/metadata/resourceVersion")
}

async fn post(cluster: &Cluster, path: &str, object: &Value) -> Answer {
    cluster.api().ask(Method::POST, path, content_type::JSON, object).await
}

async fn put(cluster: &Cluster, path: &str, object: &Value) -> Answer {
    cluster.api().ask(Method::PUT, path, content_type::JSON, object).await
}

async fn merge(cluster: &Cluster, path: &str, patch: &Value) -> Answer {
    cluster.api().ask(Method::PATCH, path, content_type::MERGE, patch).await
}

async fn delete(cluster: &Cluster, path: &str, options: &Value) -> Answer {
    cluster.api().ask(Method::DELETE, path, content_type::JSON, options).await
}

/// Code and reason.
fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), text(&answer.json(), "/reason").to_owned())
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| text(item, "/metadata/name")).collect()
}
