use super::{
    Asked,
    Part::{Pair, Roots},
    Scheme::{self, Kubernetes, KubernetesGateway, Plain},
};

fn secret<'a>(
    scheme: Scheme,
    namespace: Option<&'a str>,
    name: &'a str,
    part: super::Part,
) -> Asked<'a> {
    Asked::Secret { scheme, namespace, name, part }
}

#[test]
fn every_kind_of_name_is_understood() {
    for (text, wanted) in [
        ("kubernetes://web", secret(Kubernetes, None, "web", Pair)),
        ("kubernetes://shop/web", secret(Kubernetes, Some("shop"), "web", Pair)),
        ("kubernetes-gateway://shop/web", secret(KubernetesGateway, Some("shop"), "web", Pair)),
        ("kubernetes://web-cacert", secret(Kubernetes, None, "web", Roots)),
        ("kubernetes-gateway://a/b-cacert", secret(KubernetesGateway, Some("a"), "b", Roots)),
        ("sds://provider", secret(Plain, None, "provider", Pair)),
        ("web", secret(Plain, None, "web", Pair)),
        ("shop/web", secret(Plain, Some("shop"), "web", Pair)),
        ("www.shop.test", secret(Plain, None, "www.shop.test", Pair)),
        ("756-cn-hangzhou", secret(Plain, None, "756-cn-hangzhou", Pair)),
    ] {
        assert_eq!(Asked::parse(text), wanted, "{text}");
    }
}

#[test]
fn what_is_not_served_says_why() {
    for text in [
        "",
        "kubernetes://",
        "kubernetes:///web",
        "kubernetes://a/b/c",
        "kubernetes-gateway://web",
        "-cacert",
        "builtin://",
        "builtin://-cacert",
        "invalid://",
        "configmap://a/b",
        "vault://a",
        "file-cert:/a~/b",
        "file-root:/a",
    ] {
        assert!(matches!(Asked::parse(text), Asked::Nothing(why) if !why.is_empty()), "{text}");
    }
}
