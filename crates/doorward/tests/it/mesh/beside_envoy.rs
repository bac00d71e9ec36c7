//! Doorward's own gateway and a real Envoy, side by side, with the same Secrets in one run.

use testkit::{
    envoy::{Bootstrap, Discovery, Envoy, Host, Server},
    manifest::tls_secret,
    pki::TestCa,
};

use super::{BALANCER, GATEWAY, HOSTS, NAMESPACE, with_two_servers};
use crate::{certificates::shown, setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_own_gateway_and_envoy_take_the_same_secrets() {
    let ca = TestCa::new("myexample Inc.");
    let [first, second] = [ca.leaf(&["*.aliyun.com"]), ca.leaf(&["*.aliyun.com"])];
    let own = ca.leaf(&["a.aliyun.com"]);
    let app = setup()
        .manifest("gateway.yaml", &with_two_servers("myexample-credential"))
        .manifest("hosts.yaml", HOSTS)
        .manifest("credential.yaml", &tls_secret(NAMESPACE, "myexample-credential", &first))
        .manifest("own.yaml", &tls_secret(NAMESPACE, "a-credential", &own))
        .config("mesh: {gatewayNamespace: istio-system}\n")
        .arguments(&["--sds", "unix:sds.sock"])
        .start()
        .await;
    let socket = app.state().parent().unwrap().join("sds.sock");
    // Named one by one: the test's Envoy has no wildcards.
    let hosts = vec![
        Host::new("a.aliyun.com", "kubernetes://a-credential"),
        Host::new("b.aliyun.com", "kubernetes://myexample-credential"),
    ];
    let bootstrap = Bootstrap::new(Discovery::AggregatedDelta, Server::Unix(socket), hosts);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let both = [app.address(BALANCER, 443).await, envoy.listener("https").await];
    for address in both {
        shown(address, "a.aliyun.com", &own).await;
        shown(address, "b.aliyun.com", &first).await;
    }

    app.write("credential.yaml", &tls_secret(NAMESPACE, "myexample-credential", &second));
    for address in both {
        shown(address, "b.aliyun.com", &second).await;
        shown(address, "a.aliyun.com", &own).await;
    }

    // Gone, and served on by both.
    app.remove("credential.yaml");
    app.verdict("Gateway default/mysdsgateway", "SecretNotFound").await;
    for address in both {
        shown(address, "b.aliyun.com", &second).await;
    }
    // The walk-through's change of name is the own gateway's alone: what Envoy asks for is its
    // bootstrap's business.
    let third = ca.leaf(&["*.aliyun.com"]);
    app.write("new.yaml", &tls_secret(NAMESPACE, "new-certs", &third));
    app.write("gateway.yaml", &GATEWAY.replace("myexample-credential", "new-certs"));
    shown(both[0], "b.aliyun.com", &third).await;
    shown(both[1], "b.aliyun.com", &second).await;
}
