use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + day * 86_400).unwrap()
}

fn want(arn: &str, names: &[&str]) -> Wanted {
    let names = names.iter().map(|name| name.parse().unwrap()).collect();
    Wanted { arn: arn.into(), names, not_after: at(90) }
}

fn held(arn: &str, names: &[&str]) -> Held {
    let Wanted { arn, names, not_after } = want(arn, names);
    Held { arn, names, not_after }
}

fn have(default: &str, attached: &[&str], held: Vec<Held>) -> Have {
    Have {
        default: Some(default.into()),
        attached: attached.iter().map(|&arn| arn.into()).collect(),
        held,
        free: 10,
        is_settled: true,
    }
}

fn actions(wants: &[Wanted], have: &Have) -> String {
    let planned = plan(wants, have, at(0));
    let mut text: Vec<String> = planned
        .actions
        .iter()
        .map(|action| match action {
            Action::Add(arn) => format!("+{arn}"),
            Action::Remove(arn) => format!("-{arn}"),
            Action::MakeDefault(arn) => format!("!{arn}"),
        })
        .collect();
    text.extend(planned.blocked.iter().map(|one| format!("blocked {}", one.arn)));
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
    there.is_settled = false;
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
    expired[1].not_after = at(0);
    assert_eq!(actions(&expired, &have("second", &["first", "second"], vec![])), "!first");
}

#[test]
fn without_room_one_that_can_be_spared_makes_place() {
    let wants = [want("keep", &["a.test"]), want("new", &["b.test"])];
    // Nobody wants c.test any more.
    let mut full = have("keep", &["keep", "gone"], vec![held("gone", &["c.test"])]);
    full.free = 0;
    assert_eq!(actions(&wants, &full), "-gone +new");
}

#[test]
fn without_room_the_last_certificate_of_a_wanted_name_is_not_given_up() {
    let wants = [want("keep", &["a.test"]), want("new", &["b.test"]), want("more", &["c.test"])];
    let mut full = have("keep", &["keep", "old"], vec![held("old", &["b.test"])]);
    full.free = 0;
    assert_eq!(actions(&wants, &full), "blocked new blocked more");
    // A wildcard beside it covers its name.
    full.attached.insert("wild".into());
    full.held.push(held("wild", &["*.test"]));
    assert_eq!(actions(&wants, &full), "-old +new blocked more");
}

#[test]
fn an_expired_certificate_covers_nothing() {
    let wants = [want("keep", &["a.test"]), want("new", &["b.test"])];
    let mut full = have("keep", &["keep", "old", "dead"], vec![held("old", &["b.test"])]);
    full.held.push(Held { not_after: at(-1), ..held("dead", &["b.test"]) });
    full.free = 0;
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
    there.free = 0;
    assert_eq!(actions(&wants, &there), "-one +blocked");
}
