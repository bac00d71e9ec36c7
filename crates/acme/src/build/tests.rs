use std::collections::BTreeMap;

use issue::{Challenge, Future, NoEntries, StoreError};
use jiff::Timestamp;
use model::{Credentials, IssuerKind, KeyChoice, Name, RenewBefore};
use serde_json::{Value, json};

use super::*;

/// Nobody here is asked for anything.
struct Nobody;

impl Challenges for Nobody {
    fn open<'a>(&'a self, _: &'a Challenge) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn close<'a>(&'a self, _: &'a Name, _: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

/// The Issuer, with the Secrets `tsig` and `acme`.
fn built(change: impl FnOnce(&mut Value)) -> Result<AcmeIssuer, String> {
    let mut settings = json!({"server": "https://ca.test/dir", "solvers": [{"http01": {}}]});
    change(&mut settings);
    let secret = |key: &str, text: &str| {
        let entry = (key.into(), Zeroizing::new(text.as_bytes().to_vec()));
        IssuerSecret::Credentials(Arc::new(Credentials(BTreeMap::from([entry]))))
    };
    let secrets = [("tsig", secret("secret", "c2VjcmV0")), ("acme", secret("mac", "c2VjcmV0"))];
    let issuer = Issuer {
        name: "letsencrypt".into(),
        declared_by: None,
        kind: IssuerKind::Acme,
        settings: Arc::new(settings),
        secrets: secrets.into_iter().map(|(name, secret)| (name.into(), secret)).collect(),
        keys: KeyChoice::default(),
        renew_before: RenewBefore::default(),
        window: None,
        allowed: Vec::new(),
        fallback: Vec::new(),
        limits: None,
    };
    let around = Surroundings {
        entries: Arc::new(NoEntries),
        challenges: Arc::new(Nobody),
        clock: Arc::new(Timestamp::now),
        route53: Arc::new(|_| Err(IssueError::refused("no AWS here"))),
    };
    build(&issuer, &around).map_err(|problem| problem.to_string())
}

#[test]
fn an_account_without_a_secret_of_its_own_gets_one_by_the_issuers_name() {
    let issuer = built(|_| {}).unwrap();
    let AccountKey::Kept { secret, key, .. } = &issuer.settings.account_key else {
        panic!("a key was given by nobody");
    };
    assert_eq!((&**secret, &**key), ("doorward-acme-letsencrypt", "account.key"));
}

#[test]
fn what_the_spec_names_is_fetched_and_decoded() {
    let issuer = built(|spec| {
        spec["externalAccountBinding"] =
            json!({"keyId": "kid", "secret": {"name": "acme", "key": "mac"}});
        spec["solvers"] = json!([
            {"dns01": {"rfc2136": {
                "nameserver": "127.0.0.1:53",
                "tsig": {"name": "k", "secret": {"name": "tsig", "key": "secret"}},
            }}, "names": ["*.a.test"]},
            {"dns01": {"command": ["/bin/true", "--zone"]}},
            {"tlsAlpn01": {}},
        ]);
    });
    let settings = issuer.unwrap().settings;
    assert_eq!(*settings.external_account.unwrap().key, b"secret");
    let kinds: Vec<_> = settings.solvers.iter().map(|solver| solver.method.kind()).collect();
    use crate::SolverKind::{Dns01, TlsAlpn01};
    assert_eq!(kinds, [Dns01, Dns01, TlsAlpn01]);
}

#[test]
fn what_is_not_there_is_named_with_its_field_and_shown_to_nobody() {
    let binding = |name: &'static str, key: &'static str| {
        move |spec: &mut Value| {
            spec["externalAccountBinding"] =
                json!({"keyId": "kid", "secret": {"name": name, "key": key}});
        }
    };
    let missing = built(binding("nobody", "mac")).err().unwrap();
    assert!(
        missing.starts_with(
            "spec.acme.externalAccountBinding.secret: there is no Secret nobody in the store"
        ),
        "{missing}"
    );
    let no_entry = built(binding("acme", "other")).err().unwrap();
    assert!(no_entry.contains("entry \"other\" of Secret acme is missing"), "{no_entry}");
    let no_key = built(|spec| spec["accountKeySecret"] = json!({"name": "acme", "key": "mac"}));
    let no_key = no_key.err().unwrap();
    assert!(
        no_key.starts_with(
            "spec.acme.accountKeySecret: entry \"mac\" of Secret acme is no ECDSA P-256 key in PEM"
        ),
        "{no_key}"
    );
    assert!(!no_key.contains("c2VjcmV0"), "{no_key}");
    let route53 = built(|spec| spec["solvers"] = json!([{"dns01": {"route53": {}}}]));
    let route53 = route53.err().unwrap();
    assert_eq!(route53, "spec.acme.solvers[0].dns01: no AWS here");
}
