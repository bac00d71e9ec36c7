use std::time::Duration;

use issue::Fault;
use rustls::pki_types::UnixTime;

use super::*;

fn told(kind: &str) -> IssueError {
    let problem = Problem {
        r#type: Some(format!("urn:ietf:params:acme:error:{kind}")),
        detail: Some("so it is".into()),
        status: None,
        subproblems: Vec::new(),
    };
    let retry_after = Some(Duration::from_secs(90));
    let status = StatusCode::FORBIDDEN;
    let refusal = Refusal { status, retry_after, problem: Some(problem) };
    explain(&Error::Other(refusal.into()), "place the order", "https://ca.test/dir")
}

#[test]
fn limits_say_when_to_come_back() {
    let told = told("rateLimited");
    assert_eq!(told.fault, Fault::TooMany { retry_after: Some(Duration::from_secs(90)) });
    assert_eq!(told.message, "could not place the order: the CA says \"so it is\"");
}

#[test]
fn what_somebody_has_to_change_names_the_cure() {
    for (kind, cure) in [
        ("caa", "CAA record"),
        ("rejectedIdentifier", "another issuer"),
        ("externalAccountRequired", "externalAccountBinding"),
        ("userActionRequired", "terms"),
        ("invalidContact", "spec.acme.email"),
        ("invalidProfile", "spec.acme.profile"),
    ] {
        let told = told(kind);
        assert_eq!(told.fault, Fault::Refused, "{kind}");
        assert!(told.message.contains(cure), "{told}");
    }
}

/// `unauthorized` means the account only where that is what was asked about.
#[test]
fn an_account_that_is_closed_asks_for_another_key() {
    let problem = Problem {
        r#type: Some("urn:ietf:params:acme:error:unauthorized".into()),
        detail: Some("account is deactivated".into()),
        status: None,
        subproblems: Vec::new(),
    };
    let told = explain(&Error::Api(problem), ACCOUNT, "https://ca.test/dir");
    assert_eq!(told.fault, Fault::Refused);
    assert!(told.message.contains("put another key in the Secret"), "{told}");
}

#[test]
fn what_failed_may_do_better_in_a_new_order() {
    for kind in ["orderNotReady", "connection", "dns", "tls", "incorrectResponse"] {
        assert_eq!(told(kind).fault, Fault::Dead, "{kind}");
    }
    assert_eq!(told("accountDoesNotExist").fault, Fault::Passing);
}

#[test]
fn a_clock_that_is_wrong_by_a_day_is_named() {
    let day = Duration::from_secs(24 * 60 * 60);
    let at = |days: u32| UnixTime::since_unix_epoch(day * days);
    let past = CertificateError::ExpiredContext { time: at(2), not_after: at(1) };
    let future = CertificateError::NotValidYetContext { time: at(1), not_before: at(2) };
    for wrong in [past, future] {
        let io = std::io::Error::other(rustls::Error::InvalidCertificate(wrong));
        let told = explain(&Error::Other(io.into()), "open the account", "https://ca.test/dir");
        assert_eq!(told.fault, Fault::Passing);
        assert!(told.message.contains("set the clock"), "{told}");
    }
}
