use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use testkit::pki::{Issued, TestCa};

use super::*;

fn pair() -> Issued {
    TestCa::new("root").leaf(&["a.test"])
}

fn b64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn read_value(value: Value) -> Result<Secret, WrongField> {
    let Value::Object(map) = value else { panic!("a Secret is an object") };
    let context = Context::new("doorward-system".into());
    super::read(map, &Key::new("shop", "a"), &context, &mut Vec::new())
}

fn problem(value: Value) -> SecretProblem {
    read_value(value).unwrap().pair.unwrap_err()
}

#[test]
fn data_is_base64_and_may_be_folded() {
    let issued = pair();
    let folded: Vec<_> = b64(&issued.chain_pem).chars().collect();
    let folded: String =
        folded.chunks(60).map(|line| line.iter().collect::<String>() + "\n").collect();
    let secret =
        read_value(json!({"data": {"tls.crt": folded, "tls.key": b64(&issued.key_pem)}})).unwrap();
    assert_eq!(secret.pair.unwrap().leaf, issued.der());
}

#[test]
fn string_data_is_plain_and_wins() {
    let issued = pair();
    let secret = read_value(json!({
        "data": {"tls.crt": b64("old"), "tls.key": b64(&issued.key_pem)},
        "stringData": {"tls.crt": issued.chain_pem},
    }))
    .unwrap();
    assert_eq!(secret.pair.unwrap().leaf, issued.der());
}

#[test]
fn what_is_wrong_with_a_pair_is_told_with_its_field() {
    let issued = pair();
    let (crt, key) = (b64(&issued.chain_pem), b64(&issued.key_pem));
    let other = b64(&pair().key_pem);
    for (data, field, says) in [
        (json!({}), "data[\"tls.crt\"]", "tls.crt is missing"),
        (json!({"tls.crt": crt}), "data[\"tls.key\"]", "tls.key is missing"),
        (json!({"tls.crt": "", "tls.key": key}), "data[\"tls.crt\"]", "the certificate is empty"),
        (json!({"tls.crt": "%", "tls.key": key}), "data[\"tls.crt\"]", "tls.crt is not base64"),
        (
            json!({"tls.crt": crt, "tls.key": issued.key_pem}),
            "data[\"tls.key\"]",
            "put plain text under",
        ),
        (json!({"tls.crt": b64("garbage"), "tls.key": key}), "data[\"tls.crt\"]", "is not PEM"),
        (json!({"tls.crt": crt, "tls.key": other}), "data[\"tls.key\"]", "another certificate"),
        (
            json!({"tls.crt": b64(&"x".repeat(10_000_000)), "tls.key": key}),
            "data[\"tls.crt\"]",
            "has 10000000 bytes",
        ),
    ] {
        let problem = problem(json!({ "data": data }));
        assert_eq!(problem.field, field, "{problem}");
        assert!(problem.message.contains(says), "{problem}");
    }
}

#[test]
fn roots_come_from_ca_crt_or_from_a_certificate_without_key() {
    let ca = TestCa::new("clients");
    let issued = pair();
    let roots = |data: Value| read_value(json!({ "stringData": data })).unwrap().roots;
    assert_eq!(roots(json!({"ca.crt": ca.pem()})), [ca.der().clone()]);
    assert_eq!(roots(json!({"tls.crt": ca.pem()})), [ca.der().clone()]);
    assert_eq!(roots(json!({"tls.crt": issued.chain_pem, "tls.key": issued.key_pem})), []);
    assert_eq!(roots(json!({"ca.crt": "garbage"})), []);
}

#[test]
fn wrong_types_are_told_without_their_values() {
    for (value, field) in [
        (json!({"data": "c2VjcmV0"}), "data"),
        (json!({"data": {"tls.key": ["c2VjcmV0"]}}), "data[\"tls.key\"]"),
        (json!({"stringData": {"tls.key": 13371337}}), "stringData[\"tls.key\"]"),
        (json!({"metadata": {"name": "a", "labels": {"a": 13371337}}}), "metadata.labels.a"),
    ] {
        let wrong = read_value(value).map(|_| ()).unwrap_err();
        assert_eq!(wrong.field, field);
        assert!(!wrong.message.contains("c2Vj"), "{}", wrong.message);
    }
}

#[test]
fn who_issued_it_is_read_from_its_label() {
    let labels = json!({"doorward.dev/issued-by": "local"});
    let secret = read_value(json!({"metadata": {"name": "a", "labels": labels}})).unwrap();
    assert_eq!(secret.issued_by.as_deref(), Some("local"));
}
