use super::*;
use crate::listeners::Held;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + day * 86_400).unwrap()
}

fn arn(name: &str) -> Arn {
    Arn::parse(&format!("arn:aws:acm:x:1:{name}")).unwrap()
}

fn want(name: &str, names: &[&str]) -> Wanted {
    let names = names.iter().map(|name| name.parse().unwrap()).collect();
    Wanted { arn: arn(name), facts: Facts { names, not_after: at(90) } }
}

fn held(name: &str, names: &[&str]) -> Held {
    let Wanted { arn, facts: Facts { names, not_after } } = want(name, names);
    Held { arn, names, not_after }
}

/// A listener, and what of it is ours.
struct There {
    have: Have,
    record: Record,
}

fn have(default: &str, attached: &[&str], held: Vec<Held>) -> There {
    let have = Have {
        default: Some(arn(default)),
        attached: attached.iter().map(|name| arn(name)).collect(),
        has_room: true,
        refused: BTreeSet::new(),
        is_settled: true,
    };
    There { have, record: Record { held, ..Record::new(arn("listener"), "amazon") } }
}

fn actions(wants: &[Wanted], there: &There) -> String {
    pending(wants, &[], there)
}

fn pending(wants: &[Wanted], pending: &[&str], there: &There) -> String {
    let pending = pending.iter().map(|name| name.parse().unwrap()).collect();
    told(&Wants { certificates: wants.to_vec(), pending, is_unclear: false }, there)
}

fn told(wants: &Wants, There { have, record }: &There) -> String {
    let planned = plan(wants, have, record, at(0));
    let mut text: Vec<String> = planned
        .actions
        .iter()
        .map(|action| match action {
            Action::Add(arn) => format!("+{}", arn.resource()),
            Action::Remove(arn) => format!("-{}", arn.resource()),
            Action::MakeDefault(arn) => format!("!{}", arn.resource()),
        })
        .collect();
    text.extend(planned.blocked.iter().map(|arn| format!("blocked {}", arn.resource())));
    text.extend(planned.is_waiting.then(|| "waits".to_owned()));
    text.join(" ")
}

#[test]
fn the_new_is_attached_then_made_default_and_the_old_goes_last() {
    let wants = [want("new", &["shop.test"])];
    let old = || vec![held("old", &["shop.test"])];
    assert_eq!(actions(&wants, &have("old", &["old"], old())), "+new");
    assert_eq!(actions(&wants, &have("old", &["old", "new"], old())), "!new");
    let mut there = have("new", &["old", "new"], old());
    assert_eq!(actions(&wants, &there), "-old");
    there.have.is_settled = false;
    assert_eq!(actions(&wants, &there), "waits");
    assert_eq!(actions(&wants, &have("new", &["new"], old())), "");
}

#[test]
fn what_others_attached_stays_also_as_the_default() {
    let wants = [want("new", &["shop.test"])];
    assert_eq!(actions(&wants, &have("theirs", &["theirs", "more", "new"], vec![])), "");
}

#[test]
fn a_default_that_is_wanted_and_valid_is_never_changed() {
    let wants = [want("first", &["a.test"]), want("second", &["b.test"])];
    assert_eq!(actions(&wants, &have("second", &["first", "second"], vec![])), "");
    let mut expired = wants.clone();
    expired[1].facts.not_after = at(0);
    assert_eq!(actions(&expired, &have("second", &["first", "second"], vec![])), "!first");
}

#[test]
fn without_room_one_that_can_be_spared_makes_place() {
    let wants = [want("keep", &["a.test"]), want("new", &["b.test"])];
    // Nobody wants c.test any more.
    let mut full = have("keep", &["keep", "gone"], vec![held("gone", &["c.test"])]);
    full.have.has_room = false;
    assert_eq!(actions(&wants, &full), "-gone +new");
}

#[test]
fn without_room_the_last_certificate_of_a_wanted_name_is_not_given_up() {
    let wants = [want("keep", &["a.test"]), want("new", &["b.test"]), want("more", &["c.test"])];
    let mut full = have("keep", &["keep", "old"], vec![held("old", &["b.test"])]);
    full.have.has_room = false;
    assert_eq!(actions(&wants, &full), "blocked new blocked more");
    // A wildcard beside it covers its name.
    full.have.attached.insert(arn("wild"));
    full.record.held.push(held("wild", &["*.test"]));
    assert_eq!(actions(&wants, &full), "-old +new blocked more");
}

#[test]
fn an_expired_certificate_covers_nothing() {
    let wants = [want("keep", &["a.test"]), want("new", &["b.test"])];
    let mut full = have("keep", &["keep", "old", "dead"], vec![held("old", &["b.test"])]);
    full.record.held.push(Held { not_after: at(-1), ..held("dead", &["b.test"]) });
    full.have.has_room = false;
    // The dead one can go, as the old one covers its name; the old one cannot.
    assert_eq!(actions(&wants, &full), "-dead +new");
}

#[test]
fn of_two_that_cover_each_other_one_stays() {
    let wants = [want("new", &["b.test"]), want("blocked", &["a.test"])];
    let mut there = have(
        "new",
        &["new", "one", "two"],
        vec![held("one", &["a.test"]), held("two", &["a.test"])],
    );
    there.have.has_room = false;
    assert_eq!(actions(&wants, &there), "-one +blocked");
}

#[test]
fn what_the_listener_has_for_a_name_stays_until_its_new_certificate_comes() {
    let old = || vec![held("old", &["a.test"])];
    let other = [want("other", &["b.test"])];
    let attached = have("old", &["old", "other"], old());
    assert_eq!(pending(&other, &["a.test"], &attached), "", "neither as default nor in the list");
    let beside = have("other", &["old", "other"], old());
    assert_eq!(pending(&other, &["a.test"], &beside), "");
    assert_eq!(actions(&other, &beside), "-old");
    let expired = vec![Held { not_after: at(0), ..held("old", &["a.test"]) }];
    let expired = have("old", &["old", "other"], expired);
    assert_eq!(pending(&other, &["a.test"], &expired), "!other");
}

#[test]
fn nothing_is_taken_away_as_long_as_something_wanted_is_unknown() {
    let wants = Wants {
        certificates: vec![want("new", &["b.test"])],
        is_unclear: true,
        ..Wants::default()
    };
    let there = have("new", &["new", "old"], vec![held("old", &["a.test"])]);
    assert_eq!(told(&wants, &there), "");
}

#[test]
fn one_that_aws_refuses_stops_no_other() {
    let wants = [want("bad", &["a.test"]), want("new", &["b.test"])];
    let old = vec![held("old", &["a.test"]), held("older", &["b.test"])];
    let mut there = have("theirs", &["old", "older"], old);
    there.have.refused.insert(arn("bad"));
    assert_eq!(actions(&wants, &there), "+new");
    there.have.attached.insert(arn("new"));
    assert_eq!(actions(&wants, &there), "-older", "the old one has the bad one's name");
    there.have.default = Some(arn("old"));
    there.have.attached.remove(&arn("older"));
    assert_eq!(actions(&wants, &there), "", "the bad one may yet become the default");
}

#[test]
fn a_default_that_was_wanted_as_it_was_is_replaced_by_what_is_wanted_next() {
    let mut there = have("theirs", &["new"], vec![]);
    there.record.defaults.push(arn("theirs"));
    assert_eq!(actions(&[want("new", &["a.test"])], &there), "!new");
}

#[test]
fn a_listener_that_nobody_wants_keeps_its_default() {
    let mut there =
        have("ours", &["ours", "more"], vec![held("ours", &["a.test"]), held("more", &["b.test"])]);
    there.record.defaults.push(arn("ours"));
    assert_eq!(actions(&[], &there), "-more");
}
