use testkit::pki::{KeyKind as TestKey, LeafOptions, TestCa};

use super::*;

fn delivery(names: &[&str], options: LeafOptions) -> Delivery {
    let leaf = TestCa::new("root").issue(names, options);
    let issued = Issued { certificate_pem: leaf.cert_pem, key_pem: leaf.key_pem, issued_as: None };
    Delivery::read(issued).expect("a good pair")
}

fn refusal(delivery: &Delivery) -> Option<String> {
    let ordered = ["a.test", "b.test"].map(|name| Name::parse(name).expect("a name"));
    let checked = delivery.check(&ordered, KeyKind::EcdsaP256, Timestamp::now());
    checked.err().map(|error| error.message)
}

#[test]
fn what_was_ordered_passes_valid_already_or_not() {
    assert_eq!(refusal(&delivery(&["b.test", "a.test"], LeafOptions::default())), None);
    let early = LeafOptions::not_yet_valid();
    assert_eq!(refusal(&delivery(&["a.test", "b.test"], early)), None);
}

#[test]
fn what_was_not_ordered_is_refused_with_what_is_wrong() {
    let cases = [
        (delivery(&["a.test"], LeafOptions::default()), "is for a.test, and a.test, b.test was"),
        (
            delivery(&["a.test", "b.test"], LeafOptions::key(TestKey::Rsa2048)),
            "has an RSA 2048 key, and ECDSA P-256 was",
        ),
        (delivery(&["a.test", "b.test"], LeafOptions::expired()), "ended on"),
    ];
    for (delivery, expected) in cases {
        let refused = refusal(&delivery).expect("refused");
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let ca = TestCa::new("root");
    let (one, other) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let mixed = Issued { certificate_pem: one.cert_pem, key_pem: other.key_pem, issued_as: None };
    let refused = Delivery::read(mixed).expect_err("they do not belong together");
    assert_eq!(refused.fault, crate::Fault::Dead);
}
