use issue::Fault;
use testkit::pki::{LeafOptions, TestCa};

use super::*;

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| Name::parse(text).unwrap()).collect()
}

#[test]
fn what_was_ordered_is_taken() {
    let pair = TestCa::new("ca").intermediate("below").leaf(&["a.test", "b.test"]);
    let names = names(&["b.test", "a.test"]);
    assert!(check(&pair.chain_pem, &pair.key_pem, &names, Timestamp::now()).is_ok());
}

#[test]
fn another_key_other_names_and_a_broken_chain_are_refused() {
    let ca = TestCa::new("ca");
    let (pair, other) = (ca.leaf(&["a.test"]), ca.leaf(&["a.test"]));
    let chain = pair.chain_pem.clone() + TestCa::new("stranger").pem();
    let now = Timestamp::now();
    let answers = [
        check(&pair.chain_pem, &other.key_pem, &names(&["a.test"]), now),
        check(&pair.chain_pem, &pair.key_pem, &names(&["a.test", "b.test"]), now),
        check(&pair.chain_pem, &pair.key_pem, &names(&["b.test"]), now),
        check(&chain, &pair.key_pem, &names(&["a.test"]), now),
        check("sorry, no certificate", &pair.key_pem, &names(&["a.test"]), now),
    ];
    for answer in answers {
        let told = answer.unwrap_err();
        assert_eq!(told.fault, Fault::Refused);
        assert!(told.message.contains("not stored"), "{told}");
    }
}

#[test]
fn a_certificate_that_is_over_by_our_clock_asks_for_the_clock() {
    let pair = TestCa::new("ca").issue(&["a.test"], LeafOptions::default());
    let late = Timestamp::now() + jiff::SignedDuration::from_hours(24 * 365);
    let told = check(&pair.chain_pem, &pair.key_pem, &names(&["a.test"]), late).unwrap_err();
    assert!(told.message.contains("set the clock"), "{told}");
}
