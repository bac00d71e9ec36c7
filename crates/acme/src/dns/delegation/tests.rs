//! Against a real server, Knot.

use issue::Fault;
use testkit::knot::Knot;

use super::*;

#[tokio::test]
async fn cnames_are_followed_to_their_end_and_a_wildcard_is_none() {
    let records = "_acme-challenge CNAME one.b.test.\n\
                   _acme-challenge.round CNAME _acme-challenge.round\n\
                   *.hosts CNAME lb.b.test.\n\
                   _acme-challenge.own.hosts CNAME own.b.test.\n";
    let targets = "one CNAME Two\n";
    let Some(knot) = Knot::holding(&[("a.test", records), ("b.test", targets)]).await else {
        return;
    };
    let found = async |host: &str| target(knot.address(), &format!("_acme-challenge.{host}")).await;
    assert_eq!(found("a.test").await.unwrap().as_deref(), Some("two.b.test"));
    assert_eq!(found("www.a.test").await.unwrap(), None);
    assert_eq!(found("www.hosts.a.test").await.unwrap(), None);
    assert_eq!(found("own.hosts.a.test").await.unwrap().as_deref(), Some("own.b.test"));
    let told = found("round.a.test").await.unwrap_err();
    assert_eq!(told.fault, Fault::Refused, "{told}");
}
