use super::*;

#[test]
fn the_admin_address_is_read_from_its_log_line_only() {
    let line =
        r#"{"level":"INFO","fields":{"message":"admin API listens","address":"127.0.0.1:1"}}"#;
    assert_eq!(admin_address(line), "127.0.0.1:1".parse().ok());
    let flat = r#"{"level":"INFO","message":"admin API listens","address":"127.0.0.1:2"}"#;
    assert_eq!(admin_address(flat), "127.0.0.1:2".parse().ok());
    assert_eq!(admin_address(r#"{"fields":{"message":"other","address":"127.0.0.1:1"}}"#), None);
    assert_eq!(admin_address("not JSON"), None);
}
