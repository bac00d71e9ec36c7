use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::pki::TestCa;
use translate::world::Key;
use watch::read::Kind;

use super::{
    super::{
        follow::Notice,
        tests::scene::{ingress, opaque, options},
        trouble::Trouble,
    },
    *,
};

/// An account in which an Ingress names the Secret `shop/named`, every list but that of names is
/// complete, and that one has begun. With the number of the watch of names.
fn listing_names() -> (Gather, usize, Instant) {
    let (mut gather, now) = (Gather::new(&options()), Instant::now());
    for (number, watch) in gather.whole() {
        gather.notice(number, Notice::Object(Event::Init), now);
        if watch.kind == Kind::Ingress {
            let web = read(ingress("web", "named"));
            gather.notice(number, Notice::Object(Event::InitApply(web)), now);
        }
        gather.notice(number, Notice::Object(Event::InitDone), now);
    }
    let (names, _) = gather.names()[0];
    gather.notice(names, Notice::Name(Event::Init), now);
    (gather, names, now)
}

fn read<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

fn key() -> Key {
    Key::new("shop", "named")
}

fn named(version: &str) -> Value {
    let mut secret = opaque("named", &TestCa::new("root").leaf(&["a.test"]));
    secret["metadata"]["resourceVersion"] = json!(version);
    secret
}

fn failure(code: u16) -> kube::Error {
    kube::Error::Api(kube::core::Status::failure("no", "No").with_code(code).boxed())
}

/// The next World, once changes have settled, and before anything is tried again.
fn world(gather: &mut Gather, now: Instant) -> Option<Arc<World>> {
    gather.publish(now + Duration::from_millis(30)).world
}

#[test]
fn a_secret_that_is_fetched_before_the_list_of_names_ends_stays() {
    let (mut gather, names, now) = listing_names();
    gather.notice(names, Notice::Name(Event::InitApply(read(named("1")))), now);
    assert_eq!(gather.next_fetch(), Some(key()));
    // The next page takes longer than the Secret.
    gather.fetched(&key(), Ok(Some(read(named("1")))), now);
    gather.notice(names, Notice::Name(Event::InitDone), now);
    assert!(world(&mut gather, now).unwrap().secrets.contains_key(&key()));

    // Asked for before a new list, it may be deleted by now: it is asked for once more.
    gather.notice(names, Notice::Name(Event::Apply(read(named("2")))), now);
    assert_eq!(gather.next_fetch(), Some(key()));
    gather.notice(names, Notice::Name(Event::Init), now);
    gather.fetched(&key(), Ok(Some(read(named("2")))), now);
    gather.notice(names, Notice::Name(Event::InitDone), now);
    assert_eq!(gather.next_fetch(), Some(key()));
    gather.fetched(&key(), Ok(None), now);
    assert!(!world(&mut gather, now).unwrap().secrets.contains_key(&key()));
}

#[test]
fn the_first_world_waits_for_a_secret_that_could_not_be_had_at_once() {
    let (mut gather, names, now) = listing_names();
    gather.notice(names, Notice::Name(Event::InitApply(read(named("1")))), now);
    gather.notice(names, Notice::Name(Event::InitDone), now);
    assert_eq!(gather.next_fetch(), Some(key()));
    gather.fetched(&key(), Err(failure(500)), now);
    assert!(world(&mut gather, now).is_none(), "no World has the Ingress without its Secret");

    let again = gather.due().unwrap();
    assert!(again < now + FIRST_HOLD);
    assert!(gather.publish(again).world.is_none());
    assert_eq!(gather.next_fetch(), Some(key()));
    gather.fetched(&key(), Ok(Some(read(named("1")))), again);
    assert!(world(&mut gather, again).unwrap().secrets.contains_key(&key()));
}

#[test]
fn the_first_world_waits_no_longer_than_it_must() {
    let (mut gather, names, now) = listing_names();
    gather.notice(names, Notice::Name(Event::InitApply(read(named("1")))), now);
    gather.notice(names, Notice::Name(Event::InitDone), now);
    gather.next_fetch();
    gather.fetched(&key(), Err(failure(403)), now);
    let refused = world(&mut gather, now).expect("what RBAC refuses is not waited for");
    assert_eq!(refused.faults.len(), 1);

    let (mut gather, names, now) = listing_names();
    gather.notice(names, Notice::Name(Event::InitApply(read(named("1")))), now);
    gather.notice(names, Notice::Name(Event::InitDone), now);
    gather.next_fetch();
    gather.fetched(&key(), Err(failure(500)), now);
    assert!(world(&mut gather, now).is_none());
    assert!(world(&mut gather, now + FIRST_HOLD + HOLD).is_some());
}

#[test]
fn a_kind_is_given_up_when_it_is_refused_twice() {
    let (mut gather, now) = (Gather::new(&options()), Instant::now());
    for (number, _) in gather.whole().into_iter().skip(1) {
        gather.notice(number, Notice::Object(Event::Init), now);
        gather.notice(number, Notice::Object(Event::InitDone), now);
    }
    let denied = || Trouble::Denied { verb: "list", says: "no".into() };
    gather.notice(0, Notice::Trouble(denied()), now);
    assert!(gather.names().is_empty(), "an API server that starts may not know its rules yet");
    gather.notice(0, Notice::Trouble(denied()), now);
    let (names, _) = gather.names()[0];
    gather.notice(names, Notice::Name(Event::Init), now);
    gather.notice(names, Notice::Name(Event::InitDone), now);
    assert_eq!(world(&mut gather, now).unwrap().faults.len(), 1);
}
