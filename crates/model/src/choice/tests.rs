use jiff::Timestamp;
use proptest::prelude::*;
use rustls_pki_types::PrivatePkcs8KeyDer;

use super::*;
use crate::{Binding, BindingStatus, CertificateId, CertificateSource, Fingerprint, PrivateKey};

/// What a case says of one certificate; the rest of it does not matter to the choice.
#[derive(Clone, Debug)]
struct Facts {
    names: Vec<&'static str>,
    key: KeyAlgorithm,
    /// Days from now.
    ends: i64,
    is_default: bool,
}

const RSA: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };
const EC: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

fn facts(names: &[&'static str], key: KeyAlgorithm, ends: i64) -> Facts {
    Facts { names: names.to_vec(), key, ends, is_default: false }
}

fn day(days: i64) -> Timestamp {
    Timestamp::from_second(2_000_000_000 + days * 86_400).unwrap()
}

fn list(facts: &[Facts]) -> CertificateList {
    let bindings = facts.iter().enumerate().map(|(index, facts)| {
        let serial = u8::try_from(index).unwrap();
        let certificate = Certificate {
            ocsp_staple: None,
            names: facts.names.iter().map(|name| Name::parse(name).unwrap()).collect(),
            subject: String::new(),
            issuer: String::new(),
            serial: String::new(),
            not_before: day(-1000),
            not_after: day(facts.ends),
            key_algorithm: facts.key,
            fingerprint: Fingerprint([serial; 32]),
            leaf: vec![serial].into(),
            issuers: Arc::new([]),
            key: PrivateKey::new(PrivatePkcs8KeyDer::from(vec![]).into()),
        };
        Binding {
            id: CertificateId::store(&index.to_string()),
            is_default: facts.is_default,
            source: CertificateSource::AlbConfig,
            status: match facts.ends < 0 {
                true => BindingStatus::Expired,
                false => BindingStatus::Associated,
            },
            certificate: Some(Arc::new(certificate)),
        }
    });
    CertificateList { bindings: bindings.collect() }
}

/// The position in `facts` of what answers.
fn answer(facts: &[Facts], host: Option<&str>, ecdsa: bool) -> Option<usize> {
    let list = list(facts);
    position(&list, CertificateTable::new(&list), host, ecdsa)
}

/// The same for a server with these certificates.
fn answer_of_server(facts: &[Facts], host: Option<&str>, ecdsa: bool) -> Option<usize> {
    let list = list(facts);
    position(&list, CertificateTable::of_server(&list), host, ecdsa)
}

fn position(
    list: &CertificateList,
    table: CertificateTable,
    host: Option<&str>,
    ecdsa: bool,
) -> Option<usize> {
    let usable = |certificate: &Certificate| ecdsa || certificate.key_algorithm.is_rsa();
    let chosen = table.choose(host, usable).certificate()?;
    list.bindings.iter().position(|binding| binding.certificate.as_ref() == Some(chosen))
}

#[test]
fn an_exact_name_goes_before_a_wildcard() {
    let all = [facts(&["*.shop.test"], EC, 900), facts(&["www.shop.test"], RSA, 10)];
    assert_eq!(answer(&all, Some("www.shop.test"), true), Some(1));
    assert_eq!(answer(&all, Some("img.shop.test"), true), Some(0));
}

#[test]
fn ecdsa_answers_who_can_and_rsa_the_rest() {
    let all = [facts(&["www.shop.test"], RSA, 300), facts(&["www.shop.test"], EC, 40)];
    assert_eq!(answer(&all, Some("www.shop.test"), true), Some(1));
    assert_eq!(answer(&all, Some("www.shop.test"), false), Some(0));
}

#[test]
fn a_client_that_cannot_take_the_exact_one_gets_the_wildcard() {
    let all = [facts(&["www.shop.test"], EC, 40), facts(&["*.shop.test"], RSA, 40)];
    assert_eq!(answer(&all, Some("www.shop.test"), false), Some(1));
}

#[test]
fn among_equals_the_one_that_ends_last_answers_the_default_included() {
    let mut all = [facts(&["a.test"], RSA, 20), facts(&["a.test"], RSA, 80)];
    all[0].is_default = true;
    assert_eq!(answer(&all, Some("a.test"), true), Some(1));
}

#[test]
fn an_expired_one_answers_only_where_nothing_valid_does() {
    let all = [
        facts(&["www.shop.test", "old.test"], EC, -3),
        facts(&["www.shop.test"], RSA, 5),
        facts(&["*.shop.test"], RSA, 5),
    ];
    assert_eq!(answer(&all, Some("www.shop.test"), true), Some(1));
    assert_eq!(answer(&all, Some("old.test"), true), Some(0));
    assert_eq!(answer(&all[..1], Some("www.shop.test"), true), Some(0));
    let expired_exact = [all[0].clone(), all[2].clone()];
    assert_eq!(answer(&expired_exact, Some("www.shop.test"), true), Some(1));
}

#[test]
fn the_default_answers_only_where_nothing_matches() {
    let mut all = [facts(&["pay.test"], RSA, 20), facts(&["a.test"], RSA, 80)];
    assert_eq!(answer(&all, Some("other.test"), true), None);
    assert_eq!(answer(&all, None, true), None);
    all[0].is_default = true;
    assert_eq!(answer(&all, Some("other.test"), true), Some(0));
    assert_eq!(answer(&all, None, true), Some(0));
    assert_eq!(answer(&all, Some("a.test"), true), Some(1));
}

#[test]
fn what_is_pending_answers_nothing() {
    let mut list = list(&[facts(&["a.test"], RSA, 20)]);
    list.bindings[0].is_default = true;
    list.bindings[0].certificate = None;
    assert_eq!(CertificateTable::new(&list).choose(Some("a.test"), |_| true), Choice::Nothing);
}

#[test]
fn a_servers_certificates_answer_for_names_that_none_of_them_carries() {
    let mut all = [facts(&["aliyun.com"], RSA, 300), facts(&["b.test"], EC, 40)];
    for host in [Some("x.y.a.test"), Some("a.test"), None] {
        assert_eq!(answer_of_server(&all, host, true), Some(1), "{host:?}");
        assert_eq!(answer_of_server(&all, host, false), Some(0), "{host:?}");
    }
    all[0].is_default = true;
    assert_eq!(answer_of_server(&all, None, true), Some(1), "a server has no Default");
    assert_eq!(answer_of_server(&[], Some("a.test"), true), None);
}

#[test]
fn of_a_servers_certificates_the_one_that_carries_the_name_goes_first() {
    let all =
        [facts(&["a.test"], RSA, 10), facts(&["*.test"], RSA, 20), facts(&["other.test"], EC, 900)];
    assert_eq!(answer_of_server(&all, Some("a.test"), true), Some(0));
    assert_eq!(answer_of_server(&all, Some("b.test"), true), Some(1));
    assert_eq!(answer_of_server(&all, Some("c.b.test"), true), Some(2));
    let ecdsa = [facts(&["a.test"], EC, 10), facts(&["other.test"], RSA, 20)];
    assert_eq!(answer_of_server(&ecdsa, Some("a.test"), false), Some(1), "the client has its say");
    let expired = [facts(&["a.test"], RSA, -3), facts(&["other.test"], RSA, 20)];
    assert_eq!(answer_of_server(&expired, Some("a.test"), true), Some(1));
}

/// Rule by rule over the plain list; slow and obvious.
fn oracle(facts: &[Facts], host: Option<&str>, ecdsa: bool) -> Option<usize> {
    let names = |facts: &Facts| -> Vec<Name> {
        facts.names.iter().map(|name| Name::parse(name).unwrap()).collect()
    };
    let matching = |exact: bool| -> Vec<usize> {
        let matches = |name: &Name, host: &str| {
            name.is_wildcard() != exact && name.covers(&Name::parse(host).unwrap())
        };
        (0..facts.len())
            .filter(|i| {
                host.is_some_and(|host| names(&facts[*i]).iter().any(|name| matches(name, host)))
            })
            .collect()
    };
    for can_use in [true, false] {
        for expired in [false, true] {
            for exact in [true, false] {
                for rsa in [false, true] {
                    let fitting = matching(exact).into_iter().filter(|i| {
                        let one = &facts[*i];
                        (ecdsa || one.key.is_rsa()) == can_use
                            && (one.ends < 0) == expired
                            && one.key.is_rsa() == rsa
                    });
                    let longest = fitting.max_by_key(|i| (facts[*i].ends, Reverse(*i)));
                    if longest.is_some() {
                        return longest;
                    }
                }
            }
        }
    }
    facts.iter().position(|facts| facts.is_default)
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let name = prop::sample::select(vec!["a.test", "*.test", "x.a.test", "*.a.test", "b.test"]);
    // One algorithm of each kind: between two kinds of ECDSA key the date decides, between RSA
    // and the rest the kind does.
    let key = prop::sample::select(vec![RSA, EC]);
    (prop::collection::vec(name, 0..3), key, -2_i64..4)
        .prop_map(|(names, key, ends)| facts(&names, key, ends))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_choice_agrees_with_the_oracle(
        mut all in prop::collection::vec(any_facts(), 0..7),
        default in any::<prop::sample::Index>(),
        host in prop::option::of(prop::sample::select(
            vec!["a.test", "x.a.test", "y.a.test", "b.test", "z.b.test", "test"],
        )),
        ecdsa in any::<bool>(),
    ) {
        if !all.is_empty() {
            let position = default.index(all.len());
            all[position].is_default = true;
        }
        prop_assert_eq!(answer(&all, host, ecdsa), oracle(&all, host, ecdsa));
    }
}
