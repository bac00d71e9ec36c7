use super::*;

told_of_both! {
    the_service_account_may_what_rbac_says
    rights_to_one_name_are_rights_to_no_other
    an_apply_that_makes_an_object_needs_two_rights
}

const SECRETS: &str = "/api/v1/namespaces/shop/secrets";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";

async fn the_service_account_may_what_rbac_says(cluster: Cluster) {
    let account = cluster.service_account_api();
    grant(&cluster, "Role", "reader", "{apiGroups: [''], resources: [secrets], verbs: [list]}")
        .await;
    let refused = account.get(SECRETS).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["message"],
        "secrets is forbidden: User \"system:serviceaccount:doorward-system:doorward\" cannot list \
         resource \"secrets\" in API group \"\" in the namespace \"shop\""
    );
    bind(&cluster, "Role", "reader").await;
    wait_until(LIMIT, || async { account.get(SECRETS).await.status == 200 }).await;
    assert_eq!(account.get(&format!("{SECRETS}/web")).await.status, 403, "another verb");
    assert_eq!(account.get("/api/v1/secrets").await.status, 403, "everywhere");
    assert_eq!(account.get(LEASES).await.status, 403, "another group");

    // A ClusterRole that is bound in one namespace gives its rights there alone.
    let rules = "{apiGroups: ['*'], resources: ['*'], verbs: [list]}";
    grant(&cluster, "ClusterRole", "watcher", rules).await;
    bind(&cluster, "ClusterRole", "watcher").await;
    wait_until(LIMIT, || async { account.get(LEASES).await.status == 200 }).await;
    assert_eq!(account.get("/api/v1/namespaces/default/secrets").await.status, 403);
}

async fn rights_to_one_name_are_rights_to_no_other(cluster: Cluster) {
    let account = cluster.service_account_api();
    let rules =
        "{apiGroups: [''], resources: [secrets], resourceNames: [own], verbs: [get, list, create]}";
    grant(&cluster, "Role", "reader", rules).await;
    bind(&cluster, "Role", "reader").await;
    wait_until(LIMIT, || async { account.get(&format!("{SECRETS}/own")).await.status == 404 })
        .await;
    assert_eq!(account.get(&format!("{SECRETS}/other")).await.status, 403);
    let only = |name: &str| format!("{SECRETS}?fieldSelector=metadata.name%3D{name}");
    assert_eq!(account.get(&only("own")).await.status, 200);
    assert_eq!(account.get(&only("other")).await.status, 403);
    assert_eq!(account.get(SECRETS).await.status, 403);
    // It has no name yet when it is judged.
    let own = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}});
    let made = account.ask(Method::POST, SECRETS, content_type::JSON, &own).await;
    assert_eq!(made.status, 403);
}

async fn an_apply_that_makes_an_object_needs_two_rights(cluster: Cluster) {
    let account = cluster.service_account_api();
    let apply = || async {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}});
        account.apply(&format!("{SECRETS}/own"), &secret).await.status.as_u16()
    };
    grant(&cluster, "Role", "patcher", "{apiGroups: [''], resources: [secrets], verbs: [patch]}")
        .await;
    bind(&cluster, "Role", "patcher").await;
    // Refused before, too: that the right is there shows in an object that is.
    let there = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "there", "namespace": "shop"},
    });
    cluster.put(&there).await;
    let patch = json!({"data": {"a": "eA=="}});
    let path = format!("{SECRETS}/there");
    wait_until(LIMIT, || async {
        account.ask(Method::PATCH, &path, content_type::MERGE, &patch).await.status == 200
    })
    .await;
    assert_eq!(apply().await, 403);
    grant(&cluster, "Role", "maker", "{apiGroups: [''], resources: [secrets], verbs: [create]}")
        .await;
    bind(&cluster, "Role", "maker").await;
    wait_until(LIMIT, || async { apply().await == 201 }).await;
}

async fn grant(cluster: &Cluster, kind: &str, name: &str, rule: &str) {
    let place = if kind == "Role" { ", namespace: shop" } else { "" };
    cluster
        .put_yaml(&format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, \
             metadata: {{name: {name}{place}}}, rules: [{rule}]}}"
        ))
        .await;
}

/// In namespace `shop`.
async fn bind(cluster: &Cluster, kind: &str, name: &str) {
    cluster
        .put_yaml(&format!(
            "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {name}, namespace: shop}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}
subjects: [{{kind: ServiceAccount, name: doorward, namespace: doorward-system}}]
"
        ))
        .await;
}
