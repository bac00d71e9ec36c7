use super::*;

#[test]
fn a_secret_is_sent_whole_and_shown_without_its_content() {
    let metadata = super::super::own_metadata("doorward-system", "doorward-local-ca");
    let sealed = Sealed::new(metadata, "doorward.dev/local-ca", [("tls.key", b"a key".to_vec())]);
    let sent = serde_json::to_value(&sealed).expect("it is JSON");
    assert_eq!(sent["apiVersion"], "v1");
    assert_eq!(sent["kind"], "Secret");
    assert_eq!(sent["type"], "doorward.dev/local-ca");
    assert_eq!(sent["data"]["tls.key"], "YSBrZXk=");
    assert_eq!(sent["metadata"]["labels"]["app.kubernetes.io/managed-by"], "doorward");

    let shown = format!("{sealed:?}");
    assert!(shown.contains("doorward-local-ca"), "{shown}");
    assert!(!shown.contains("key") && !shown.contains("97"), "{shown}");
    assert_eq!(sealed.text("tls.key"), Some("a key"));
    assert_eq!(sealed.text("tls.crt"), None);
}
