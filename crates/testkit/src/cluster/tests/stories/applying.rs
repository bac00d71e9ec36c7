use super::*;

told_of_both! {
    apply_makes_changes_and_takes_back
    what_another_applied_is_a_conflict
    what_another_changed_is_a_conflict
    who_agrees_shares
    an_apply_that_changes_nothing_is_none
    a_status_is_applied_apart
    conditions_of_several_managers_stand_side_by_side
    an_apply_names_its_manager
    owners_are_written_down
}

async fn apply(cluster: &Cluster, path: &str, by: &str, object: &Value) -> Answer {
    let path = format!("{path}?fieldManager={by}");
    cluster.api().ask(Method::PATCH, &path, content_type::APPLY, object).await
}

async fn force(cluster: &Cluster, path: &str, by: &str, object: &Value) -> Answer {
    apply(cluster, path, &format!("{by}&force=true"), object).await
}

fn map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "console"}, "data": data})
}

const MAP: &str = "/api/v1/namespaces/default/configmaps/console";

async fn apply_makes_changes_and_takes_back(cluster: Cluster) {
    let made = apply(&cluster, MAP, "doorward", &map(json!({"a": "1", "b": "2"}))).await;
    assert_eq!(made.status, 201);
    done(merge(&cluster, MAP, &json!({"data": {"by-hand": "3"}})).await);
    let changed = done(apply(&cluster, MAP, "doorward", &map(json!({"a": "1", "c": "4"}))).await);
    assert_eq!(changed["data"], json!({"a": "1", "by-hand": "3", "c": "4"}));
}

async fn what_another_applied_is_a_conflict(cluster: Cluster) {
    done(apply(&cluster, MAP, "one", &map(json!({"a": "1"}))).await);
    let refused = apply(&cluster, MAP, "other", &map(json!({"a": "2"}))).await;
    assert_eq!(refusal(&refused), (409, "Conflict".into()));
    assert_eq!(
        refused.json()["message"],
        "Apply failed with 1 conflict: conflict with \"one\": .data.a"
    );
    let cause = &refused.json()["details"]["causes"][0];
    assert_eq!(
        (text(cause, "/reason"), text(cause, "/field")),
        ("FieldManagerConflict", ".data.a")
    );
    let forced = done(force(&cluster, MAP, "other", &map(json!({"a": "2"}))).await);
    assert_eq!(forced["data"]["a"], "2");
    // It is the other's now: the one no longer has it to take back.
    let without = done(apply(&cluster, MAP, "one", &map(json!({"b": "3"}))).await);
    assert_eq!(without["data"], json!({"a": "2", "b": "3"}));
}

async fn what_another_changed_is_a_conflict(cluster: Cluster) {
    done(apply(&cluster, MAP, "doorward", &map(json!({"a": "1"}))).await);
    let path = format!("{MAP}?fieldManager=kubectl-edit");
    done(merge(&cluster, &path, &json!({"data": {"a": "2"}})).await);
    let refused = apply(&cluster, MAP, "doorward", &map(json!({"a": "1"}))).await;
    let message = text(&refused.json(), "/message").to_owned();
    assert!(message.contains("conflict with \"kubectl-edit\" using v1: .data.a"), "{message}");
    let forced = done(force(&cluster, MAP, "doorward", &map(json!({"a": "1"}))).await);
    assert_eq!(forced["data"]["a"], "1");
}

async fn who_agrees_shares(cluster: Cluster) {
    done(apply(&cluster, MAP, "one", &map(json!({"a": "1"}))).await);
    done(apply(&cluster, MAP, "other", &map(json!({"a": "1"}))).await);
    let kept = done(apply(&cluster, MAP, "one", &map(json!({"b": "2"}))).await);
    assert_eq!(kept["data"], json!({"a": "1", "b": "2"}));
    let gone = done(apply(&cluster, MAP, "other", &map(json!({"c": "3"}))).await);
    assert_eq!(gone["data"], json!({"b": "2", "c": "3"}));
}

async fn an_apply_that_changes_nothing_is_none(cluster: Cluster) {
    let first = done(apply(&cluster, MAP, "doorward", &map(json!({"a": "1"}))).await);
    let second = done(apply(&cluster, MAP, "doorward", &map(json!({"a": "1"}))).await);
    assert_eq!(first, second);
}

async fn a_status_is_applied_apart(cluster: Cluster) {
    let path = format!("{INGRESSES}/web");
    let status = |ip: &str| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
            "status": {"loadBalancer": {"ingress": [{"ip": ip}]}},
        })
    };
    let missing =
        force(&cluster, &format!("{path}/status"), "doorward", &status("192.0.2.1")).await;
    assert_eq!(refusal(&missing), (404, "NotFound".into()));
    done(apply(&cluster, &path, "ops", &ingress("web", "shop.test")).await);
    let first =
        done(force(&cluster, &format!("{path}/status"), "doorward", &status("192.0.2.1")).await);
    assert_eq!(first["status"], status("192.0.2.1")["status"]);
    let again =
        done(force(&cluster, &format!("{path}/status"), "doorward", &status("192.0.2.1")).await);
    assert_eq!(version(&first), version(&again));
    let spec = done(apply(&cluster, &path, "ops", &ingress("web", "other.test")).await);
    assert_eq!(spec["status"], first["status"]);
    let mut none = status("");
    none["status"] = json!({"loadBalancer": {}});
    let taken = done(force(&cluster, &format!("{path}/status"), "doorward", &none).await);
    assert_eq!(taken["status"], json!({"loadBalancer": {}}));
}

async fn conditions_of_several_managers_stand_side_by_side(cluster: Cluster) {
    let services = "/api/v1/namespaces/default/services";
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80}]},
    });
    done(post(&cluster, services, &service).await);
    let path = format!("{services}/web/status");
    let condition = |kind: &str, status: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "status": {"conditions": [{
                "type": kind, "status": status, "reason": "Tested", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }]},
        })
    };
    done(apply(&cluster, &path, "one", &condition("A", "True")).await);
    done(apply(&cluster, &path, "other", &condition("B", "True")).await);
    let both = done(apply(&cluster, &path, "one", &condition("A", "False")).await);
    let conditions = both["status"]["conditions"].as_array().unwrap();
    let mut short: Vec<_> =
        conditions.iter().map(|c| format!("{}={}", text(c, "/type"), text(c, "/status"))).collect();
    short.sort_unstable();
    assert_eq!(short, ["A=False", "B=True"]);
}

async fn an_apply_names_its_manager(cluster: Cluster) {
    let nobody = cluster.api().ask(Method::PATCH, MAP, content_type::APPLY, &map(json!({}))).await;
    assert!(nobody.status.is_client_error(), "{}", nobody.text());
    assert!(nobody.text().contains("fieldManager"), "{}", nobody.text());
}

async fn owners_are_written_down(cluster: Cluster) {
    done(apply(&cluster, MAP, "doorward", &map(json!({"a": "1"}))).await);
    let path = format!("{MAP}?fieldManager=hand");
    let both = done(
        merge(&cluster, &path, &json!({"data": {"b": "2"}, "metadata": {"labels": {"c": "d"}}}))
            .await,
    );
    let entries = both["metadata"]["managedFields"].as_array().unwrap();
    let find = |name: &str| entries.iter().find(|entry| entry["manager"] == name).unwrap();
    let applied = find("doorward");
    assert_eq!((text(applied, "/operation"), text(applied, "/fieldsType")), ("Apply", "FieldsV1"));
    assert_eq!(applied["fieldsV1"], json!({"f:data": {"f:a": {}}}));
    let by_hand = find("hand");
    assert_eq!(text(by_hand, "/operation"), "Update");
    assert_eq!(by_hand["fieldsV1"]["f:data"]["f:b"], json!({}));
    assert_eq!(by_hand["fieldsV1"]["f:metadata"]["f:labels"]["f:c"], json!({}));
    assert_eq!(by_hand["fieldsV1"]["f:data"]["f:a"], Value::Null);
}
