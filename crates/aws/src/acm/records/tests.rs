use std::collections::BTreeSet;

use issue::RecordKind;

use super::*;

fn record(name: &str) -> Record {
    Record { name: name.into(), kind: RecordKind::Cname, value: "_y.acm.test".into(), ttl: 60 }
}

fn listed(names: &[&str], status: CertificateStatus) -> Listed {
    Listed {
        arn: "a".into(),
        names: names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>(),
        has_more_names: false,
        status,
        is_in_use: false,
        created: 0,
    }
}

#[test]
fn a_name_and_the_wildcard_below_it_need_the_same_record() {
    let records = [record("_x.shop.test")];
    for names in [&["shop.test"][..], &["*.shop.test"], &["a.test", "shop.test"]] {
        assert!(may_need(&listed(names, CertificateStatus::Issued), &records), "{names:?}");
    }
    assert!(!may_need(&listed(&["www.shop.test"], CertificateStatus::Issued), &records));
}

#[test]
fn what_is_dead_needs_nothing_and_what_is_not_shown_may_need_all() {
    let records = [record("_x.shop.test")];
    assert!(!may_need(&listed(&["shop.test"], CertificateStatus::Failed), &records));
    let mut hidden = listed(&["a.test"], CertificateStatus::PendingValidation);
    hidden.has_more_names = true;
    assert!(may_need(&hidden, &records));
}

#[test]
fn only_what_nobody_else_has_is_unused() {
    let (a, b) = (record("_a.test"), record("_b.test"));
    assert_eq!(unused(vec![a.clone(), b.clone()], std::slice::from_ref(&a)), [b]);
}
