use model::Fingerprint;

use super::{checked_id, short_id};

#[test]
fn an_id_is_a_label_value_and_a_file_name() {
    for good in ["756-cn-hangzhou", "a", "A.b-c", &"x".repeat(63)] {
        assert_eq!(checked_id(good.into()).unwrap(), good);
    }
    for bad in ["", "-a", "a-", ".a", "a/b", "../a", "a b", "a_b", &"x".repeat(64), "\u{e9}"] {
        assert!(checked_id(bad.into()).is_err(), "{bad}");
    }
}

#[test]
fn an_upload_cannot_take_the_place_of_a_secret_of_doorwards_own() {
    for own in [
        "doorward-acme-letsencrypt",
        "doorward-challenges",
        "doorward-local-ca",
        "doorward-memory",
        "doorward-order-0123456789abcdef0123456789abcdef",
        "doorward-session-tickets",
    ] {
        assert!(checked_id(own.into()).is_err(), "{own}");
    }
    for free in ["doorward-orders", "doorward-demo"] {
        assert_eq!(checked_id(free.into()).unwrap(), free);
    }
}

#[test]
fn an_id_left_out_is_the_start_of_the_fingerprint() {
    let mut bytes = [0; 32];
    bytes[..5].copy_from_slice(&[0x9f, 0x86, 0x0d, 0x08, 0xff]);
    assert_eq!(short_id(Fingerprint(bytes)), "9f860d08");
}
