use super::*;
use crate::example::{Ack, TestCa};

#[test]
fn blocks_are_found_among_comments_and_foreign_line_ends() {
    let text =
        b"# mine\r\n-----BEGIN A KEY-----\r\nxx\r\n-----END A KEY-----\r\n-----BEGIN B-----\nopen";
    let found = blocks(text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].label, "A KEY");
    assert!(text[found[0].range.clone()].starts_with(b"-----BEGIN A"));
    assert!(text[found[0].range.clone()].ends_with(b"END A KEY-----"));
}

#[test]
fn glued_blocks_are_two() {
    let ca = TestCa::new("CA", &Ack::default());
    let glued = format!("{}{}", ca.pem.trim_end(), ca.pem.trim_end());
    assert_eq!(certificates(glued.as_bytes()).len(), 2);
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(blocks(text.as_bytes()).len(), 1);
    assert_eq!(certificates(text.as_bytes()), []);
}
