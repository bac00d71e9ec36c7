use std::{sync::Arc, time::Duration};

use super::{Budget, Rate};

const SECOND: Duration = Duration::from_secs(1);

fn rate(burst: u32, seconds: u32) -> Rate {
    Rate { burst, interval: SECOND * seconds }
}

fn taken(budget: &mut Budget, uid: &str, now: Duration) -> usize {
    let uid: Arc<str> = uid.into();
    (0..100).filter(|_| budget.take(&uid, now)).count()
}

#[test]
fn a_burst_and_then_one_in_each_interval() {
    let mut budget = Budget::new(rate(3, 10), rate(100, 1));
    let found: Vec<_> =
        [0, 9, 10, 19, 40, 1000].map(|at| taken(&mut budget, "a", SECOND * at)).into();
    assert_eq!(found, [3, 0, 1, 0, 3, 3]);
}

#[test]
fn one_object_cannot_take_it_all() {
    let mut budget = Budget::new(rate(10, 1), rate(4, 60));
    assert_eq!(taken(&mut budget, "a", SECOND), 4);
    assert_eq!(taken(&mut budget, "b", SECOND), 4);
    assert_eq!(taken(&mut budget, "c", SECOND), 2, "the rest of what all have");
}

#[test]
fn what_an_object_is_refused_is_not_spent() {
    let mut budget = Budget::new(rate(5, 1), rate(1, 60));
    assert_eq!(taken(&mut budget, "a", SECOND), 1);
    assert_eq!(
        ["b", "c", "d", "e", "f"].map(|uid| taken(&mut budget, uid, SECOND)),
        [1, 1, 1, 1, 0]
    );
}

#[test]
fn objects_that_were_silent_for_long_are_forgotten() {
    let mut budget = Budget::new(rate(100, 1), rate(2, 10));
    taken(&mut budget, "a", SECOND);
    budget.tidy(SECOND * 20);
    assert_eq!(budget.spent_on.len(), 1);
    budget.tidy(SECOND * 21);
    assert_eq!(budget.spent_on.len(), 0);
}

#[test]
fn what_was_not_written_is_given_back() {
    let mut budget = Budget::new(rate(3, 60), rate(2, 60));
    assert_eq!(taken(&mut budget, "a", SECOND), 2);
    budget.give_back("a");
    assert_eq!((taken(&mut budget, "a", SECOND), taken(&mut budget, "b", SECOND)), (1, 1));
}

#[test]
fn what_can_wait_leaves_half_of_each_burst() {
    let mut budget = Budget::new(rate(10, 60), rate(6, 60));
    let mut spare = |uid: &str| {
        let uid: Arc<str> = uid.into();
        (0..100).filter(|_| budget.take_spare(&uid, SECOND)).count()
    };
    assert_eq!((spare("a"), spare("b")), (3, 2));
    assert_eq!(taken(&mut budget, "a", SECOND), 3, "the other half of what one has");
    assert_eq!(taken(&mut budget, "c", SECOND), 2, "and of what all have");
}
