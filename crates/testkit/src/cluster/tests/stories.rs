use super::*;

told_of_both! { objects_outlive_a_restart }

async fn objects_outlive_a_restart(mut cluster: Cluster) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "web", "namespace": "shop"}, "data": {"a": "eA=="},
    });
    let before = cluster.put(&secret).await;
    cluster.away().await;
    let asked = cluster
        .api()
        .try_ask(Method::GET, "/api/v1/secrets", content_type::JSON, &Value::Null)
        .await;
    assert!(asked.is_err(), "{:?}", asked.map(|answer| answer.text()));
    cluster.back().await;
    let after = cluster.wait_for("Secret", "shop", "web", |secret| Some(secret.clone())).await;
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(cluster.delete("Secret", "shop", "web").await);
    assert!(cluster.object("Secret", "shop", "web").await.is_none());
}
