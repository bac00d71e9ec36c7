//! What CAs offer and Pebble does not, and answers that are none: a door in front of Pebble has
//! them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use issue::{Fault, Stage, Step};
use jiff::Timestamp;
use model::Certificate;
use serde_json::json;
use testkit::{
    knot::Knot,
    pki::{LeafOptions, TestCa},
};
use x509_parser::extensions::ParsedExtension;

use super::fixture::{Ca, request};
use crate::Method;

const HTTP: [Method; 1] = [Method::Http01];

#[tokio::test]
async fn the_profile_is_asked_for_by_its_name() {
    let Some((mut ca, front)) = Ca::behind_front().await else { return };
    front.set_meta("profiles", json!({"shortlived": "six days"}));
    ca.settings.profile = Some("shortlived".into());
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
    assert_eq!(front.orders()[0]["profile"], "shortlived");
}

#[tokio::test]
async fn the_ca_says_when_to_renew_and_is_told_what_is_replaced() {
    let Some((ca, front)) = Ca::behind_front().await else { return };
    let (start, end) = ("2031-02-03T04:00:00Z", "2031-02-04T04:00:00Z");
    front.suggest(start, end);
    let mut request = request(&["a.test"]);
    let held = ca.obtain(&HTTP, &request).await.unwrap();

    let window = issue::Issuer::renewal_window(&ca.issuer(&HTTP), &held).await.unwrap().unwrap();
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!((window.start, window.end), (instant(start), instant(end)));

    let id = ari_id(&held);
    request.replaces = Some(held.into());
    ca.obtain(&HTTP, &request).await.unwrap();
    let orders = front.orders();
    assert_eq!(orders[0].get("replaces"), None);
    assert_eq!(orders[1]["replaces"], id);
}

/// RFC 9773 section 4.1: the key of the issuer, and the serial number.
fn ari_id(certificate: &Certificate) -> String {
    let (_, read) = x509_parser::parse_x509_certificate(&certificate.leaf).unwrap();
    let mut extensions = read.extensions().iter().map(|extension| extension.parsed_extension());
    let issuer = extensions.find_map(|extension| match extension {
        ParsedExtension::AuthorityKeyIdentifier(key) => key.key_identifier.as_ref(),
        _ => None,
    });
    [issuer.unwrap().0, read.raw_serial()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".")
}

#[tokio::test]
async fn a_certificate_of_another_key_is_refused() {
    let Some((ca, front)) = Ca::behind_front().await else { return };
    let stranger = TestCa::new("stranger");
    for options in [LeafOptions::default(), LeafOptions::expired()] {
        front.send(Some(&stranger.issue(&["a.test"], options).chain_pem));
        let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
        assert_eq!(told.fault, Fault::Refused, "{told}");
        assert!(told.message.contains("not stored"), "{told}");
    }
    front.send(None);
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
}

#[tokio::test]
async fn a_ca_that_is_away_is_asked_again() {
    let Some((ca, front)) = Ca::behind_front().await else { return };
    front.be_away(true);
    let told = ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap_err();
    assert_eq!(told.fault, Fault::TooMany { retry_after: None }, "{told}");
    front.be_away(false);
    ca.obtain(&HTTP, &request(&["a.test"])).await.unwrap();
}

#[tokio::test]
async fn what_was_ordered_of_another_server_is_dropped_at_once_and_ordered_anew() {
    let Some((mut ca, front)) = Ca::behind_front().await else { return };
    let request = request(&["a.test"]);
    ca.gateway.hide();
    let progress = ca.until_waiting(&HTTP, &request).await;
    assert!(!ca.gateway.is_empty(), "nothing was opened");

    let elsewhere = Ca::start().await.expect("there was a Pebble before");
    ca.settings.server = elsewhere.settings.server.clone();
    ca.settings.trusted = elsewhere.settings.trusted.clone();
    let step = issue::Issuer::advance(&ca.issuer(&HTTP), &request, &progress).await.unwrap();
    let Step::Continue { progress, stage: Stage::Ordering, .. } = step else { panic!("{step:?}") };
    assert!(ca.gateway.is_empty(), "a challenge of the old order is still open");
    elsewhere.go_on(&HTTP, &request, progress, 1).await.unwrap();
    assert_eq!(front.orders().len(), 1);
}

#[tokio::test]
async fn no_order_where_caa_records_let_somebody_else_in() {
    let records = "@ CAA 0 issue \"stranger.test\"\nours CAA 0 issue \"ca.test; a=b\"\n";
    let Some(knot) = Knot::holding(&[("a.test", records)]).await else { return };
    let Some((mut ca, front)) = Ca::behind_front().await else { return };
    ca.settings.resolver = Some(knot.address());
    let of_others = request(&["shop.a.test"]);
    ca.obtain(&HTTP, &of_others).await.expect("a CA without a name heeds no records");

    front.set_meta("caaIdentities", json!(["ca.test"]));
    let told = ca.obtain(&HTTP, &of_others).await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused, "{told}");
    assert_eq!(
        told.message,
        "the CAA records of a.test let in stranger.test, and this CA goes by ca.test, so it must \
         refuse shop.a.test: add `a.test CAA 0 issue \"ca.test\"`, or obtain the certificate from \
         another issuer"
    );
    assert_eq!(front.orders().len(), 1, "the CA was asked all the same");

    ca.obtain(&HTTP, &request(&["www.ours.a.test"])).await.unwrap();
    // Nobody knows of this zone, and of no zone at all.
    ca.obtain(&HTTP, &request(&["b.test"])).await.unwrap();
    ca.settings.resolver = Some(([127, 0, 0, 1], 1).into());
    ca.obtain(&HTTP, &of_others).await.unwrap();
}
