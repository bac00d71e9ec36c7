use proptest::prelude::*;

use super::*;
use crate::keeper::tests::{certificate, want};

const DAY: i64 = 86_400;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * DAY).expect("in range")
}

fn why(want: &Want, day: i64) -> Option<Why> {
    match decide(want, &IssuerPlan::default(), None, at(day)) {
        Decision::Obtain(why) => Some(why),
        Decision::Keep { .. } => None,
    }
}

#[test]
fn each_case_has_its_reason() {
    let held = |names: &[&str]| Some(certificate(names, at(0), at(90)));
    let cases = [
        ("nothing in hand", want("ns/a", &["a.test"], None), 1, Some(Why::Missing)),
        ("fresh", want("ns/a", &["a.test"], held(&["a.test"])), 1, None),
        (
            "order of names does not matter",
            want("ns/a", &["b.test", "a.test"], held(&["a.test", "b.test"])),
            1,
            None,
        ),
        (
            "a name more is wanted",
            want("ns/a", &["a.test", "b.test"], held(&["a.test"])),
            1,
            Some(Why::NamesDiffer),
        ),
        (
            "a name less is wanted",
            want("ns/a", &["a.test"], held(&["a.test", "b.test"])),
            1,
            Some(Why::NamesDiffer),
        ),
        ("half way", want("ns/a", &["a.test"], held(&["a.test"])), 45, None),
        (
            "a third is left",
            want("ns/a", &["a.test"], held(&["a.test"])),
            61,
            Some(Why::RenewalDue),
        ),
        ("over", want("ns/a", &["a.test"], held(&["a.test"])), 90, Some(Why::Expired)),
    ];
    for (case, want, day, expected) in cases {
        assert_eq!(why(&want, day), expected, "{case}");
    }
}

#[test]
fn certificates_made_together_are_renewed_at_different_times() {
    let moments: std::collections::BTreeSet<Timestamp> = (0..100)
        .map(|n| {
            let want = want(
                &format!("ns/{n}"),
                &["a.test"],
                Some(certificate(&["a.test"], at(0), at(90))),
            );
            match decide(&want, &IssuerPlan::default(), None, at(1)) {
                Decision::Keep { until } => until,
                Decision::Obtain(why) => panic!("obtained because {why}"),
            }
        })
        .collect();
    assert!(moments.len() > 95, "only {} different moments", moments.len());
}

proptest! {
    #[test]
    fn a_certificate_is_kept_until_a_third_is_left_but_for_the_jitter(
        lifetime in 60_i64..400 * DAY,
        passed in 0.0_f64..1.2,
        id in "[a-z]{1,8}/[a-z]{1,8}",
    ) {
        let end = Timestamp::from_second(lifetime).expect("in range");
        let want = want(&id, &["a.test"], Some(certificate(&["a.test"], at(0), end)));
        let now = Timestamp::from_second((lifetime as f64 * passed) as i64).expect("in range");
        let obtained = matches!(decide(&want, &IssuerPlan::default(), None, now), Decision::Obtain(_));
        if passed < 2.0 / 3.0 - 0.06 { prop_assert!(!obtained); }
        if passed > 2.0 / 3.0 + 0.02 { prop_assert!(obtained); }
    }

    #[test]
    fn what_is_kept_is_looked_at_again_later_than_now(now in 0_i64..90 * DAY) {
        let now = Timestamp::from_second(now).expect("in range");
        let want = want("ns/a", &["a.test"], Some(certificate(&["a.test"], at(0), at(90))));
        if let Decision::Keep { until } = decide(&want, &IssuerPlan::default(), None, now) {
            prop_assert!(until > now);
        }
    }
}
