//! Envoy takes its certificates from Doorward: the real two, on one machine.

use testkit::{
    app::{App, Setup},
    envoy::{Bootstrap, Discovery, Envoy, Host, Server},
    manifest::tls_secret,
    pki::TestCa,
};

use crate::{certificates::shown, setup};

const NAMESPACE: &str = "istio-system";
const SETTINGS: &str = "mesh: {gatewayNamespace: istio-system}\n";

/// A Doorward that serves SDS on a socket in its own folder.
fn on_a_socket() -> Setup {
    setup().config(SETTINGS).arguments(&["--sds", "unix:sds.sock"])
}

fn socket(app: &App) -> Server {
    Server::Unix(app.state().parent().unwrap().join("sds.sock"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_envoy_takes_one_secret_over_a_socket_and_follows_the_file() {
    let ca = TestCa::new("root");
    let (first, second) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let app = on_a_socket()
        .manifest("a.yaml", &tls_secret(NAMESPACE, "myexample-credential", &first))
        .start()
        .await;
    let hosts = vec![Host::new("a.test", "kubernetes://myexample-credential")];
    let bootstrap = Bootstrap::new(Discovery::StateOfTheWorld, socket(&app), hosts);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let address = envoy.listener("https").await;
    shown(address, "a.test", &first).await;

    app.write("a.yaml", &tls_secret(NAMESPACE, "myexample-credential", &second));
    shown(address, "a.test", &second).await;
}
