//! What Doorward may do: the rights that `deploy/` gives suffice, and one that is missing is named.

use testkit::{
    cluster::Cluster,
    manifest::{documents, tls_secret},
    pki::TestCa,
    tls::TlsClient,
};

use super::{prepare, replica, stories};
use crate::{
    certificates::shown,
    manifests::{CLASS, OWN_CA, edge_lb, fixed, ingress},
    setup,
};

const CLUSTER_ROLE: &str = include_str!("../../../../../deploy/base/cluster-role.yaml");
const ROLE: &str = include_str!("../../../../../deploy/base/role.yaml");
const ACCOUNT: &str = include_str!("../../../../../deploy/base/service-account.yaml");
const WATCHED: &str = include_str!("../../../../../deploy/watched-namespace/role.yaml");

/// Gives the ServiceAccount what an installation without watched namespaces has.
pub async fn grant(cluster: &Cluster) {
    for rules in [ACCOUNT, CLUSTER_ROLE, ROLE] {
        cluster.put_yaml(rules).await;
    }
}

stories! {
/// As the ServiceAccount with nothing but the rules of `deploy/`: it serves, issues, reports.
async fn the_installed_rights_are_enough(cluster: Cluster) {
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test"]);
    prepare(&cluster).await;
    grant(&cluster).await;
    for mut rule in documents(WATCHED) {
        rule["metadata"]["namespace"] = "shop".into();
        cluster.put(&rule).await;
    }
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&edge_lb("")).await;
    cluster.put_yaml(&tls_secret("shop", "shop-tls", &pair)).await;
    let tls = "{hosts: [shop.test], secretName: shop-tls}";
    cluster.put_yaml(&ingress("alb", "shop", "web", "shop.test", tls, "shop")).await;
    cluster.put_yaml(&fixed("shop", "own", "own.test", "{hosts: [own.test]}", "own")).await;
    // A Secret that is to come: into a namespace that is not Doorward's.
    let tls_to_come = "{hosts: [come.test], secretName: to-come}";
    let asks = "annotations:\n    doorward.dev/issuer: local\n";
    let to_come = ingress("alb", "shop", "come", "come.test", tls_to_come, "come");
    cluster.put_yaml(&to_come.replace("annotations:\n", asks)).await;
    let settings =
        format!("watchNamespaces: [shop]\npublishAddress: 203.0.113.7\n{OWN_CA}");
    let app = setup()
        .kube(&cluster.service_account_kubeconfig())
        .config(&settings)
        .start()
        .await;
    shown(app.address("edge-lb", 443).await, "shop.test", &pair).await;
    let own = app.address("web", 443).await;
    testkit::wait_until(testkit::LIMIT, || async {
        TlsClient::unchecked().handshake(own, Some("own.test")).await.is_ok()
    })
    .await;
    let issued = cluster
        .wait_for("Secret", "shop", "to-come", |secret| {
            Some(secret["metadata"]["labels"]["doorward.dev/issued-by"].as_str()?.to_owned())
        })
        .await;
    assert_eq!(issued, "local");
    for (kind, namespace, name) in [("Ingress", "shop", "web"), ("AlbConfig", "", "edge-lb")] {
        cluster
            .wait_for(kind, namespace, name, |object| {
                let status = &object["status"]["loadBalancer"];
                (status["ingress"][0]["ip"].is_string() || status["dnsname"].is_string())
                    .then_some(())
            })
            .await;
    }
    cluster.put_yaml(&ingress("alb", "shop", "late", "shop.test", tls, "late")).await;
    testkit::wait_until(testkit::LIMIT, || async {
        let events = cluster.events().await;
        events.iter().any(|event| event["reason"] == "SuccessfullyReconciled")
    })
    .await;
    let refused: Vec<_> =
        app.logs().into_iter().filter(|line| line.contains("forbidden")).collect();
    assert_eq!(refused, [""; 0]);
}

/// Secrets of a namespace that is not watched are not looked for, and the verdict says why.
async fn an_unwatched_namespace_is_named_with_the_cure(cluster: Cluster) {
    prepare(&cluster).await;
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&tls_secret("blog", "blog-tls", &TestCa::new("root").leaf(&["blog.test"]))).await;
    let tls = "{hosts: [blog.test], secretName: blog-tls}";
    cluster.put_yaml(&fixed("blog", "web", "blog.test", tls, "blog")).await;
    let app = replica(&cluster).start().await;
    let verdict = app.verdict("Ingress blog/web", "SecretNotFound").await;
    let message = verdict["message"].as_str().unwrap();
    assert!(message.contains("watchNamespaces"), "{message}");
}
}

/// Nobody may say what operators changed by hand: then nothing was, and everybody serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_is_denied_keeps_nobody_from_serving() {
    let cluster = Cluster::in_process().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!("asked for") };
    prepare(&cluster).await;
    server.deny("list", "configmaps");
    let app = replica(&cluster).start().await;
    app.logged("cannot watch ConfigMap doorward-system/doorward-console: forbidden; add the rule")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_that_is_denied_is_named_and_the_others_go_on() {
    let cluster = Cluster::in_process().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!("asked for") };
    prepare(&cluster).await;
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test"]);
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&tls_secret("shop", "shop-tls", &pair)).await;
    let tls = "{hosts: [shop.test], secretName: shop-tls}";
    cluster.put_yaml(&fixed("shop", "web", "shop.test", tls, "shop")).await;
    server.deny("list", "albconfigs");
    let app = replica(&cluster).start().await;
    shown(app.address("web", 443).await, "shop.test", &pair).await;
    let verdicts = app.get("/api/v1/verdicts").await.text();
    assert!(verdicts.contains("AccessDenied") && verdicts.contains("albconfigs"), "{verdicts}");

    server.allow("list", "albconfigs");
    testkit::wait_until(testkit::LIMIT, || async {
        !app.get("/api/v1/verdicts").await.text().contains("AccessDenied")
    })
    .await;
}
