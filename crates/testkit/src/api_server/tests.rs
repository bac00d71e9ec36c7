use http::{HeaderValue, Method, header::CONTENT_TYPE};
use serde_json::json;

use super::*;
use crate::http::{Answer, request, send};

const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const MERGE: &str = "application/merge-patch+json";

#[tokio::test]
async fn an_object_lives_its_life_and_a_watch_tells_of_it() {
    let server = ApiServer::start().await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"},
        "stringData": {"a": "x"},
    });
    let made = ask(&server, Method::POST, SECRETS, "application/json", &secret).await;
    assert_eq!((made.status.as_u16(), &made.json()["data"]["a"]), (201, &json!("eA==")));
    let start = made.json()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();

    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    let path = format!("{SECRETS}/web");
    let patched = ask(&server, Method::PATCH, &path, MERGE, &patch).await;
    assert_eq!(patched.json()["metadata"]["labels"]["a"], "b");

    let list = get(&server, "/api/v1/secrets").await.json();
    assert_eq!(
        (&list["kind"], &list["items"][0]["metadata"]["name"]),
        (&json!("SecretList"), &json!("web"))
    );

    let gone = ask(&server, Method::DELETE, &path, "application/json", &Value::Null).await;
    assert_eq!(gone.json()["status"], "Success");
    assert_eq!(get(&server, &path).await.json()["reason"], "NotFound");

    let watch = format!("{SECRETS}?watch=true&timeoutSeconds=0&resourceVersion={start}");
    let told = get(&server, &watch).await.text();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["MODIFIED", "DELETED"]);
}

async fn get(server: &ApiServer, path: &str) -> Answer {
    send(server.address, crate::http::get(&format!("{}{path}", server.url()))).await.unwrap()
}

async fn ask(
    server: &ApiServer,
    method: Method,
    path: &str,
    of_type: &'static str,
    body: &Value,
) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut request = request(method, &format!("{}{path}", server.url()), body);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(of_type));
    send(server.address, request).await.unwrap()
}
