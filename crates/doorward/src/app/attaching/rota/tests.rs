use model::{AttachedCertificate, ObjectRef};

use super::*;

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn at(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

fn arn(kind: &str) -> Arn {
    Arn::parse(&format!("arn:aws:x:eu-central-1:123456789012:{kind}")).unwrap()
}

fn model(issuer: Option<&str>, certificates: &[&str]) -> Model {
    let wanted_by = ObjectRef::namespaced("Ingress", "shop", "web");
    let certificate = |name: &&str| AttachedCertificate {
        arn: arn(name),
        held: None,
        wanted_by: wanted_by.clone(),
    };
    let attachment = Attachment {
        listener: arn("listener"),
        issuer: issuer.map(Into::into),
        certificates: certificates.iter().map(certificate).collect(),
        pending: Vec::new(),
        wanted_by: vec![wanted_by.clone()],
    };
    Model { attachments: vec![Arc::new(attachment)], ..Model::default() }
}

/// What a record says once these are attached.
fn record(certificates: &[&str]) -> Record {
    let mut record = Record::new(arn("listener"), "amazon");
    record.held = certificates
        .iter()
        .map(|name| aws::listeners::Held {
            arn: arn(name),
            names: Vec::new(),
            not_after: Timestamp::MAX,
        })
        .collect();
    record
}

fn wished(tasks: &[Task]) -> Vec<&Arn> {
    tasks.iter().flat_map(|task| &task.wish.certificates).map(|wished| &wished.arn).collect()
}

#[test]
fn a_listener_is_worked_on_until_it_settles_and_looked_after_each_hour() {
    let mut rota = Rota::default();
    rota.look(&model(Some("amazon"), &["one"]), START);
    let tasks = rota.due(START);
    assert_eq!(wished(&tasks), [&arn("one")]);
    assert!(rota.due(START).is_empty(), "one round at a time");
    let more = Round { again_in: Some(Duration::ZERO), ..Round::default() };
    rota.done(&arn("listener"), Some(record(&["one"])), Ok(more), START);
    assert_eq!(rota.due(START)[0].record, record(&["one"]));
    let settled = Round { carried: vec![arn("one")], ..Round::default() };
    rota.done(&arn("listener"), Some(record(&["one"])), Ok(settled), START);
    assert_eq!(rota.wakes(), Some(at(3600)));
    let [found] = &rota.attached()[..] else { panic!("one listener") };
    assert_eq!((found.wanted, &found.carried[..]), (1, &[arn("one")][..]));
}

#[test]
fn what_is_wanted_meanwhile_is_worked_on_next() {
    let mut rota = Rota::default();
    rota.look(&model(Some("amazon"), &["one"]), START);
    rota.due(START);
    rota.look(&model(Some("amazon"), &["two"]), at(1));
    rota.done(&arn("listener"), Some(record(&["one"])), Ok(Round::default()), at(2));
    assert_eq!(wished(&rota.due(at(2))), [&arn("two")]);
}

#[test]
fn a_listener_that_nobody_wants_any_more_is_worked_on_until_nothing_of_ours_is_there() {
    let mut rota = Rota::open(vec![record(&["one"])], START);
    rota.look(&Model::default(), START);
    let tasks = rota.due(START);
    assert_eq!((&*tasks[0].issuer, &tasks[0].wish), ("amazon", &Wish::default()));
    rota.done(&arn("listener"), Some(record(&[])), Ok(Round::default()), START);
    assert!(rota.attached().is_empty());
    assert_eq!(rota.wakes(), None);
}

#[test]
fn nothing_is_touched_while_nobody_can_make_the_calls() {
    let mut rota = Rota::open(vec![record(&["one"])], START);
    rota.look(&model(None, &["one"]), START);
    assert!(rota.due(START).is_empty());
    assert_eq!(rota.wakes(), None);
    rota.look(&model(Some("amazon"), &["one"]), at(1));
    assert_eq!(rota.due(at(1)).len(), 1);
}

#[test]
fn failures_are_told_and_tried_less_and_less_until_something_else_is_wanted() {
    let mut rota = Rota::default();
    rota.look(&model(Some("amazon"), &["one"]), START);
    let mut now = START;
    let mut pauses = Vec::new();
    for _ in 0..3 {
        assert_eq!(rota.due(now).len(), 1);
        let denied = IssueError::refused("allow elasticloadbalancing:AddListenerCertificates");
        rota.done(&arn("listener"), None, Err(denied), now);
        let next = rota.wakes().unwrap();
        pauses.push(next.duration_since(now).as_secs());
        now = next;
    }
    assert!(pauses[0] >= 60 && pauses[1] > pauses[0] && pauses[2] > pauses[1], "{pauses:?}");
    let trouble = &rota.attached()[0].troubles[0];
    assert_eq!(trouble.arn, None);
    assert!(trouble.message.contains("allow elasticloadbalancing:"), "{}", trouble.message);
    let edited = START + SignedDuration::from_secs(90);
    rota.look(&model(Some("amazon"), &["two"]), edited);
    assert_eq!(rota.due(edited).len(), 1, "at once");
}
