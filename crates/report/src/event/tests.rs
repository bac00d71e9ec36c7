//! Which events are due, run after run.

use std::time::Duration;

use model::{Dialect, ObjectRef, Protocol, Reason, Verdict};

use super::{Due, EventType, Heard, NewEvent, Said, events};
use crate::{
    Budget, Rate,
    fixture::{Cluster, edge, ingress},
};

const SILENCE: [&str; 0] = [];
const PLENTY: Rate = Rate { burst: 1_000_000, interval: Duration::from_secs(1) };

/// One leader.
struct Leader {
    said: Said,
    budget: Budget,
    now: Duration,
}

impl Leader {
    fn new() -> Self {
        Self::after(&[])
    }

    /// Knows what the API server holds of the one before it.
    fn after(events: &[NewEvent]) -> Self {
        let heard = events.iter().map(|event| Heard {
            uid: event.uid.clone(),
            name: event.name.clone(),
            count: event.count,
        });
        let budget = Budget::new(PLENTY, PLENTY);
        Self { said: Said::from_events(heard), budget, now: Duration::from_secs(1) }
    }

    /// Has looked once.
    fn of(cluster: &Cluster) -> Self {
        let mut leader = Self::new();
        leader.due(cluster);
        leader
    }

    fn due(&mut self, cluster: &Cluster) -> Due {
        self.now += Duration::from_millis(100);
        events(&cluster.situation(), &mut self.said, &mut self.budget, self.now)
    }

    /// `OBJECT TYPE REASON COUNT: MESSAGE`
    fn lines(&mut self, cluster: &Cluster) -> Vec<String> {
        let line = |event: &NewEvent| {
            let NewEvent { object, reason, count, message, .. } = event;
            format!("{object} {} {reason} {count}: {message}", event.event_type.as_str())
        };
        self.due(cluster).events.iter().map(line).collect()
    }
}

fn shop(ingresses: &[&str]) -> Cluster {
    Cluster::edge(&[(80, Protocol::Http), (443, Protocol::Https)], ingresses)
}

#[test]
fn success_is_told_of_changes_and_not_of_what_a_leader_finds() {
    let mut cluster = shop(&["web"]);
    let mut leader = Leader::new();
    assert_eq!(leader.lines(&cluster), SILENCE);
    cluster.set_live(&ingress("web"), |live| live.revision += 1);
    cluster.put(ingress("new"), 7);
    cluster.say(Verdict::accepted(ingress("new")));
    assert_eq!(
        leader.lines(&cluster),
        [
            "Ingress shop/new Normal SuccessfullyReconciled 1: Successfully reconciled",
            "Ingress shop/web Normal SuccessfullyReconciled 1: Successfully reconciled",
        ]
    );
    assert_eq!(leader.lines(&cluster), SILENCE);
    cluster.set_live(&ingress("web"), |live| live.revision += 1);
    assert_eq!(
        leader.lines(&cluster),
        ["Ingress shop/web Normal SuccessfullyReconciled 2: Successfully reconciled"]
    );
}

#[test]
fn a_problem_is_told_once_on_the_ingress_and_on_its_alb_config() {
    let mut cluster = shop(&["web", "api"]);
    cluster.say(
        Verdict::warning(
            ingress("web"),
            Reason::HostNotCovered,
            "none certificate found for host: a.test",
        )
        .at("spec.tls[0].hosts[0]"),
    );
    let mut leader = Leader::new();
    assert_eq!(
        leader.lines(&cluster),
        [
            "AlbConfig edge-lb Warning FailedBuildModel 1: Ingress shop/web: none certificate found for host: a.test (spec.tls[0].hosts[0])",
            "Ingress shop/web Warning FailedBuildModel 1: none certificate found for host: a.test (spec.tls[0].hosts[0])",
        ]
    );
    assert_eq!(leader.lines(&cluster), SILENCE);
}

#[test]
fn what_heals_is_told_and_what_comes_back_counts_up() {
    let mut cluster = shop(&["web"]);
    let mut leader = Leader::of(&cluster);
    for count in 1..=3 {
        cluster.fail("web", "no good");
        assert_eq!(
            leader.lines(&cluster),
            [
                format!(
                    "AlbConfig edge-lb Warning FailedBuildModel {count}: Ingress shop/web: no good"
                ),
                format!("Ingress shop/web Warning FailedBuildModel {count}: no good"),
            ]
        );
        cluster.heal(&ingress("web"));
        assert_eq!(
            leader.lines(&cluster),
            [format!(
                "Ingress shop/web Normal SuccessfullyReconciled {count}: Successfully reconciled"
            )]
        );
    }
}

#[test]
fn another_text_is_another_event() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", "one");
    let mut leader = Leader::of(&cluster);
    cluster.heal(&ingress("web"));
    cluster.fail("web", "other");
    assert_eq!(leader.lines(&cluster)[1], "Ingress shop/web Warning FailedBuildModel 1: other");
}

#[test]
fn the_next_leader_repeats_nothing_and_counts_on() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", "no good");
    let told = Leader::new().due(&cluster).events;
    let mut next = Leader::after(&told);
    assert_eq!(next.lines(&cluster), SILENCE);
    cluster.heal(&ingress("web"));
    next.due(&cluster);
    cluster.fail("web", "no good");
    assert_eq!(next.lines(&cluster)[1], "Ingress shop/web Warning FailedBuildModel 2: no good");
}

#[test]
fn an_event_that_was_not_written_is_due_again() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", "no good");
    let mut leader = Leader::new();
    let first = leader.due(&cluster).events;
    leader.said.take_back(&first[1]);
    assert_eq!(leader.due(&cluster).events, first[1..]);
    assert_eq!(leader.lines(&cluster), SILENCE);
}

#[test]
fn a_listener_that_cannot_be_served_is_told_to_all_whom_it_concerns() {
    let mut cluster = shop(&["web"]);
    let mut leader = Leader::of(&cluster);
    cluster.trouble(443, "cannot bind 0.0.0.0:443", false);
    let text = "Warning FailedApplyModel 1: apply failed. listenerPort: 443. errMsgs: cannot bind 0.0.0.0:443";
    assert_eq!(
        leader.lines(&cluster),
        [format!("AlbConfig edge-lb {text}"), format!("Ingress shop/web {text}")]
    );
    cluster.outcomes.clear();
    assert_eq!(
        leader.lines(&cluster),
        [
            "AlbConfig edge-lb Normal SuccessfullyReconciled 1: Successfully reconciled",
            "Ingress shop/web Normal SuccessfullyReconciled 1: Successfully reconciled",
        ]
    );
}

#[test]
fn a_notice_has_its_own_reason_and_does_not_stand_against_success() {
    let mut cluster = shop(&["web"]);
    let mut leader = Leader::of(&cluster);
    cluster.say(Verdict::warning(ingress("web"), Reason::CertificateExpiring, "ends soon"));
    cluster.say(Verdict {
        reason: Reason::DefaultKept,
        message: "the Default stays".into(),
        ..Verdict::accepted(edge())
    });
    cluster.set_live(&ingress("web"), |live| live.revision += 1);
    assert_eq!(
        leader.lines(&cluster),
        [
            "AlbConfig edge-lb Normal DefaultKept 1: the Default stays",
            "Ingress shop/web Warning CertificateExpiring 1: ends soon",
            "Ingress shop/web Normal SuccessfullyReconciled 1: Successfully reconciled",
        ]
    );
}

#[test]
fn elb_speaks_as_the_service_controller() {
    let mut cluster = shop(&[]);
    let mut leader = Leader::of(&cluster);
    let service = ObjectRef::namespaced("Service", "web", "front");
    cluster.put(service.clone(), 1);
    let elb = |verdict: Verdict| vec![verdict.in_dialect(Dialect::Elb)];
    let text = "session affinity type:off not support";
    cluster.verdicts = elb(Verdict::rejected(service.clone(), Reason::InvalidAnnotation, text));
    let due = leader.due(&cluster).events;
    assert_eq!(
        (due[0].component, &*due[0].reason),
        ("service-controller", "SyncLoadBalancerFailed")
    );
    assert_eq!(
        due[0].message,
        format!("Error syncing load balancer: failed to ensure load balancer: {text}")
    );
    cluster.verdicts = elb(Verdict::accepted(service));
    assert_eq!(
        leader.lines(&cluster),
        ["Service web/front Normal EnsuredLoadBalancer 1: Ensured load balancer"]
    );
}

#[test]
fn a_member_that_declares_is_not_told_of_the_others() {
    let mut cluster = shop(&["first", "second"]);
    cluster.model.load_balancers[0].declared_by = ingress("first");
    cluster.fail("second", "no good");
    assert_eq!(
        Leader::new().lines(&cluster),
        ["Ingress shop/second Warning FailedBuildModel 1: no good"]
    );
}

#[test]
fn an_alb_config_names_a_few_and_counts_the_rest() {
    let names: Vec<_> = (0..40).map(|n| format!("i{n:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut cluster = shop(&names);
    for name in &names[..20] {
        cluster.fail(name, "no good");
    }
    let mut leader = Leader::new();
    let on_edge = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().filter(|line| line.starts_with("AlbConfig")).collect()
    };
    let prefix = "AlbConfig edge-lb Warning FailedBuildModel 1:";
    assert_eq!(
        on_edge(leader.lines(&cluster)),
        [
            format!("{prefix} Ingress shop/i00: no good"),
            format!("{prefix} Ingress shop/i01: no good"),
            format!("{prefix} Ingress shop/i02: no good"),
            format!("{prefix} and 17 more of kind Ingress: `doorward get verdicts` shows them all"),
        ]
    );
    for name in &names[20..] {
        cluster.fail(name, "no good");
    }
    assert_eq!(on_edge(leader.lines(&cluster)), SILENCE, "not for each one more");
}

#[test]
fn many_problems_of_one_object_are_cut_short() {
    let mut cluster = shop(&["web"]);
    for n in 0..9 {
        cluster.fail("web", &format!("problem {n}"));
    }
    let lines = Leader::new().lines(&cluster);
    let on_web: Vec<_> = lines.iter().filter(|line| line.starts_with("Ingress")).collect();
    assert_eq!(on_web.len(), 6);
    assert!(
        on_web[5].ends_with("and 4 more: `doorward get verdicts` shows them all"),
        "{on_web:?}"
    );
}

#[test]
fn no_storm_when_all_fail_at_once() {
    let names: Vec<_> = (0..10_000).map(|n| format!("i{n:05}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut cluster = shop(&names);
    let mut leader = Leader::of(&cluster);
    leader.budget = Budget::default();
    cluster.trouble(443, "cannot bind", false);
    let due = leader.due(&cluster);
    assert_eq!(due.events.len(), 100);
    assert_eq!(due.events[0].object, edge(), "the load balancer first");
    assert_eq!(due.waiting, 10_001 - 100);
    leader.now += Duration::from_secs(10);
    assert_eq!(leader.due(&cluster).events.len(), 20, "the rest little by little");

    cluster.outcomes.clear();
    let healed = leader.due(&cluster);
    assert_eq!((healed.waiting, healed.events.len() + healed.dropped), (0, 10_001));
    assert_eq!(leader.due(&cluster), Due::default(), "late success is no news");
}

#[test]
fn a_message_is_cut_between_two_characters() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", &"ü".repeat(600));
    for event in Leader::new().due(&cluster).events {
        assert!(event.message.len() <= 1024 && event.message.ends_with("ü…"), "{}", event.message);
    }
}

#[test]
fn names_are_stable_and_fit_a_dns_subdomain() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", "no good");
    let event = &Leader::new().due(&cluster).events[1];
    assert_eq!((event.event_type, &*event.name), (EventType::Warning, "web.7ebfef6d07b73d6a"));
    let long = super::key::name(&format!("{}.x", "a".repeat(235)), 1);
    assert_eq!(long, format!("{}.0000000000000001", "a".repeat(235)));
    assert_eq!(super::key::of_name(&long), Some(1));
}

#[test]
fn objects_that_are_not_live_are_not_spoken_of() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", "no good");
    cluster.live.objects.clear();
    assert_eq!(Leader::new().lines(&cluster), SILENCE);
}
