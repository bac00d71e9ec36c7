use super::{Bootstrap, Discovery, Envoy, Host, Server};

#[test]
fn envoy_takes_every_kind_of_bootstrap() {
    let server = Server::Tcp("127.0.0.1:1".parse().unwrap());
    let hosts = vec![Host::new("a.test", "kubernetes://a")];
    for discovery in [
        Discovery::StateOfTheWorld,
        Discovery::Delta,
        Discovery::AggregatedStateOfTheWorld,
        Discovery::AggregatedDelta,
    ] {
        for on_demand in [false, true] {
            let bootstrap =
                Bootstrap { on_demand, ..Bootstrap::new(discovery, server.clone(), hosts.clone()) };
            let Some(output) = Envoy::validate(&bootstrap.text()) else { return };
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{discovery:?} {on_demand}: {said}");
        }
    }
}
