use super::*;

fn sealed(content: &[u8]) -> Vec<u8> {
    let mut snapshot = content.to_vec();
    snapshot.extend(aws_lc_rs::digest::digest(&SHA256, content).as_ref());
    snapshot
}

fn check(snapshot: &[u8], piece: usize) -> Option<String> {
    let mut seal = Seal::default();
    snapshot.chunks(piece).for_each(|piece| seal.take(piece));
    seal.digest()
}

#[test]
fn a_snapshot_is_whole_when_it_has_the_digest_it_ends_with() {
    let snapshot = sealed(&[7; 1000]);
    let whole = check(&snapshot, 1000).unwrap();
    for piece in [1, 31, 32, 33, 5000] {
        assert_eq!(check(&snapshot, piece).as_ref(), Some(&whole), "in pieces of {piece}");
    }
    assert_eq!(check(&snapshot[..1020], 100), None, "cut off");
    let mut changed = snapshot;
    changed[500] ^= 1;
    assert_eq!(check(&changed, 100), None);
    assert_eq!(check(&[], 1), None);
}

#[test]
fn alarms_have_their_names_and_members() {
    let told = |kind| alarm(&wire::AlarmMember { member_id: 0xabc, alarm: kind });
    assert_eq!(
        [1, 2, 9].map(told),
        ["NOSPACE on member abc", "CORRUPT on member abc", "UNKNOWN on member abc"]
    );
}
