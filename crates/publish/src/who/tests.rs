use testkit::pki::{LeafOptions, TestCa};

use super::Clients;

fn clients() -> Clients {
    Clients {
        trust_domains: ["cluster.local".to_owned()].into(),
        named: [("gateway.edge.test".to_owned(), "edge".into())].into(),
    }
}

fn namespace_of(name: &str) -> Option<String> {
    let pair = TestCa::new("clients").issue(&[name], LeafOptions::client());
    clients().identify(&pair.der()).map(|identity| identity.namespace.to_string())
}

#[test]
fn a_named_client_stands_for_its_namespace() {
    assert_eq!(namespace_of("gateway.edge.test").as_deref(), Some("edge"));
    assert_eq!(namespace_of("other.edge.test"), None);
}

#[test]
fn a_spiffe_identity_stands_for_its_namespace_in_trusted_domains_only() {
    for (uri, wanted) in [
        ("spiffe://cluster.local/ns/istio-system/sa/gateway", Some("istio-system")),
        ("spiffe://other.test/ns/istio-system/sa/gateway", None),
        ("spiffe://cluster.local/ns//sa/gateway", None),
        ("spiffe://cluster.local/ns/a/sa/b/more", None),
        ("https://cluster.local/ns/a/sa/b", None),
    ] {
        assert_eq!(clients().by_spiffe(uri), wanted, "{uri}");
    }
}

#[test]
fn a_common_name_or_garbage_stands_for_nobody() {
    assert_eq!(clients().identify(b"garbage"), None);
    assert_eq!(clients().identify(&[]), None);
}
