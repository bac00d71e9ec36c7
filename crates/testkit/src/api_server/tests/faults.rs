use std::{
    io,
    time::{Duration, Instant},
};

use http::StatusCode;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::*;

#[tokio::test]
async fn while_it_is_away_every_connection_is_reset() {
    let server = ApiServer::start().await;
    let mut watch = OpenWatch::of(&server, "").await;
    server.away();
    assert!(watch.ended().await.is_err());
    let api = Api::plain(&server.url());
    let asked = api.try_ask(Method::GET, SECRETS, content_type::JSON, &Value::Null);
    assert!(asked.await.is_err());
    server.back();
    assert_eq!(api.get(SECRETS).await.status, 200);
}

#[tokio::test]
async fn a_slow_one_answers_late() {
    let server = ApiServer::start().await;
    let delay = Duration::from_millis(200);
    server.slow(delay);
    let start = Instant::now();
    Api::plain(&server.url()).get(SECRETS).await;
    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn what_is_denied_is_refused_as_rbac_does() {
    let server = ApiServer::start().await;
    let api = Api::plain(&server.url());
    server.deny("list", "secrets");
    let refused = api.get(SECRETS).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["message"],
        "secrets is forbidden: User \"system:serviceaccount:doorward-system:doorward\" cannot list \
         resource \"secrets\" in API group \"\" in the namespace \"default\""
    );
    assert_eq!(api.get(&format!("{SECRETS}/web")).await.status, 404);
    server.allow("list", "secrets");
    assert_eq!(api.get(SECRETS).await.status, 200);

    server.deny_in("*", "secrets", "");
    let everywhere = api.get("/api/v1/secrets").await.json()["message"].to_string();
    assert!(everywhere.contains("at the cluster scope"), "{everywhere}");
    assert_eq!(api.get(SECRETS).await.status, 200);

    server.deny("patch", "ingresses/status");
    let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/web";
    assert_eq!(api.apply(&format!("{path}/status"), &json!({})).await.status, 403);
    assert_ne!(api.apply(path, &json!({})).await.status, 403);
    let review = json!({"spec": {"resourceAttributes": {
        "verb": "patch", "resource": "ingresses", "subresource": "status", "namespace": "default",
    }}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let review = api.ask(Method::POST, path, content_type::JSON, &review).await.json();
    assert_eq!(review["status"]["allowed"], false);
}

#[tokio::test]
async fn after_a_compaction_what_was_read_before_is_too_old() {
    let server = ApiServer::start().await;
    let api = Api::plain(&server.url());
    for name in ["a", "b"] {
        server.put(secret(name));
    }
    let page = api.get(&format!("{SECRETS}?limit=1")).await.json();
    let (from, token) =
        (page["metadata"]["resourceVersion"].clone(), page["metadata"]["continue"].clone());
    let watch =
        format!("{SECRETS}?watch=1&timeoutSeconds=1&resourceVersion={}", from.as_str().unwrap());
    let mut open = OpenWatch::of(&server, "&resourceVersion=0").await;
    server.compact();
    server.put(secret("c"));
    let events = [open.event().await, open.event().await, open.event().await];
    assert_eq!(events.map(|event| event["object"]["metadata"]["name"].clone()), ["a", "b", "c"]);

    let in_the_stream = api.get(&watch).await;
    assert_eq!(in_the_stream.status, 200);
    let event = in_the_stream.json();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(event["object"]["reason"], "Expired");
    server.refuse_expired_watches(true);
    assert_eq!(api.get(&watch).await.status, 410);
    let next = format!("{SECRETS}?limit=1&continue={}", token.as_str().unwrap());
    assert_eq!(api.get(&next).await.status, 410);

    let list = api.get(SECRETS).await.json();
    let now = list["metadata"]["resourceVersion"].as_str().unwrap();
    let watch = format!("{SECRETS}?watch=1&timeoutSeconds=0&resourceVersion={now}");
    assert_eq!(api.get(&watch).await.status, 200);
}

#[tokio::test]
async fn broken_watches_end_in_the_middle_and_others_go_on() {
    let server = ApiServer::start().await;
    let mut watch = OpenWatch::of(&server, "&allowWatchBookmarks=true").await;
    server.put(secret("web"));
    assert_eq!(watch.event().await["type"], "ADDED");
    server.bookmark();
    let bookmark = watch.event().await;
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], server.revision().to_string());
    server.break_watches();
    assert!(watch.ended().await.is_err());
    let mut next = OpenWatch::of(&server, "").await;
    assert_eq!(next.event().await["type"], "ADDED");
}

#[tokio::test]
async fn the_next_requests_fail_and_the_one_after_does_not() {
    let server = ApiServer::start().await;
    let api = Api::plain(&server.url());
    server.fail_next(2, StatusCode::TOO_MANY_REQUESTS);
    let refused = api.get(SECRETS).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
    assert_eq!(api.get(SECRETS).await.status, 429);
    assert_eq!(api.get(SECRETS).await.status, 200);

    server.put(secret("web"));
    server.conflict_next(1);
    let patch = json!({"data": {"a": "eQ=="}});
    let path = format!("{SECRETS}/web");
    for (status, reason) in [(409, json!("Conflict")), (200, Value::Null)] {
        let answer = api.ask(Method::PATCH, &path, content_type::MERGE, &patch).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (status, &reason));
    }
}

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"a": "eA=="}})
}

/// A watch of Secrets whose stream is read line by line.
struct OpenWatch(BufReader<TcpStream>);

impl OpenWatch {
    async fn of(server: &ApiServer, query: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("GET {SECRETS}?watch=true{query} HTTP/1.1\r\nhost: test\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
        Self(stream)
    }

    async fn event(&mut self) -> Value {
        let reading = async {
            let mut line = String::new();
            // Between them stand the lengths of the chunks.
            while !line.starts_with('{') {
                line.clear();
                assert_ne!(self.0.read_line(&mut line).await.unwrap(), 0, "the watch ended");
            }
            serde_json::from_str(&line).unwrap()
        };
        tokio::time::timeout(LIMIT, reading).await.unwrap()
    }

    /// Well, when the last chunk came.
    async fn ended(&mut self) -> io::Result<()> {
        let mut rest = String::new();
        tokio::time::timeout(LIMIT, self.0.read_to_string(&mut rest)).await.unwrap()?;
        if rest.ends_with("0\r\n\r\n") { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
