use super::*;
use crate::{
    Health, Inventory,
    example::{Ack, KUBERNETES, TestCa, file, host},
    inventory::{Layout, SshSettings},
};

/// With a pair of the API servers' own, and what etcd is told of clients' names.
fn facts(flag: &str, name: &str) -> Facts {
    let mut facts = Ack::default().facts();
    let (certificate, key) = TestCa::of(&facts).leaf("apiserver", &["api.local".to_owned()], 900);
    for host in facts.hosts.values_mut() {
        for (path, text) in [("etcd-client.pem", &certificate), ("etcd-client-key.pem", &key)] {
            let path = format!("{KUBERNETES}/{path}");
            host.files.insert(path.clone().into(), file(&path, text));
        }
        host.components[0].settings.set(flag, name);
    }
    facts
}

/// Whose certificate etcd on the first master is shown.
fn shown(facts: &Facts) -> String {
    let (name, layout) = ("test".to_owned(), Layout::Auto);
    let inventory = Inventory { name, ssh: SshSettings::default(), layout, hosts: Vec::new() };
    let scene = Scene::of(facts, &Health::default(), &inventory);
    let faces = Faces { scene: &scene, contents: facts };
    let faces = faces.at(&host(1), Program::Etcd, Port::Client);
    faces.first().expect("a pair").leaf.name().to_owned()
}

#[test]
fn etcd_is_asked_with_a_pair_that_it_lets_in_by_name() {
    assert_eq!(shown(&facts("log-level", "debug")), "etcd-client", "whom it lets in anyway");
    assert_eq!(shown(&facts("client-cert-allowed-cn", "etcd-client")), "etcd-client");
    assert_eq!(shown(&facts("client-cert-allowed-cn", "apiserver")), "apiserver");
    assert_eq!(shown(&facts("client-cert-allowed-hostname", "api.local")), "apiserver");
    assert_eq!(shown(&facts("client-cert-allowed-cn", "somebody")), "etcd-client", "none is");
}
