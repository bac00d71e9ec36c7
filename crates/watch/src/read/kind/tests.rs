use super::*;

#[test]
fn kinds_and_versions_are_told_apart() {
    for (api_version, kind, expected) in [
        ("networking.k8s.io/v1", "Ingress", Recognised::Read(Kind::Ingress)),
        ("v1", "Secret", Recognised::Read(Kind::Secret)),
        ("alibabacloud.com/v1", "AlbConfig", Recognised::Read(Kind::AlbConfig)),
        ("networking.k8s.io/v1beta1", "Ingress", Recognised::OtherVersion(Kind::Ingress)),
        ("extensions/v1beta1", "Ingress", Recognised::OtherVersion(Kind::Ingress)),
        ("v2", "Service", Recognised::OtherVersion(Kind::Service)),
        ("serving.knative.dev/v1", "Service", Recognised::Unknown(None)),
        ("config.openshift.io/v1", "Ingress", Recognised::Unknown(None)),
        ("apps/v1", "Deployment", Recognised::Beside),
        ("rbac.authorization.k8s.io/v1", "Role", Recognised::Beside),
        ("kustomize.config.k8s.io/v1beta1", "Kustomization", Recognised::Beside),
        ("iam.example.com/v1", "Role", Recognised::Unknown(None)),
        ("networking.istio.io/v1", "Gateway", Recognised::Read(Kind::Gateway)),
        ("networking.istio.io/v1alpha3", "VirtualService", Recognised::Read(Kind::VirtualService)),
        ("networking.istio.io/v2", "Gateway", Recognised::OtherVersion(Kind::Gateway)),
        ("gateway.networking.k8s.io/v1", "Gateway", Recognised::Unknown(None)),
        ("networking.k8s.io/v1", "Ingres", Recognised::Unknown(Some("Ingress"))),
    ] {
        assert_eq!(Kind::recognise(api_version, kind), expected, "{api_version} {kind}");
    }
}

#[test]
fn every_kind_shares_its_own_name() {
    for kind in Kind::ALL {
        assert_eq!(&*kind.shared(), kind.as_str());
        assert!(Arc::ptr_eq(&kind.shared(), &kind.shared()));
    }
}
