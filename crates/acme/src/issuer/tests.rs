//! Orders with a real ACME server, driven step by step. Between any two steps the issuer is
//! thrown away and made anew from what was kept, as after a kill.

mod failures;
mod fixture;
mod front;
mod offers;

use issue::{Fault, KeyKind};

use self::fixture::{Ca, names, request};
use crate::Method;

#[tokio::test]
async fn a_host_is_proved_over_http() {
    let Some(ca) = Ca::start().await else { return };
    let issued = ca.obtain(&[Method::Http01], &request(&["www.a.test"])).await.unwrap();
    assert_eq!(issued.names, names(&["www.a.test"]));
    assert!(ca.gateway.is_empty(), "a challenge is still open");
}

#[tokio::test]
async fn a_host_is_proved_over_tls() {
    let Some(ca) = Ca::start().await else { return };
    let issued = ca.obtain(&[Method::TlsAlpn01], &request(&["www.a.test"])).await.unwrap();
    assert_eq!(issued.names, names(&["www.a.test"]));
    assert!(ca.gateway.is_empty(), "a challenge is still open");
}

#[tokio::test]
async fn a_wildcard_and_its_domain_are_proved_in_dns() {
    let Some((ca, dns)) = Ca::with_zone("a.test", "").await else { return };
    let solvers = [Method::Http01, dns.method()];
    let request = request(&["*.a.test", "a.test", "b.a.test"]);
    let issued = ca.obtain(&solvers, &request).await.unwrap();
    assert_eq!(issued.names.len(), 3);
    assert!(!dns.has_text("_acme-challenge.a.test").await, "a record is left");
}

#[tokio::test]
async fn a_proof_goes_where_the_cname_of_its_name_leads() {
    let records = "_acme-challenge.shop CNAME shop.proofs\n";
    let Some((ca, dns)) = Ca::with_zone("a.test", records).await else { return };
    let solvers = [dns.method()];
    let request = request(&["shop.a.test"]);
    // Nothing can be put beside a CNAME, so it is proved at its target alone.
    ca.obtain(&solvers, &request).await.unwrap();
    assert!(!dns.has_text("shop.proofs.a.test").await, "a record is left");
}

#[tokio::test]
async fn a_cname_into_a_zone_that_the_solver_has_not_is_refused_before_anything_is_ordered() {
    let records = "_acme-challenge.far CNAME far.elsewhere.test.\n";
    let Some((ca, dns)) = Ca::with_zone("a.test", records).await else { return };
    let far = ca.obtain(&[dns.method()], &request(&["*.far.a.test"])).await.unwrap_err();
    assert_eq!(far.fault, Fault::Refused);
    let says = ["far.elsewhere.test is in no zone", "_acme-challenge.far.a.test is a CNAME to"];
    assert!(says.iter().all(|says| far.message.contains(says)), "{far}");
    let logs = ca.pebble().logs();
    assert!(!logs.iter().any(|line| line.contains("order-plz")), "it was ordered: {logs:?}");
}

#[tokio::test]
async fn rsa_keys_are_made_too() {
    let Some(ca) = Ca::start().await else { return };
    let mut request = request(&["rsa.a.test"]);
    request.key = KeyKind::Rsa2048;
    let issued = ca.obtain(&[Method::Http01], &request).await.unwrap();
    assert!(issued.key_algorithm.is_rsa());
}

/// A common name holds 64 characters at most, so none is asked for.
#[tokio::test]
async fn names_too_long_for_a_common_name_and_names_of_other_scripts_are_obtained() {
    let Some(ca) = Ca::start().await else { return };
    let long = format!("{0}.{0}.a.test", "a".repeat(40));
    let all = ["xn--bcher-kva.test", &long];
    let issued = ca.obtain(&[Method::Http01], &request(&all)).await.unwrap();
    assert_eq!(issued.names.len(), 2);
    let (_, leaf) = x509_parser::parse_x509_certificate(&issued.leaf).unwrap();
    let common_names = leaf.subject().iter_common_name();
    assert!(common_names.filter_map(|name| name.as_str().ok()).all(|name| name.len() <= 64));
}

#[tokio::test]
async fn steps_that_are_taken_twice_come_to_the_same() {
    let Some(ca) = Ca::start().await else { return };
    let request = request(&["a.test", "b.a.test"]);
    // As if each answer had been lost once before it could be kept.
    let twice = ca.run(&[Method::Http01, Method::TlsAlpn01], &request, 2).await;
    assert_eq!(twice.unwrap().names.len(), 2);
    assert!(ca.gateway.is_empty(), "a challenge is still open");
}

#[tokio::test]
async fn an_order_that_is_given_up_leaves_nothing_open() {
    let Some(ca) = Ca::start().await else { return };
    let request = request(&["a.test"]);
    ca.gateway.hide();
    let progress = ca.until_waiting(&[Method::Http01], &request).await;
    assert!(!ca.gateway.is_empty(), "nothing was opened");
    let issuer = ca.issuer(&[Method::Http01]);
    issue::Issuer::retire(&issuer, &request, &progress).await.unwrap();
    assert!(ca.gateway.is_empty(), "a challenge is still open");
}

#[tokio::test]
async fn a_wildcard_without_dns_is_refused_before_anybody_is_asked() {
    let ca = Ca::nowhere();
    let told = ca.obtain(&[Method::Http01], &request(&["*.a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused);
    assert!(told.message.contains("add a dns01 solver"), "{told}");
}
