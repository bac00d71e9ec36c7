use testkit::pki::TestCa;

use super::Catalogue;
use crate::{
    fixture::{Secrets, leaf, reach},
    reach::Reach,
};

fn fingerprint(catalogue: &Catalogue, name: &str, reach: &Reach) -> Option<String> {
    let content = catalogue.find(name, reach).content?;
    content.certificate().map(|held| held.serial.clone())
}

fn problem(catalogue: &Catalogue, name: &str, reach: &Reach) -> String {
    catalogue.find(name, reach).problem.expect("it has one").to_string()
}

#[test]
fn one_secret_answers_to_all_its_names() {
    let mut secrets = Secrets::default();
    let catalogue = secrets.put("web", &leaf("a.test")).catalogue();
    let found = fingerprint(&catalogue, "kubernetes://web", &reach());
    assert!(found.is_some());
    for name in [
        "kubernetes://istio-system/web",
        "kubernetes-gateway://istio-system/web",
        "sds://web",
        "web",
        "istio-system/web",
        "a.test",
        "A.TEST",
    ] {
        assert_eq!(fingerprint(&catalogue, name, &reach()), found, "{name}");
    }
}

#[test]
fn other_namespaces_are_out_of_reach_unless_granted() {
    let mut secrets = Secrets::default();
    let catalogue = secrets.put_in("shop", "web", &leaf("a.test")).catalogue();
    let stranger = Reach { namespace: "istio-system".into(), granted: Vec::new() };
    for name in ["kubernetes://shop/web", "kubernetes-gateway://shop/web", "shop/web"] {
        assert!(problem(&catalogue, name, &stranger).contains("out of reach"), "{name}");
    }
    assert!(fingerprint(&catalogue, "a.test", &stranger).is_none(), "nor by host name");

    let granted = Reach { granted: vec!["shop".into()], ..stranger };
    for name in ["kubernetes-gateway://shop/web", "shop/web", "a.test"] {
        assert!(fingerprint(&catalogue, name, &granted).is_some(), "{name}");
    }
    // As in Istio, whatever is granted.
    assert!(problem(&catalogue, "kubernetes://shop/web", &granted).contains("out of reach"));
}

#[test]
fn whether_a_secret_out_of_reach_exists_is_not_told() {
    let mut secrets = Secrets::default();
    let catalogue = secrets.put_in("shop", "web", &leaf("a.test")).catalogue();
    let stranger = Reach { namespace: "istio-system".into(), granted: Vec::new() };
    let existing = problem(&catalogue, "kubernetes://shop/web", &stranger);
    let absent = problem(&catalogue, "kubernetes://shop/nothing", &stranger);
    assert_eq!(existing, absent);
}

#[test]
fn ids_of_the_store_need_a_grant_for_the_stores_namespace() {
    let mut secrets = Secrets::default();
    let catalogue = secrets.put_stored("756-cn-hangzhou", &leaf("a.test")).catalogue();
    assert!(fingerprint(&catalogue, "756-cn-hangzhou", &reach()).is_some());
    let stranger = Reach { namespace: "shop".into(), granted: Vec::new() };
    assert!(fingerprint(&catalogue, "756-cn-hangzhou", &stranger).is_none());
}

#[test]
fn a_wildcard_answers_for_hosts_below_it_and_an_exact_name_goes_first() {
    let mut secrets = Secrets::default();
    let (wildcard, exact) = (leaf("*.a.test"), leaf("www.a.test"));
    let catalogue = secrets.put("wild", &wildcard).put("exact", &exact).catalogue();
    let (wild, one) = ["wild", "exact"].map(|name| fingerprint(&catalogue, name, &reach())).into();
    assert_eq!(fingerprint(&catalogue, "shop.a.test", &reach()), wild);
    assert_eq!(fingerprint(&catalogue, "www.a.test", &reach()), one);
    assert_eq!(fingerprint(&catalogue, "deep.shop.a.test", &reach()), None);
}

#[test]
fn a_bad_update_keeps_the_last_good_content_and_says_so() {
    let mut secrets = Secrets::default();
    let first = secrets.put("web", &leaf("a.test")).catalogue();
    let good = fingerprint(&first, "kubernetes://web", &reach());
    let second = secrets.break_pair("web").after(&first);
    assert_eq!(fingerprint(&second, "kubernetes://web", &reach()), good);
    let said = problem(&second, "kubernetes://web", &reach());
    assert_eq!(said, "Secret istio-system/web: the certificate is not PEM");
    let third = secrets.put("web", &leaf("a.test")).after(&second);
    assert!(third.find("kubernetes://web", &reach()).problem.is_none());
    assert_ne!(fingerprint(&third, "kubernetes://web", &reach()), good);
}

#[test]
fn a_secret_that_is_bad_from_the_start_or_gone_has_no_content() {
    let mut secrets = Secrets::default();
    let first = secrets.break_pair("bad").put("web", &leaf("a.test")).catalogue();
    assert!(first.find("kubernetes://bad", &reach()).content.is_none());
    let second = secrets.remove("web").after(&first);
    assert!(second.find("kubernetes://web", &reach()).content.is_none());
    assert!(problem(&second, "kubernetes://web", &reach()).contains("does not exist"));
}

#[test]
fn the_ca_of_its_own_secret_goes_before_the_one_beside_the_pair() {
    let (beside, own) = (TestCa::new("beside"), TestCa::new("own"));
    let mut secrets = Secrets::default();
    let first = secrets.put_roots("web", &beside).catalogue();
    let version = |catalogue: &Catalogue| {
        let found = catalogue.find("kubernetes://web-cacert", &reach());
        found.content.expect("there is a CA").version.clone()
    };
    let second = secrets.put_roots("web-cacert", &own).after(&first);
    assert_ne!(version(&first), version(&second));
    let third = secrets.remove("web").after(&second);
    assert_eq!(version(&second), version(&third));
}

#[test]
fn a_ca_that_turns_bad_is_kept_and_one_that_is_taken_out_is_not() {
    let ca = TestCa::new("clients");
    let mut secrets = Secrets::default();
    let first = secrets.put_roots("web", &ca).catalogue();
    let name = "kubernetes://web-cacert";
    let second = secrets.break_roots("web").after(&first);
    let found = second.find(name, &reach());
    assert_eq!(found.content.unwrap().version, first.find(name, &reach()).content.unwrap().version);
    assert_eq!(found.problem.as_deref(), Some("Secret istio-system/web: no PEM"));
    let third = secrets.put("web", &leaf("a.test")).after(&second);
    assert!(third.find(name, &reach()).content.is_none());
    assert!(problem(&third, name, &reach()).contains("put its certificates under ca.crt"));
}

#[test]
fn what_is_revoked_and_what_is_stapled_are_part_of_the_version() {
    let (ca, pair) = (TestCa::new("clients"), leaf("a.test"));
    let mut secrets = Secrets::default();
    let first = secrets.put("web", &pair).put_roots("ca", &ca).catalogue();
    secrets.put_stapled("web", &pair, b"response").put_roots_revoking("ca", &ca, &[]);
    let second = secrets.after(&first);
    for name in ["kubernetes://web", "kubernetes://ca-cacert"] {
        let version = |catalogue: &Catalogue| {
            catalogue.find(name, &reach()).content.expect("there is one").version.clone()
        };
        assert_ne!(version(&first), version(&second), "{name}");
    }
}

#[test]
fn an_unchanged_secret_keeps_its_content_from_world_to_world() {
    let mut secrets = Secrets::default();
    let first = secrets.put("web", &leaf("a.test")).catalogue();
    let second = secrets.put("other", &leaf("b.test")).after(&first);
    let content = |catalogue: &Catalogue| catalogue.find("web", &reach()).content.unwrap();
    assert!(std::sync::Arc::ptr_eq(&content(&first), &content(&second)));
}
