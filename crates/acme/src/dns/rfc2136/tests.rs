//! Against a real server, Knot.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use issue::Fault;
use testkit::knot::{Key, Knot};

use super::*;

fn client(knot: &Knot, zone: Option<&str>, key: Option<Key>) -> Rfc2136 {
    let secret = key.map(|key| BASE64_STANDARD.decode(key.secret).unwrap());
    let key = key.map(|Key { name, algorithm, .. }| TsigKey {
        name,
        algorithm,
        secret: secret.as_deref().unwrap(),
    });
    Rfc2136::new(knot.address(), zone, key.as_ref()).unwrap()
}

fn record(name: &str, value: &str) -> Record {
    Record { name: name.into(), kind: RecordKind::Txt, value: value.into(), ttl: 1 }
}

#[tokio::test]
async fn records_come_and_go_beside_each_other() {
    let Some(knot) = Knot::start(&["a.test"]).await else { return };
    for key in [Key::SHA256, Key::SHA512] {
        let dns = client(&knot, None, Some(key));
        let (one, two) =
            (record("_acme-challenge.a.test", "one"), record("_acme-challenge.a.test", "two"));
        dns.add(&one).await.unwrap();
        dns.add(&two).await.unwrap();
        dns.add(&one).await.unwrap();
        assert!(dns.is_served(&one).await.unwrap() && dns.is_served(&two).await.unwrap());
        dns.remove(&one).await.unwrap();
        dns.remove(&one).await.unwrap();
        assert!(!dns.is_served(&one).await.unwrap(), "it was taken away");
        assert!(dns.is_served(&two).await.unwrap(), "the other one stays");
        dns.remove(&two).await.unwrap();
    }
}

#[tokio::test]
async fn the_zone_that_holds_the_name_is_found() {
    let Some(knot) = Knot::start(&["a.test", "deep.a.test"]).await else { return };
    let dns = client(&knot, None, Some(Key::SHA256));
    let deep = record("_acme-challenge.x.deep.a.test", "value");
    assert_eq!(dns.zone_of(&deep.name).await.unwrap(), name("deep.a.test").unwrap());
    dns.add(&deep).await.unwrap();
    assert!(dns.is_served(&deep).await.unwrap());
}

#[tokio::test]
async fn a_wrong_key_and_none_are_refused() {
    let Some(knot) = Knot::start(&["a.test"]).await else { return };
    let wrong = Key { secret: "d3Jvbmctc2VjcmV0LXdyb25nLXNlY3JldC13cm9uZw==", ..Key::SHA256 };
    let unknown = Key { name: "nobody", ..Key::SHA256 };
    for key in [Some(wrong), Some(unknown), None] {
        let dns = client(&knot, None, key);
        let told = dns.add(&record("x.a.test", "value")).await.unwrap_err();
        assert_eq!(told.fault, Fault::Refused, "{told}");
        assert!(told.message.contains("dns01.rfc2136.tsig"), "{told}");
    }
}

#[tokio::test]
async fn a_name_outside_the_zone_is_refused() {
    let Some(knot) = Knot::start(&["a.test"]).await else { return };
    for zone in [None, Some("a.test")] {
        let dns = client(&knot, zone, Some(Key::SHA256));
        let told = dns.add(&record("x.b.test", "value")).await.unwrap_err();
        assert_eq!(told.fault, Fault::Refused, "{told}");
    }
}

#[tokio::test]
async fn a_server_that_is_nowhere_may_come_back() {
    let nowhere = ([127, 0, 0, 1], 1).into();
    let dns = Rfc2136::new(nowhere, Some("a.test"), None).unwrap();
    let told = dns.add(&record("x.a.test", "value")).await.unwrap_err();
    assert_eq!(told.fault, Fault::Passing, "{told}");
}
