//! Which events are due, run after run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use model::{Dialect, ObjectRef, Protocol, Reason, Verdict};

use super::{Due, EventType, Heard, NewEvent, Said, events, said};
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
        Self::long_after(events, Duration::ZERO)
    }

    /// Begins that long after they were written.
    fn long_after(events: &[NewEvent], age: Duration) -> Self {
        let heard = events.iter().map(|event| Heard {
            uid: event.uid.clone(),
            name: event.name.clone(),
            count: event.count,
            age,
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

/// When the API server deletes an Event.
const TTL: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

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
fn objects_of_a_mesh_are_told_by_the_reasons_of_verdicts() {
    let mut cluster = Cluster::default();
    let gateway = ObjectRef::namespaced("Gateway", "shop", "web");
    cluster.put(gateway.clone(), 1);
    let verdict = |verdict: Verdict| vec![verdict.in_dialect(Dialect::Istio)];
    cluster.verdicts = verdict(Verdict::accepted(gateway.clone()));
    let mut leader = Leader::of(&cluster);
    let missing =
        Verdict::rejected(gateway.clone(), Reason::SecretNotFound, "Secret edge/a is missing");
    cluster.verdicts = verdict(missing.at("spec.servers[0].tls.credentialName"));
    let due = leader.due(&cluster);
    assert_eq!((due.events.len(), due.events[0].component), (1, "doorward"));
    assert_eq!(due.events[0].reason, "SecretNotFound");
    assert_eq!(
        due.events[0].message,
        "Secret edge/a is missing (spec.servers[0].tls.credentialName)"
    );
    cluster.verdicts = verdict(Verdict::accepted(gateway));
    assert_eq!(
        leader.lines(&cluster),
        ["Gateway shop/web Normal SuccessfullyReconciled 1: Successfully reconciled"]
    );
}

#[test]
fn an_issuer_is_told_what_is_wrong_with_it() {
    let mut cluster = Cluster::default();
    let issuer = ObjectRef::cluster("Issuer", "ours");
    cluster.put(issuer.clone(), 1);
    let wrong = Verdict::rejected(issuer.clone(), Reason::InvalidField, "write ECDSA or RSA");
    cluster.verdicts = vec![wrong.at("spec.keyType")];
    let mut leader = Leader::of(&cluster);
    assert_eq!(leader.lines(&cluster), SILENCE, "told in the first look");
    let due = Leader::new().due(&cluster);
    assert_eq!((due.events.len(), due.events[0].component), (1, "doorward"));
    assert_eq!(due.events[0].reason, "InvalidField");
    assert_eq!(due.events[0].message, "write ECDSA or RSA (spec.keyType)");
    cluster.verdicts = vec![Verdict::accepted(issuer)];
    assert_eq!(
        leader.lines(&cluster),
        ["Issuer ours Normal SuccessfullyReconciled 1: Successfully reconciled"]
    );
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

#[test]
fn a_warning_that_stands_is_counted_up_before_its_event_expires() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", "no good");
    let mut leader = Leader::of(&cluster);
    let told_at = leader.now;
    for count in 2..=4 {
        let before = leader.now;
        let mut told = Vec::new();
        while told.len() < 2 {
            let due = leader.due(&cluster);
            told.extend(due.events.iter().map(|event| (event.object.clone(), event.count)));
            leader.now = due.renew_at.unwrap();
        }
        let since = leader.now - before;
        assert!(since > 30 * MINUTE && leader.now - told_at < count * TTL, "{since:?}");
        told.sort();
        assert_eq!(told, [(edge(), count), (ingress("web"), count)]);
    }
    cluster.heal(&ingress("web"));
    leader.due(&cluster);
    leader.now += TTL;
    assert_eq!(leader.due(&cluster), Due::default(), "neither what is over nor success");
}

#[test]
fn a_remark_is_not_renewed() {
    let mut cluster = shop(&["web"]);
    let kept = Verdict { reason: Reason::DefaultKept, ..Verdict::accepted(edge()) };
    cluster.say(Verdict { message: "the Default stays".into(), ..kept });
    let mut leader = Leader::of(&cluster);
    leader.now += TTL;
    assert_eq!(leader.due(&cluster), Due::default());
}

#[test]
fn what_stands_is_renewed_across_leaders_and_not_too_soon() {
    let mut cluster = shop(&["web"]);
    cluster.fail("web", "no good");
    let told = Leader::new().due(&cluster).events;
    let lines = |age| Leader::long_after(&told, age).due(&cluster);
    let young = lines(30 * MINUTE);
    assert_eq!(young.events, []);
    let next = young.renew_at.unwrap();
    assert!(next > 9 * MINUTE && next < 21 * MINUTE, "{next:?}");
    let old = lines(51 * MINUTE);
    assert!(old.events.iter().all(|event| event.count == 2));
    assert_eq!(old.events.len(), 2);
}

#[test]
fn what_comes_up_together_is_renewed_little_by_little() {
    let intervals =
        (0..1000).map(|n| said::interval(super::key::Key::new(&n.to_string()).finish()));
    let mut by_minute = BTreeMap::<u64, usize>::new();
    for interval in intervals {
        *by_minute.entry(interval.as_secs() / 60).or_default() += 1;
    }
    assert_eq!(by_minute.keys().copied().collect::<Vec<_>>(), (40..50).collect::<Vec<_>>());
    assert!(by_minute.values().all(|count| *count < 150), "{by_minute:?}");
}

#[test]
fn more_than_the_budget_can_renew_is_no_storm_and_each_has_its_turn() {
    let names: Vec<_> = (0..2000).map(|n| format!("i{n:04}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut cluster = shop(&names);
    let mut leader = Leader::of(&cluster);
    cluster.trouble(443, "cannot bind", false);
    assert_eq!(leader.due(&cluster).events.len(), 2001);

    // So that a round of all takes longer than an Event lasts.
    leader.budget = Budget::new(Rate { burst: 100, interval: 2 * SECOND }, PLENTY);
    leader.now += 51 * MINUTE;
    let first = leader.due(&cluster);
    assert_eq!((first.events.len(), first.waiting), (50, 0), "half of the burst");
    cluster.fail("i0000", "no good");
    let news = leader.due(&cluster).events;
    assert!(news.iter().any(|event| event.message == "no good"), "{news:?}");

    let mut renewed: BTreeSet<_> = first.events.into_iter().map(|event| event.name).collect();
    for _ in 0..42 {
        leader.now += 100 * SECOND;
        let due = leader.due(&cluster);
        assert!(due.events.len() <= 51 && due.renew_at.unwrap() <= leader.now);
        renewed.extend(due.events.into_iter().map(|event| event.name));
    }
    assert!(renewed.len() > 2000, "only {}", renewed.len());
}

#[test]
fn words_on_a_node_are_one_event_a_day() {
    let warn = |node: &str, message: &str, day: &str| {
        NewEvent::of_node(node, "CertificateExpirationWarning", message.to_owned(), day)
    };
    let event = warn("master-1", "etcd-server ends 2027-01-14", "2026-11-22");
    assert_eq!(event.object.to_string(), "Node master-1");
    assert_eq!((&*event.uid, event.event_type), ("master-1", EventType::Warning));
    assert_eq!(event, warn("master-1", "etcd-server ends 2027-01-14", "2026-11-22"));
    for other in [
        warn("master-2", "etcd-server ends 2027-01-14", "2026-11-22"),
        warn("master-1", "etcd-server has ended", "2026-11-22"),
        warn("master-1", "etcd-server ends 2027-01-14", "2026-11-23"),
    ] {
        assert_ne!(event.name, other.name);
    }
    let name = warn("Master_1", "any", "2026-11-22").name;
    assert!(name.starts_with("doorward-pki."), "{name}");
}
