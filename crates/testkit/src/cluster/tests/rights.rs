use super::*;

#[tokio::test]
async fn the_service_account_may_what_rbac_says_on_the_real_one() {
    let Some(cluster) = Cluster::real().await else { return };
    let Cluster::Real(server) = &cluster else { unreachable!("it is the real one") };
    let path = "/api/v1/namespaces/shop/secrets";
    cluster
        .put_yaml(
            "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [''], resources: [secrets], verbs: [list]}]
",
        )
        .await;
    let account = server.service_account_api();
    let refused = account.get(path).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["message"],
        "secrets is forbidden: User \"system:serviceaccount:doorward-system:doorward\" cannot list \
         resource \"secrets\" in API group \"\" in the namespace \"shop\""
    );
    cluster
        .put_yaml(
            "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: doorward, namespace: doorward-system}]
",
        )
        .await;
    wait_until(LIMIT, || async { account.get(path).await.status == 200 }).await;
}
