use super::*;

told_of_both! {
    a_watch_tells_what_came_after_a_list
    a_watch_from_nowhere_begins_with_what_is_there
    a_streamed_list_ends_in_a_bookmark
    to_who_selects_an_object_that_no_longer_fits_is_gone
    a_watch_ends_in_its_time
}

/// The events of a watch that lasts a second.
async fn told(cluster: &Cluster, path: &str, query: &str) -> Vec<Value> {
    let path = format!("{path}?watch=true&timeoutSeconds=1&{query}");
    let answer = cluster.api().get(&path).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `ADDED a`, a line each.
fn short(events: &[Value]) -> Vec<String> {
    let line = |event: &Value| {
        format!("{} {}", text(event, "/type"), text(event, "/object/metadata/name"))
    };
    events.iter().map(line).collect()
}

async fn a_watch_tells_what_came_after_a_list(cluster: Cluster) {
    done(post(&cluster, SECRETS, &secret("a")).await);
    let list = done(cluster.api().get(SECRETS).await);
    done(post(&cluster, SECRETS, &secret("b")).await);
    done(merge(&cluster, &format!("{SECRETS}/a"), &json!({"data": {"b": "eA=="}})).await);
    done(delete(&cluster, &format!("{SECRETS}/b"), &Value::Null).await);
    done(post(&cluster, INGRESSES, &ingress("web", "shop.test")).await);
    let from = format!("resourceVersion={}", version(&list));
    let events = told(&cluster, SECRETS, &from).await;
    assert_eq!(short(&events), ["ADDED b", "MODIFIED a", "DELETED b"]);
    assert_eq!(events[1]["object"]["data"]["b"], "eA==");
    assert_eq!(events[0]["object"]["kind"], "Secret");
    let revisions: Vec<u64> =
        events.iter().map(|event| version(&event["object"]).parse().unwrap()).collect();
    assert!(revisions.is_sorted() && revisions[1] < revisions[2], "{revisions:?}");
    let elsewhere = "/api/v1/namespaces/kube-public/secrets";
    assert!(told(&cluster, elsewhere, &from).await.is_empty());
}

async fn a_watch_from_nowhere_begins_with_what_is_there(cluster: Cluster) {
    done(post(&cluster, SECRETS, &secret("a")).await);
    assert_eq!(short(&told(&cluster, SECRETS, "").await), ["ADDED a"]);
    assert_eq!(short(&told(&cluster, SECRETS, "resourceVersion=0").await), ["ADDED a"]);
}

async fn a_streamed_list_ends_in_a_bookmark(cluster: Cluster) {
    done(post(&cluster, SECRETS, &secret("a")).await);
    let query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let events = told(&cluster, SECRETS, query).await;
    assert_eq!(short(&events)[..2], ["ADDED a", "BOOKMARK "]);
    let annotations = &events[1]["object"]["metadata"]["annotations"];
    assert_eq!(annotations["k8s.io/initial-events-end"], "true");
    let bare = cluster.api().get(&format!("{SECRETS}?watch=true&sendInitialEvents=true")).await;
    assert_eq!(refusal(&bare), (422, "Invalid".into()));
}

async fn to_who_selects_an_object_that_no_longer_fits_is_gone(cluster: Cluster) {
    let list = done(cluster.api().get(SECRETS).await);
    let label = |value: &str| json!({"metadata": {"labels": {"app": value}}});
    done(post(&cluster, SECRETS, &secret("a")).await);
    for app in ["web", "api"] {
        done(merge(&cluster, &format!("{SECRETS}/a"), &label(app)).await);
    }
    let from = format!("resourceVersion={}", version(&list));
    let events = told(&cluster, SECRETS, &format!("{from}&labelSelector=app=web")).await;
    assert_eq!(short(&events), ["ADDED a", "DELETED a"]);
    assert_eq!(events[1]["object"]["metadata"]["labels"]["app"], "web");
    assert_ne!(version(&events[0]["object"]), version(&events[1]["object"]));
    let named = told(&cluster, SECRETS, &format!("{from}&fieldSelector=metadata.name=b")).await;
    assert!(named.is_empty(), "{named:?}");
}

async fn a_watch_ends_in_its_time(cluster: Cluster) {
    let list = done(cluster.api().get(SECRETS).await);
    let events = told(&cluster, SECRETS, &format!("resourceVersion={}", version(&list))).await;
    assert!(events.is_empty(), "{events:?}");
}
