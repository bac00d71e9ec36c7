//! What goes wrong is told with its cure, and ends the order only where it has to.

use issue::Fault;

use super::fixture::{Ca, request};
use crate::Method;

const HTTP: [Method; 1] = [Method::Http01];

#[tokio::test]
async fn refused_nonces_are_taken_as_they_come() {
    let Some(ca) = Ca::with(|options| options.nonce_reject = 15).await else { return };
    let mut told = None;
    // The library tries a request three times, so a few orders in a hundred still fail.
    for _ in 0..5 {
        match ca.obtain(&HTTP, &request(&["a.test"])).await {
            Ok(_) => return,
            Err(error) => told = Some(error),
        }
    }
    panic!("not one order went through: {told:?}");
}

#[tokio::test]
async fn a_nonce_that_is_always_refused_is_no_end_of_the_order() {
    let Some(ca) = Ca::with(|options| options.nonce_reject = 100).await else { return };
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Passing, "{told}");
}

#[tokio::test]
async fn slow_validation_is_waited_for() {
    let Some(ca) = Ca::with(|options| options.sleep = 2).await else { return };
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
}

#[tokio::test]
async fn names_that_were_proved_before_need_no_proof() {
    let Some(ca) = Ca::with(|options| options.authz_reuse = 100).await else { return };
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
    ca.gateway.hide();
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_not_ours_ends_the_order_and_says_how_it_was_looked_at() {
    let Some(ca) = Ca::start().await else { return };
    ca.gateway.lie();
    let told = ca.obtain(&[Method::TlsAlpn01], &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Dead, "{told}");
    assert!(told.message.contains("prove a.test by tlsAlpn01"), "{told}");
    assert!(told.message.contains("port 443"), "{told}");
}

#[tokio::test]
async fn a_name_that_the_ca_never_signs_is_refused() {
    let blocked = vec!["blocked.test".to_owned()];
    let Some(ca) = Ca::with(|options| options.blocked = blocked).await else { return };
    let told = ca.obtain(&HTTP, &request(&["www.blocked.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused, "{told}");
}

#[tokio::test]
async fn a_server_signed_by_a_stranger_asks_for_its_bundle() {
    let Some(mut ca) = Ca::start().await else { return };
    ca.settings.trusted = Ca::nowhere().settings.trusted;
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Passing, "{told}");
    assert!(told.message.contains("spec.acme.caBundle"), "{told}");
}

#[tokio::test]
async fn a_server_that_is_nowhere_says_so() {
    let ca = Ca::nowhere();
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Passing, "{told}");
    assert!(told.message.contains("https://127.0.0.1:1/dir cannot be reached"), "{told}");
}

#[tokio::test]
async fn an_address_that_is_no_directory_is_refused() {
    let Some(mut ca) = Ca::start().await else { return };
    ca.settings.server = ca.settings.server.replace("/dir", "/nothing");
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused, "{told}");
    assert!(told.message.contains("spec.acme.server"), "{told}");
}

#[tokio::test]
async fn an_order_of_another_account_is_placed_anew() {
    let Some(ca) = Ca::start().await else { return };
    ca.gateway.hide();
    let progress = ca.until_waiting(&HTTP, &request(&["a.test"])).await;
    *ca.keys.0.lock().await = None;
    let issuer = ca.issuer(&HTTP);
    let told = issue::Issuer::advance(&issuer, &request(&["a.test"]), &progress).await;
    assert_eq!(told.unwrap_err().fault, Fault::Dead);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_not_shown() {
    let Some(ca) = Ca::start().await else { return };
    *ca.keys.0.lock().await = Some("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n".to_owned().into());
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused, "{told}");
    assert!(!told.message.contains("c2VjcmV0"), "{told}");
}
