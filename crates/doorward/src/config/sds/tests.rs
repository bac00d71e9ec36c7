use std::path::Path;

use publish::{Address, Admission, Settings, SocketMode};

use crate::{args::SdsAddress, config::file::File};

fn settings(flag: &str, text: &str) -> anyhow::Result<Option<Settings>> {
    let file = File::parse(text, Path::new("doorward.yaml"))?;
    let flag = (!flag.is_empty()).then(|| flag.parse::<SdsAddress>().unwrap());
    super::settings(flag.as_ref(), &file, &"doorward-system".into())
}

fn mistake(flag: &str, text: &str) -> String {
    settings(flag, text).unwrap_err().to_string()
}

#[test]
fn without_an_address_there_is_no_server() {
    assert_eq!(settings("", "mesh: {gatewayNamespace: istio-system}\n").unwrap(), None);
}

#[test]
fn a_socket_is_its_owners_and_serves_the_gateways_namespace_with_the_store() {
    let given = settings("unix:/run/sds.sock", "mesh: {gatewayNamespace: istio-system}\n");
    let given = given.unwrap().unwrap();
    let mode = SocketMode::Owner;
    assert_eq!(given.address, Address::Unix { path: "/run/sds.sock".into(), mode });
    assert_eq!(given.admission, Admission::Local { namespace: "istio-system".into() });
    let reach = given.grants.reach_of(&"istio-system".into());
    assert!(reach.covers("doorward-system"));
    assert!(!reach.covers("shop"));
}

#[test]
fn the_file_alone_is_enough_and_the_flag_beats_it() {
    let text = "sds:\n  address: 127.0.0.1:15012\n  namespace: edge\n  grants: {edge: [shop]}\n";
    let from_file = settings("", text).unwrap().unwrap();
    assert_eq!(from_file.address, Address::Tcp("127.0.0.1:15012".parse().unwrap()));
    let reach = from_file.grants.reach_of(&"edge".into());
    assert!(reach.covers("shop") && !reach.covers("doorward-system"));
    let flag = settings("127.0.0.1:1", text).unwrap().unwrap();
    assert_eq!(flag.address, Address::Tcp("127.0.0.1:1".parse().unwrap()));
}

#[test]
fn an_address_that_others_reach_needs_client_certificates() {
    let text = "mesh: {gatewayNamespace: istio-system}\n";
    let said = mistake("0.0.0.0:15012", text);
    assert!(said.contains("private keys") && said.contains("sds.tls"), "{said}");
    let tls = "sds:\n  tls: {certificate: edge/sds, clientCa: edge/clients, trustDomains: [cluster.local]}\n";
    let given = settings("0.0.0.0:15012", tls).unwrap().unwrap();
    assert!(matches!(given.admission, Admission::MutualTls(_)));
    assert!(given.namespaces().contains("edge"));
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_served() {
    let unix = "unix:/run/sds.sock";
    for (flag, text, part) in [
        (unix, "", "mesh.gatewayNamespace"),
        (unix, "sds: {namespace: Istio_System}\n", "is no namespace"),
        (unix, "sds: {namespace: a, socketMode: \"0666\"}\n", "0660"),
        (unix, "sds: {namespace: a, limits: {streams: 0}}\n", "1 to 1000000"),
        (unix, "sds: {namespace: a, grants: {a: [\"*\"]}}\n", "is no namespace"),
        (unix, "sds: {tls: {certificate: a/b, clientCa: a/c}}\n", "for TCP"),
        ("127.0.0.1:1", "sds: {tls: {certificate: a/b, clientCa: a/c}}\n", "lets nobody in"),
        (
            "127.0.0.1:1",
            "sds: {tls: {certificate: a/b/c, clientCa: a/c, trustDomains: [d]}}\n",
            "NAMESPACE/NAME",
        ),
        ("", "sds: {adress: \"127.0.0.1:1\"}\n", "did you mean \"address\"?"),
        ("", "sds: {address: nowhere}\n", "unix:PATH"),
    ] {
        let said = mistake(flag, text);
        assert!(said.contains(part), "{text}: {said}");
        assert!(!said.contains('\n'), "{said}");
    }
}
