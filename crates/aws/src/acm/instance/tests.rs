use std::collections::BTreeSet;

use super::*;

fn instance(arn: &str, status: CertificateStatus, created: i64, order: u64) -> Instance {
    Instance { arn: arn.into(), status, created, order: Some(order) }
}

fn chosen(instances: &[Instance], order: u64) -> Option<&str> {
    choose(instances, order).map(|one| one.arn.as_str())
}

#[test]
fn one_is_chosen_the_same_whatever_the_order_they_are_listed_in() {
    use CertificateStatus::{Issued, PendingValidation};
    let mut all = vec![
        instance("a", PendingValidation, 9, 1),
        instance("b", Issued, 5, 1),
        instance("c", Issued, 7, 1),
        instance("d", Issued, 7, 1),
    ];
    assert_eq!(chosen(&all, 2), Some("c"), "issued, newest, then by ARN");
    all.reverse();
    assert_eq!(chosen(&all, 2), Some("c"));
    all[3].order = Some(2);
    assert_eq!(chosen(&all, 2), Some("a"), "what this order requested itself");
}

#[test]
fn what_failed_or_ended_is_never_chosen() {
    use CertificateStatus::{Expired, Failed, Revoked, ValidationTimedOut};
    let all = [Expired, Failed, Revoked, ValidationTimedOut].map(|s| instance("a", s, 1, 1));
    assert_eq!(chosen(&all, 1), None);
}

#[test]
fn a_listing_that_shows_only_some_names_needs_a_closer_look() {
    let names: Vec<Name> = ["a.test", "b.test"].map(|name| name.parse().unwrap()).into();
    let mut listed = Listed {
        arn: "a".into(),
        names: BTreeSet::from(["a.test".into(), "b.test".into()]),
        has_more_names: false,
        status: CertificateStatus::Issued,
        is_in_use: false,
        created: 0,
    };
    assert!(may_be(&listed, &names));
    assert!(!may_be(&listed, &names[..1]), "one name more is another certificate");
    listed.has_more_names = true;
    assert!(may_be(&listed, &names[..1]));
}
