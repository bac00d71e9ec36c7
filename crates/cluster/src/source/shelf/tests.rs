use serde_json::json;

use super::*;

fn shelf() -> Shelf {
    Shelf::new("doorward-system".into(), None)
}

fn raw(value: Value) -> Raw {
    serde_json::from_value(value).unwrap()
}

fn service(port: u16) -> Raw {
    raw(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "1"},
        "spec": {"ports": [{"port": port}]},
    }))
}

fn stored(name: &str, created: &str) -> Raw {
    raw(json!({
        "metadata": {
            "name": name,
            "namespace": "doorward-system",
            "creationTimestamp": created,
            "labels": {"doorward.dev/certificate-id": "1-cn-hangzhou"},
        },
    }))
}

fn world(shelf: &Shelf) -> World {
    shelf.world(&World::default(), std::iter::empty())
}

#[test]
fn an_equal_object_is_no_news() {
    let mut shelf = shelf();
    let key = shelf.put(Kind::Service, 0, service(80)).unwrap();
    assert!(shelf.take_news().objects);
    let before = shelf.objects().services[&key].clone();
    shelf.put(Kind::Service, 0, service(80));
    assert!(!shelf.has_news());
    assert!(Arc::ptr_eq(&before, &shelf.objects().services[&key]));
    shelf.put(Kind::Service, 0, service(81));
    assert_eq!(shelf.take_news(), News { objects: true, naming: false, live: true });
}

#[test]
fn what_another_watch_has_brought_since_is_not_removed() {
    let mut shelf = shelf();
    let key = shelf.put(Kind::Service, 0, service(80)).unwrap();
    shelf.put(Kind::Service, 1, service(80));
    assert!(!shelf.remove(Kind::Service, 0, &key));
    assert_eq!(shelf.keep(0, |_| false), []);
    assert_eq!(shelf.keep(1, |_| false), [key]);
    assert_eq!(shelf.objects().services.len(), 0);
}

#[test]
fn replicas_agree_on_which_of_two_secrets_has_an_id() {
    let old = ["2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"];
    for (order, owner) in
        [([("a", old[1]), ("b", old[0])], "b"), ([("b", old[0]), ("a", old[0])], "a")]
    {
        let mut shelf = shelf();
        for (name, created) in order {
            shelf.put(Kind::Secret, 0, stored(name, created));
        }
        let world = world(&shelf);
        let owns = world.secrets.iter().filter(|(_, secret)| secret.body.store_id.is_some());
        let owners: Vec<_> = owns.map(|(key, _)| &*key.name).collect();
        assert_eq!(owners, [owner]);
        let [fault] = world.faults.as_slice() else { panic!("one fault: {:?}", world.faults) };
        assert_ne!(&*fault.object.name, owner);
    }
}

#[test]
fn an_object_without_a_name_is_nobodys_fault() {
    let mut shelf = shelf();
    assert_eq!(shelf.put(Kind::Service, 0, raw(json!({"spec": {}}))), None);
    assert_eq!(shelf.put(Kind::Service, 0, raw(json!("garbage"))), None);
    assert!(!shelf.has_news());
}
