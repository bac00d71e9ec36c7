use issue::{Fault, RecordKind};

use super::*;
use crate::{
    acm::{RecordPolicy, Settings},
    fixture::order,
};

fn spec() -> Spec {
    let settings = Settings {
        cluster: "west".into(),
        cluster_uid: "0b6c".into(),
        authority: None,
        tags: Vec::new(),
        records: RecordPolicy::Keep,
    };
    Spec::of(&order(&["shop.test"], 1), &settings).unwrap()
}

fn record() -> Record {
    Record {
        name: "_x.shop.test".into(),
        kind: RecordKind::Cname,
        value: "_y.acm.test".into(),
        ttl: 60,
    }
}

fn seen(status: CertificateStatus) -> Seen {
    Seen {
        status,
        failure: None,
        serial: Some("0A01".into()),
        not_after: Some(at(100)),
        records: Records::Known(vec![record()]),
        in_use_by: Vec::new(),
        renewal: None,
        can_be_renewed: true,
    }
}

/// A moment, days after a first one.
fn at(days: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + days * 86_400).unwrap()
}

fn state(phase: Phase, looks: u32) -> State {
    State { arn: Some("a".into()), is_marked: true, phase, looks }
}

fn decide(seen: Option<&Seen>, state: &State, held: Option<&str>, day: i64) -> Next {
    next(&spec(), seen, state, held, at(day))
}

#[test]
fn what_is_not_seen_is_not_there_yet_for_a_minute_and_then_gone() {
    assert!(matches!(decide(None, &state(Phase::Requested, 0), None, 0), Next::Look { .. }));
    let Next::GiveUp(error) = decide(None, &state(Phase::Requested, 9), None, 0) else { panic!() };
    assert_eq!(error.fault, Fault::Dead);
    let validating = decide(None, &state(Phase::Validating, 0), None, 0);
    assert!(matches!(validating, Next::GiveUp(_)), "it was seen before");
}

#[test]
fn records_are_placed_as_soon_as_they_are_known_and_every_tenth_look() {
    let pending = seen(CertificateStatus::PendingValidation);
    let not_yet = Seen { records: Records::NotYet, ..pending.clone() };
    assert!(matches!(
        decide(Some(&not_yet), &state(Phase::Requested, 0), None, 0),
        Next::Look { phase: Phase::Requested, .. }
    ));
    for (phase, looks, places) in [
        (Phase::Requested, 3, true),
        (Phase::Validating, 0, false),
        (Phase::Validating, 9, true),
        (Phase::Validating, 10, false),
    ] {
        let next = decide(Some(&pending), &state(phase, looks), None, 0);
        assert_eq!(matches!(next, Next::Place { .. }), places, "{phase:?} {looks}");
    }
}

#[test]
fn what_is_issued_is_exported_unless_it_is_what_is_in_hand() {
    let issued = seen(CertificateStatus::Issued);
    let requested = state(Phase::Requested, 0);
    assert!(matches!(decide(Some(&issued), &requested, None, 0), Next::Export));
    assert!(matches!(decide(Some(&issued), &requested, Some("0A00"), 0), Next::Export));
    assert!(matches!(decide(Some(&issued), &requested, Some("0A01"), 0), Next::Renew));
}

#[test]
fn a_renewal_that_does_not_come_gets_a_replacement() {
    let issued = seen(CertificateStatus::Issued);
    let held = Some("0A01");
    let asked = |looks| state(Phase::Renewing, looks);
    assert!(matches!(decide(Some(&issued), &asked(1), held, 0), Next::Look { .. }));
    assert!(matches!(decide(Some(&issued), &asked(45), held, 0), Next::Replace { .. }));
    let failed = Seen { renewal: Some(RenewalStatus::Failed), ..issued.clone() };
    assert!(matches!(decide(Some(&failed), &asked(1), held, 0), Next::Replace { .. }));
    let never = Seen { can_be_renewed: false, ..issued };
    assert!(matches!(
        decide(Some(&never), &state(Phase::Requested, 0), held, 0),
        Next::Replace { .. }
    ));
}

#[test]
fn a_renewal_that_lost_its_records_gets_them_back_and_is_not_waited_for_too_long() {
    let waiting =
        Seen { renewal: Some(RenewalStatus::PendingValidation), ..seen(CertificateStatus::Issued) };
    let held = Some("0A01");
    assert!(matches!(
        decide(Some(&waiting), &state(Phase::Requested, 0), held, 50),
        Next::Place { then: Phase::Renewing, .. }
    ));
    assert!(matches!(
        decide(Some(&waiting), &state(Phase::Renewing, 30), held, 50),
        Next::Look { .. }
    ));
    assert!(matches!(
        decide(Some(&waiting), &state(Phase::Renewing, 30), held, 71),
        Next::Replace { .. }
    ));
}
