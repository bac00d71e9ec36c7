use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| Name::parse(text).expect("a name")).collect()
}

fn charge<'a>(limits: &'a [Limit], names: &'a [Name], kind: Kind) -> Charge<'a> {
    Charge { issuer: "le", limits, names, kind }
}

const HOUR: i64 = 3600;

#[test]
fn an_account_has_its_orders_and_then_one_for_each_that_comes_back() {
    let limits = Limit::lets_encrypt();
    let mut budgets = Budgets::default();
    for n in 0..300 {
        let names = names(&[&format!("a.d{n}.test")]);
        assert_eq!(budgets.take(&charge(&limits, &names, Kind::New), at(0)), Ok(()));
    }
    let one_more = names(&["a.more.test"]);
    let order = charge(&limits, &one_more, Kind::New);
    let denied = budgets.take(&order, at(0)).expect_err("none is left");
    assert_eq!(denied.key.to_string(), "new orders per account");
    assert_eq!(denied.until, at(36));
    assert_eq!(budgets.take(&order, at(36)), Ok(()));
    budgets.take(&order, at(37)).expect_err("it was one only");
}

#[test]
fn names_under_one_registered_domain_share_its_limit() {
    let limits = Limit::lets_encrypt();
    let mut budgets = Budgets::default();
    for n in 0..50 {
        let names = names(&[&format!("n{n}.shop.co.uk")]);
        budgets.take(&charge(&limits, &names, Kind::New), at(0)).expect("some are left");
    }
    let same = names(&["another.shop.co.uk"]);
    let denied = budgets.take(&charge(&limits, &same, Kind::New), at(0)).expect_err("used up");
    assert_eq!(denied.key.to_string(), "new certificates per registered domain (shop.co.uk)");
    let other = names(&["another.co.uk"]);
    budgets.take(&charge(&limits, &other, Kind::New), at(0)).expect("another domain");
}

#[test]
fn what_is_denied_takes_nothing() {
    let limits = Limit::lets_encrypt();
    let mut budgets = Budgets::default();
    let same = names(&["a.test"]);
    for _ in 0..5 {
        budgets.take(&charge(&limits, &same, Kind::New), at(0)).expect("five a week");
    }
    for _ in 0..400 {
        budgets.take(&charge(&limits, &same, Kind::New), at(0)).expect_err("used up");
    }
    budgets.take(&charge(&limits, &names(&["b.test"]), Kind::New), at(0)).expect("295 are left");
}

#[test]
fn renewals_are_spared_as_far_as_the_ca_says() {
    let limits = Limit::lets_encrypt();
    let same = names(&["a.test"]);
    let mut budgets = Budgets::default();
    for _ in 0..1000 {
        budgets.take(&charge(&limits, &same, Kind::Scheduled), at(0)).expect("free");
    }
    for _ in 0..5 {
        budgets.take(&charge(&limits, &same, Kind::Renewal), at(0)).expect("five a week");
    }
    let denied = budgets.take(&charge(&limits, &same, Kind::Renewal), at(0)).expect_err("used up");
    assert_eq!(denied.key.to_string(), "new certificates per exact set of names (a.test)");
    assert_eq!(denied.until, at(7 * 24 * HOUR / 5));
}

#[test]
fn failures_close_a_name_for_a_while_and_successes_do_not() {
    let limits = Limit::lets_encrypt();
    let both = names(&["a.test", "b.test"]);
    let order = charge(&limits, &both, Kind::New);
    let mut budgets = Budgets::default();
    for _ in 0..5 {
        budgets.take(&order, at(0)).expect("nothing failed");
    }
    for _ in 0..5 {
        budgets.failed(&order, at(0));
    }
    let other = names(&["b.test"]);
    let denied = budgets.take(&charge(&limits, &other, Kind::New), at(0)).expect_err("closed");
    assert_eq!(denied.key.to_string(), "failed validations per name (b.test)");
    assert_eq!(denied.until, at(HOUR / 5));
    budgets.take(&charge(&limits, &other, Kind::New), at(HOUR / 5)).expect("open again");
}

#[test]
fn a_clock_that_was_set_back_gives_nothing_and_blocks_nothing_for_long() {
    let limits =
        [Limit { per: SignedDuration::from_secs(10), amount: 1, ..Limit::acm().remove(0) }];
    let same = names(&["a.test"]);
    let order = charge(&limits, &same, Kind::New);
    let mut budgets = Budgets::default();
    budgets.take(&order, at(1_000_000)).expect("one is left");
    let denied = budgets.take(&order, at(0)).expect_err("no time has passed");
    assert_eq!(denied.until, at(10));
}

#[test]
fn budgets_outlive_the_process_and_full_ones_are_forgotten() {
    let limits = Limit::acm();
    let same = names(&["a.test"]);
    let order = charge(&limits, &same, Kind::New);
    let mut budgets = Budgets::default();
    budgets.take(&order, at(0)).expect("all is left");
    budgets.forget_full(|key| limits.iter().find(|limit| limit.name == key.limit), at(2));
    let page = budgets.to_page();
    assert!(!page.text.contains("per second"), "it is full again");
    let mut kept = Budgets::from_page(&page).expect("its page").expect("readable");
    let denied = kept.take(&order, at(3)).expect_err("one an hour");
    assert_eq!(denied.key.to_string(), "requests per set of names and hour (a.test)");
}
