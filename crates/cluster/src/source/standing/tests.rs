use super::*;
use crate::source::watches::watches;

fn standing() -> Standing {
    let first = watches(&"doorward-system".into(), None).into_iter().next();
    Standing::new(first.expect("there are some"))
}

fn denied() -> Trouble {
    Trouble::Denied { verb: "list", says: "no rule".into() }
}

#[test]
fn an_api_server_that_starts_and_knows_no_role_yet_is_waited_for() {
    let mut standing = standing();
    assert!(standing.fails(denied()), "it is told of");
    assert!(!standing.is_ready());
    assert!(standing.fails(denied()), "the wait is over");
    assert!(standing.is_ready());
    assert!(!standing.fails(denied()), "nothing is new");

    let mut standing = self::standing();
    standing.fails(denied());
    standing.answered();
    standing.list_ends();
    assert!(standing.is_ready());
    standing.fails(denied());
    assert!(standing.is_ready(), "what was known stays");
}

#[test]
fn refusals_count_in_a_row() {
    let mut standing = standing();
    standing.fails(denied());
    standing.fails(Trouble::Away("refused".into()));
    standing.fails(denied());
    assert!(!standing.is_ready());
}
