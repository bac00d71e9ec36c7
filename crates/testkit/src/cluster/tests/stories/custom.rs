use super::*;

told_of_both! {
    a_kind_comes_and_goes_with_its_definition
    a_custom_kind_has_rules_of_its_own
    what_is_applied_empty_stays_and_what_is_left_empty_goes
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const CONFIGS: &str = "/apis/alibabacloud.com/v1/albconfigs";

fn definition() -> Value {
    manifest::documents(super::super::kubectl::DEFINITION).remove(0)
}

fn config(name: &str) -> Value {
    json!({
        "apiVersion": "alibabacloud.com/v1", "kind": "AlbConfig", "metadata": {"name": name},
        "spec": {"config": {"name": "one"}}, "status": {"old": true},
    })
}

async fn a_kind_comes_and_goes_with_its_definition(cluster: Cluster) {
    assert_eq!(cluster.api().get(CONFIGS).await.status, 404);
    cluster.put(&definition()).await;
    let list = done(cluster.api().get(CONFIGS).await);
    assert_eq!(list["kind"], "AlbConfigList");
    let made = done(post(&cluster, CONFIGS, &config("alb")).await);
    assert_eq!((&made["status"], &made["metadata"]["generation"]), (&Value::Null, &json!(1)));
    assert_eq!(done(cluster.api().get(CONFIGS).await)["items"][0]["kind"], "AlbConfig");
    done(
        delete(&cluster, &format!("{DEFINITIONS}/albconfigs.alibabacloud.com"), &Value::Null).await,
    );
    wait_until(LIMIT, || async { cluster.api().get(CONFIGS).await.status == 404 }).await;
    cluster.put(&definition()).await;
    wait_until(LIMIT, || async { names(&done(cluster.api().get(CONFIGS).await)).is_empty() }).await;
}

async fn a_custom_kind_has_rules_of_its_own(cluster: Cluster) {
    cluster.put(&definition()).await;
    done(post(&cluster, CONFIGS, &config("alb")).await);
    let path = format!("{CONFIGS}/alb");
    let blind = put(&cluster, &path, &config("alb")).await;
    assert_eq!(refusal(&blind), (422, "Invalid".into()));
    let patch = json!({"spec": {"config": {"name": "two"}}});
    let strategic = cluster.api().ask(Method::PATCH, &path, content_type::STRATEGIC, &patch).await;
    assert_eq!(refusal(&strategic), (415, "UnsupportedMediaType".into()));
    assert_eq!(done(merge(&cluster, &path, &patch).await)["metadata"]["generation"], 2);
    let status =
        json!({"status": {"loadBalancer": {"id": "alb-1"}}, "spec": {"config": {"name": "x"}}});
    let written = done(merge(&cluster, &format!("{path}/status"), &status).await);
    assert_eq!((&written["status"], &written["spec"]), (&status["status"], &patch["spec"]));
    assert_eq!(written["metadata"]["generation"], 2);
}

async fn what_is_applied_empty_stays_and_what_is_left_empty_goes(cluster: Cluster) {
    cluster.put(&definition()).await;
    let apply = async |path: &str, field: &str, value: Value| {
        let mut config = json!({
            "apiVersion": "alibabacloud.com/v1", "kind": "AlbConfig", "metadata": {"name": "alb"},
        });
        config[field] = value;
        let path = format!("{CONFIGS}/alb{path}?fieldManager=doorward");
        done(cluster.api().ask(Method::PATCH, &path, content_type::APPLY, &config).await)
    };
    apply("", "spec", json!({"a": {"b": 1}, "empty": {}})).await;
    assert_eq!(apply("", "spec", json!({"c": 1})).await["spec"], json!({"c": 1}));
    for status in [
        json!({"loadBalancer": {"id": "alb-1"}, "conditions": [{"type": "A"}]}),
        json!({"conditions": []}),
        json!({"loadBalancer": {"listeners": [{"port": 443}]}}),
        json!({}),
    ] {
        assert_eq!(apply("/status", "status", status.clone()).await["status"], status);
    }
}
