use super::*;
use crate::store::own_metadata;

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

fn stored(fields: Vec<(&'static str, Vec<u8>)>) -> Sealed {
    Sealed::new(own_metadata("doorward-system", "doorward-session-tickets"), "t", fields)
}

#[test]
fn a_key_is_known_for_a_period_before_it_seals_and_for_one_after() {
    let first = Ring::make(noon());
    let TicketKeys(keys) = first.keys();
    let [current, next] = &keys[..] else { panic!("{} keys", keys.len()) };
    assert_ne!(current, next);

    let second = first.rotate(noon());
    let TicketKeys(later) = second.keys();
    assert_eq!(later[0], *next, "the next one seals");
    assert_eq!(later[2], *current, "the former one opens");
    assert!(!keys.contains(&later[1]), "a new one is announced");

    let TicketKeys(last) = second.rotate(noon()).keys();
    assert_eq!(last.len(), 3);
    assert!(!last.contains(current), "its tickets are no longer good");
}

#[test]
fn a_ring_is_read_as_it_was_stored() {
    for ring in [Ring::make(noon()), Ring::make(noon()).rotate(noon())] {
        assert_eq!(Ring::read(&stored(ring.fields())), Ok(ring));
    }
}

#[test]
fn what_is_malformed_is_named_and_not_shown() {
    let fields = Ring::make(noon()).fields();
    let without = |name| fields.iter().filter(move |(field, _)| *field != name).cloned();
    let with = |name, bytes: &[u8]| stored(without(name).chain([(name, bytes.to_vec())]).collect());
    let cases = [
        (stored(without(CURRENT).collect()), CURRENT),
        (with(NEXT, b"short"), NEXT),
        (with(PREVIOUS, b"short"), PREVIOUS),
        (with(ROTATED, b"yesterday"), ROTATED),
    ];
    for (secret, name) in cases {
        let error = Ring::read(&secret).expect_err("malformed");
        assert_eq!(error, RingError(name));
        assert!(!error.to_string().contains("short"));
    }
}
