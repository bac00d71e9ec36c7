use Presents as P;
use Trusts as T;

use super::*;

#[test]
fn the_table() {
    let table = [
        (T::Old, [true, false, true]),
        (T::Both, [true, true, true]),
        (T::New, [false, true, true]),
    ];
    for (trusts, expected) in table {
        assert_eq!([P::Old, P::New, P::Crossed].map(|leaf| accepts(trusts, leaf)), expected);
    }
}

#[test]
fn one_that_is_not_accepted_makes_a_state_unsafe() {
    assert!(is_safe([T::Old, T::New], [P::Crossed, P::Crossed]));
    assert!(!is_safe([T::Old, T::Both], [P::Old, P::New]));
    assert!(!is_safe([T::New], [P::Crossed, P::Old]));
}
