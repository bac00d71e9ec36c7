use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::CertificateId;
use serde_json::json;
use testkit::{api_server::ApiServer, cluster::Cluster};

use super::*;
use crate::{
    lease::fixture::Ballot,
    rights,
    store::fixture::{NAMESPACE, client, clusters, in_process},
};

fn secret<'a>(name: &'a str, key_pem: &'a str) -> NewSecret<'a> {
    NewSecret {
        namespace: NAMESPACE,
        name,
        labels: [("doorward.dev/certificate-id", "756-cn")].into(),
        annotations: [].into(),
        certificate_pem: "a certificate",
        key_pem,
    }
}

fn issued() -> Issued {
    Issued {
        certificate_pem: "a certificate".into(),
        key_pem: "a key".into(),
        issued_as: Some("arn:one".into()),
    }
}

#[tokio::test]
async fn an_upload_is_written_replaced_and_deleted() {
    for cluster in clusters().await {
        let secrets = Secrets::new(client(&cluster).await);
        secrets.put(By::Operator, &secret("cert-756", "one")).await.expect("writes");
        secrets.put(By::Operator, &secret("cert-756", "two")).await.expect("replaces");

        let written = cluster.object("Secret", NAMESPACE, "cert-756").await.expect("there");
        assert_eq!(written["type"], "kubernetes.io/tls");
        assert_eq!(written["data"]["tls.key"], STANDARD.encode("two"));
        let labels = &written["metadata"]["labels"];
        assert_eq!(labels["app.kubernetes.io/managed-by"], "doorward");
        assert_eq!(labels["doorward.dev/certificate-id"], "756-cn");
        assert_eq!(written["metadata"]["managedFields"][0]["manager"], "doorward");

        let delete = || secrets.delete(By::Operator, NAMESPACE, "cert-756");
        assert!(delete().await.expect("deletes"));
        assert!(!delete().await.expect("nothing there"));
    }
}

#[tokio::test]
async fn an_operator_replaces_what_others_wrote_and_an_issuer_does_not() {
    for cluster in clusters().await {
        let foreign = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"namespace": NAMESPACE, "name": "tls-a"},
            "data": {"tls.crt": STANDARD.encode("theirs"), "tls.key": STANDARD.encode("theirs")},
        });
        cluster.put(&foreign).await;
        let (ballot, leadership) = Ballot::open();
        let secrets = Secrets::new(client(&cluster).await);
        ballot.win();
        let store = IssuedSecrets::new(secrets.clone(), leadership);
        let refused =
            store.put(&CertificateId::secret(NAMESPACE, "tls-a"), "local", &issued()).await;
        let refused = refused.expect_err("it is another's").to_string();
        assert!(refused.contains("cannot patch Secret doorward-system/tls-a"), "{refused}");
        assert!(refused.contains("conflict"), "{refused}");
        let key = |object: serde_json::Value| object["data"]["tls.key"].clone();
        let there = cluster.object("Secret", NAMESPACE, "tls-a").await.map(key);
        assert_eq!(there, Some(STANDARD.encode("theirs").into()));

        secrets.put(By::Operator, &secret("tls-a", "mine")).await.expect("replaces");
        let there = cluster.object("Secret", NAMESPACE, "tls-a").await.map(key);
        assert_eq!(there, Some(STANDARD.encode("mine").into()));
    }
}

#[tokio::test]
async fn a_secret_of_another_type_is_told_with_its_cure() {
    let Some(cluster) = Box::pin(Cluster::real()).await else { return };
    let opaque = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"namespace": NAMESPACE, "name": "tls-a"},
    });
    cluster.put(&opaque).await;
    let secrets = Secrets::new(client(&cluster).await);
    let refused = secrets.put(By::Operator, &secret("tls-a", "a key")).await;
    let refused = refused.expect_err("the type cannot change").to_string();
    assert!(refused.contains("delete this Secret"), "{refused}");
    assert!(!refused.contains("a key"), "{refused}");
}

#[tokio::test]
async fn only_the_leader_stores_what_was_issued() {
    let cluster = in_process().await;
    rights::grant_in(&cluster, "shop").await;
    let (ballot, leadership) = Ballot::open();
    let store = IssuedSecrets::new(Secrets::new(client(&cluster).await), leadership);
    let id = CertificateId::secret("shop", "tls-a");
    let refused = store.put(&id, "local", &issued()).await.expect_err("nobody leads").to_string();
    assert!(refused.contains("not the leader"), "{refused}");

    ballot.win();
    store.put(&id, "local", &issued()).await.expect("the leader writes");
    let written = cluster.object("Secret", "shop", "tls-a").await.expect("there");
    assert_eq!(written["metadata"]["labels"]["doorward.dev/issued-by"], "local");
    assert_eq!(written["metadata"]["annotations"]["doorward.dev/issued-as"], "arn:one");

    ballot.lose();
    store.put(&id, "local", &issued()).await.expect_err("the term is over");
}

#[tokio::test]
async fn a_missing_right_names_the_rule_and_no_content() {
    let server = ApiServer::start().await;
    server.deny("patch", "secrets");
    let cluster = Cluster::InProcess(server);
    let secrets = Secrets::new(client(&cluster).await);
    let refused = secrets.put(By::Operator, &secret("cert-756", "a key")).await;
    let refused = refused.expect_err("refused").to_string();
    let rule = r#"{apiGroups: [""], resources: ["secrets"], verbs: ["create", "patch"]}"#;
    assert!(refused.contains(rule) && refused.contains("namespace doorward-system"), "{refused}");
    assert!(!refused.contains("a key"), "{refused}");
}
