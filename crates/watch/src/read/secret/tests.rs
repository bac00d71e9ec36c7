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
        (
            json!({}),
            "data[\"tls.crt\"]",
            "neither tls.crt and tls.key nor cert and key (it is empty)",
        ),
        (
            json!({"d": "", "b": "", "token": key, "a": "", "c": ""}),
            "data[\"tls.crt\"]",
            "nor cert and key (found: a, b, c and 2 more)",
        ),
        (
            json!({"tls.crt": crt}),
            "data[\"tls.key\"]",
            "tls.key is missing (found: tls.crt): put it beside tls.crt",
        ),
        (json!({"tls.crt": "", "tls.key": key}), "data[\"tls.crt\"]", "tls.crt is empty"),
        (json!({"cert": "", "key": ""}), "data[\"cert\"]", "cert is empty"),
        (json!({"key": key}), "data[\"cert\"]", "cert is missing"),
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
fn keys_decide_and_the_type_does_not() {
    let [tls, generic] = [pair(), pair()];
    let leaf = |data: Value| {
        let secret = read_value(json!({"type": "doorward.dev/any", "stringData": data}));
        secret.unwrap().pair.unwrap().leaf.clone()
    };
    let both = json!({
        "tls.crt": tls.chain_pem, "tls.key": tls.key_pem,
        "cert": generic.chain_pem, "key": generic.key_pem,
    });
    assert_eq!(leaf(both.clone()), generic.der(), "cert and key win");
    for emptied in ["cert", "key"] {
        let mut data = both.clone();
        data[emptied] = "".into();
        assert_eq!(leaf(data), tls.der(), "unless {emptied} is empty");
    }
}

#[test]
fn the_halves_of_two_shapes_make_no_pair() {
    let issued = pair();
    for (data, field, says) in [
        (
            json!({"cert": issued.chain_pem, "tls.key": issued.key_pem}),
            "data[\"key\"]",
            "key is missing (found: cert, tls.key): put it beside cert",
        ),
        (
            json!({"tls.crt": issued.chain_pem, "key": issued.key_pem}),
            "data[\"cert\"]",
            "cert is missing (found: key, tls.crt)",
        ),
    ] {
        let problem = problem(json!({ "stringData": data }));
        assert_eq!(problem.field, field);
        assert!(problem.message.contains(says), "{problem}");
    }
}

#[test]
fn a_bad_generic_pair_is_told_by_its_own_keys() {
    let issued = pair();
    let other = pair().key_pem;
    let problem = problem(json!({"stringData": {"cert": issued.chain_pem, "key": other}}));
    assert_eq!(problem.field, "data[\"key\"]");
}

/// The Secret of `data`, and the fields it is warned about.
fn warned(data: Value) -> (Secret, Vec<Warning>) {
    let Value::Object(map) = json!({ "data": data }) else { unreachable!("it is an object") };
    let (context, mut warnings) = (Context::new("doorward-system".into()), Vec::new());
    let secret = super::read(map, &Key::new("shop", "a"), &context, &mut warnings).unwrap();
    (secret, warnings)
}

#[test]
fn a_staple_goes_with_the_certificate_it_is_for() {
    let ca = TestCa::new("root");
    let (issued, other) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let der = |response: &[u8]| BASE64_STANDARD.encode(response);
    let tls = |staple: String| {
        let (crt, key) = (b64(&issued.chain_pem), b64(&issued.key_pem));
        warned(json!({"tls.crt": crt, "tls.key": key, "tls.ocsp-staple": staple}))
    };
    let response = ca.ocsp_response(&issued);
    let (secret, warnings) = tls(der(&response));
    assert_eq!(secret.pair.unwrap().ocsp_staple.as_deref(), Some(&*response));
    assert_eq!(warnings.len(), 0);

    for (staple, says) in [
        (der(&ca.ocsp_response(&other)), "is for another certificate"),
        (der(b"garbage"), "is no OCSP response"),
        ("%".into(), "is not base64"),
    ] {
        let (secret, warnings) = tls(staple);
        assert_eq!(secret.pair.unwrap().ocsp_staple, None, "the pair is served without");
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].field, "data[\"tls.ocsp-staple\"]");
        assert!(warnings[0].message.contains(says), "{}", warnings[0].message);
    }

    let (cert, key) = (b64(&issued.chain_pem), b64(&issued.key_pem));
    let generic = json!({"cert": cert, "key": key, "tls.ocsp-staple": der(&response)});
    assert_eq!(warned(generic).0.pair.unwrap().ocsp_staple, None, "only beside tls.crt");
}

#[test]
fn what_is_revoked_is_read_beside_the_ca() {
    let ca = TestCa::new("clients");
    let revoked = ca.leaf(&["a.test"]);
    let read = |data: Value| read_value(json!({ "stringData": data })).unwrap();
    let (one, two) = (ca.crl(&[&revoked]), ca.crl(&[]));
    assert_eq!(read(json!({"ca.crt": ca.pem(), "ca.crl": one.clone() + &two})).crls.len(), 2);
    assert_eq!(read(json!({"cacert": ca.pem(), "crl": one})).crls.len(), 1);
    let both = read(json!({"cacert": ca.pem(), "crl": one.clone() + &two, "ca.crl": one}));
    assert_eq!(both.crls.len(), 2, "crl wins");
    assert_eq!(both.ca_problem, None);
}

#[test]
fn a_list_that_cannot_be_read_takes_the_ca_with_it() {
    let ca = TestCa::new("clients");
    let read = |data: Value| read_value(json!({ "stringData": data })).unwrap();
    let secret = read(json!({"cacert": ca.pem(), "crl": "garbage"}));
    assert_eq!((secret.roots.len(), secret.crls.len()), (0, 0));
    let problem = secret.ca_problem.unwrap();
    assert_eq!(problem.field, "data[\"crl\"]");
    assert!(problem.message.contains("the revocation list is not PEM"), "{problem}");
}

#[test]
fn a_ca_that_cannot_be_read_is_told_apart_from_none() {
    let read = |data: Value| read_value(json!({ "stringData": data })).unwrap().ca_problem;
    assert_eq!(read(json!({"ca.crt": "garbage"})).unwrap().field, "data[\"ca.crt\"]");
    assert_eq!(read(json!({"cacert": "garbage"})).unwrap().field, "data[\"cacert\"]");
    assert_eq!(read(json!({"ca.crt": ""})), None);
    assert_eq!(read(json!({})), None);
}

#[test]
fn roots_come_from_ca_crt_or_from_a_certificate_without_key() {
    let ca = TestCa::new("clients");
    let issued = pair();
    let roots = |data: Value| read_value(json!({ "stringData": data })).unwrap().roots;
    assert_eq!(roots(json!({"ca.crt": ca.pem()})), [ca.der().clone()]);
    assert_eq!(roots(json!({"tls.crt": ca.pem()})), [ca.der().clone()]);
    let other = TestCa::new("other");
    let both = json!({"cacert": ca.pem(), "ca.crt": other.pem()});
    assert_eq!(roots(both), [ca.der().clone()], "cacert wins");
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
    let annotations = json!({"doorward.dev/issued-as": "arn:one"});
    let written = json!({"name": "a", "labels": labels, "annotations": annotations});
    let secret = read_value(json!({"metadata": written})).unwrap();
    assert_eq!(secret.issued_by.as_deref(), Some("local"));
    assert_eq!(secret.issued_as.as_deref(), Some("arn:one"));
    let by_hand = json!({"name": "a", "annotations": annotations});
    assert_eq!(read_value(json!({"metadata": by_hand})).unwrap().issued_as, None);
}

#[test]
fn only_the_store_namespace_keeps_what_issuers_name() {
    let read_in = |namespace: &str, value: Value| {
        let Value::Object(map) = value else { panic!("a Secret is an object") };
        let context = Context::new("doorward-system".into());
        super::read(map, &Key::new(namespace, "a"), &context, &mut Vec::new()).unwrap().credentials
    };
    let tsig = json!({"data": {"secret": b64("hush")}, "stringData": {"note": "of dns"}});
    let held = read_in("doorward-system", tsig.clone()).unwrap();
    assert_eq!(held.0["secret"].as_slice(), b"hush");
    assert_eq!(held.0["note"].as_slice(), b"of dns");
    assert_eq!(read_in("shop", tsig), None);
    let emptied = read_in("doorward-system", json!({"data": {}}));
    assert!(emptied.is_some_and(|held| held.0.is_empty()), "it is no certificate either");
    let pair = json!({"data": {"tls.crt": b64("certificate"), "tls.key": b64("key")}});
    assert_eq!(read_in("doorward-system", pair), None, "certificates are not credentials");
}
