//! What CAs offer beyond the plain order: bound accounts, other chains.

use issue::Fault;
use zeroize::Zeroizing;

use super::fixture::{Ca, request};
use crate::{ExternalAccount, Method};

const HTTP: [Method; 1] = [Method::Http01];
const MAC_KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

fn external(key: &[u8]) -> ExternalAccount {
    ExternalAccount { key_id: "kid-1".into(), key: Zeroizing::new(key.to_vec()) }
}

async fn that_binds() -> Option<Ca> {
    let account = ("kid-1".to_owned(), MAC_KEY.to_owned());
    Ca::with(|options| options.external_accounts = vec![account]).await
}

#[tokio::test]
async fn an_account_is_bound_where_the_ca_asks_for_it() {
    let Some(mut ca) = that_binds().await else { return };
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused, "{told}");
    assert!(told.message.contains("externalAccountBinding"), "{told}");

    // The key that was kept for nothing does for the account that is bound.
    let kept = ca.keys.0.lock().await.clone();
    let key = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, MAC_KEY).unwrap();
    ca.settings.external_account = Some(external(&key));
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
    assert_eq!(*ca.keys.0.lock().await, kept);

    // The next start finds the account, and binds nothing anew.
    ca.settings.external_account = Some(external(b"used up"));
    ca.issuer(&HTTP).account().await.unwrap();
}

#[tokio::test]
async fn a_wrong_binding_is_refused() {
    let Some(mut ca) = that_binds().await else { return };
    ca.settings.external_account = Some(external(b"not the key that the CA has given out"));
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused, "{told}");
}

/// A kill may come at any moment after the key is kept.
#[tokio::test]
async fn the_key_of_a_bound_account_is_kept_before_the_ca_sees_it() {
    let mut ca = Ca::nowhere();
    ca.settings.external_account = Some(external(b"any"));
    ca.issuer(&HTTP).account().await.map(drop).unwrap_err();
    assert!(ca.keys.0.lock().await.is_some());
}

#[tokio::test]
async fn the_account_is_found_again_by_its_key() {
    let Some(ca) = Ca::start().await else { return };
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
    let first = ca.issuer(&HTTP).account().await.unwrap();
    let second = ca.issuer(&HTTP).account().await.unwrap();
    assert_eq!(first.id(), second.id());
}

#[tokio::test]
async fn the_chain_to_the_preferred_root_is_taken() {
    let Some(mut ca) = Ca::with(|options| options.alternate_roots = 2).await else { return };
    for index in 0..3 {
        let root = ca.pebble().root(index).await;
        let name = common_name(&root);
        ca.settings.preferred_chain = Some(name.clone());
        let issued = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
        let (_, last) =
            x509_parser::parse_x509_certificate(issued.issuers.last().unwrap()).unwrap();
        assert_eq!(last.issuer().iter_common_name().next().unwrap().as_str(), Ok(&*name));
    }
}

fn common_name(certificate: &[u8]) -> String {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).unwrap();
    certificate.subject().iter_common_name().next().unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_chain_that_nobody_offers_is_no_reason_to_go_without() {
    let Some(mut ca) = Ca::start().await else { return };
    ca.settings.preferred_chain = Some("Nobody Root X9".into());
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
}

#[tokio::test]
async fn a_ca_without_renewal_information_says_nothing() {
    let Some(ca) = Ca::start().await else { return };
    let mut request = request(&["a.test"]);
    let held = ca.obtain(&HTTP, &request).await.unwrap();
    let issuer = ca.issuer(&HTTP);
    assert_eq!(issue::Issuer::renewal_window(&issuer, &held).await.unwrap(), None);
    // And an order that replaces is placed as any other.
    request.replaces = Some(held.into());
    ca.obtain(&HTTP, &request).await.unwrap();
}
