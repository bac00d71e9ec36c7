use super::*;
use crate::keeper::tests::{certificate, want};

#[test]
fn a_replica_without_orders_of_its_own_tells_what_is_in_hand_and_what_is_awaited() {
    let at = |day: i64| Timestamp::from_second(day * 86_400).expect("in range");
    let held = certificate(&["a.test"], at(0), at(90));
    let wants = [want("ns/a", &["a.test"], Some(held)), want("ns/b", &["b.test"], None)];
    let orders = seen(&wants, |_| None, at(1));
    assert_eq!(orders[0].state, OrderState::Issued);
    assert!(orders[0].next_attempt.is_some_and(|next| next < at(90)));
    assert_eq!(orders[1].state, OrderState::Pending);
    assert_eq!(orders[1].message, "there is none yet; the leader obtains it");
    assert_eq!(seen(&[], |_| None, at(1)).len(), 0);
}
