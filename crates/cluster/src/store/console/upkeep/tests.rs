use jiff::Timestamp;
use k8s_openapi::api::{core::v1::Endpoints, core::v1::Service};
use model::ObjectRef;
use translate::world::{Key, Object};

use super::{super::standing, *};

fn object<T: Default>(kind: &str) -> Arc<Object<T>> {
    Arc::new(Object {
        reference: ObjectRef::namespaced(kind, "shop", "web"),
        origin: None,
        created: Timestamp::UNIX_EPOCH,
        sequence: 0,
        body: T::default(),
    })
}

fn edited() -> Console {
    let listener: ListenerKey = "edge-lb:443".parse().expect("a listener");
    let id = CertificateId::store;
    Console {
        added: [(listener.clone(), vec![standing(&id("a"))])].into(),
        removed: [(listener.clone(), vec![standing(&id("b"))])].into(),
        defaults: [(listener, standing(&id("c")))].into(),
        ..Console::default()
    }
}

fn world(console: &Console, generation: u64) -> World {
    World { console: console.clone(), generation, ..World::default() }
}

fn with_service(world: World) -> World {
    let key = Key::new("shop", "web");
    World { services: [(key, object::<Service>("Service"))].into(), ..world }
}

#[test]
fn edits_stand_until_an_object_that_people_write_differs() {
    let mut upkeep = Upkeep::default();
    let console = edited();
    let first = Arc::new(world(&console, 1));
    assert_eq!(upkeep.outlived(&first), []);
    assert_eq!(upkeep.outlived(&first), []);

    let mut pods = world(&console, 2);
    pods.endpoints.insert(Key::new("shop", "web"), object::<Endpoints>("Endpoints"));
    assert_eq!(upkeep.outlived(&Arc::new(pods)), [], "pods come and go");

    let changed = Arc::new(with_service(world(&console, 3)));
    assert_eq!(upkeep.outlived(&changed).len(), 3);
    assert_eq!(upkeep.outlived(&changed).len(), 3, "until they are taken out");

    let mut after = console.clone();
    take_out(&mut after, &upkeep.outlived(&changed));
    assert!(after.added.values().chain(after.removed.values()).all(Vec::is_empty));
    let default = after.defaults.values().next().expect("the Default is kept");
    assert!(!default.is_fresh(3), "but only while it is wanted");
    let done = World { console: after, ..(*changed).clone() };
    assert_eq!(upkeep.outlived(&Arc::new(done)), []);
}

#[test]
fn an_edit_made_after_the_change_stands() {
    let mut upkeep = Upkeep::default();
    let before = with_service(world(&Console::default(), 1));
    upkeep.outlived(&Arc::new(before.clone()));
    let after = World { console: edited(), generation: 2, ..before };
    assert_eq!(upkeep.outlived(&Arc::new(after.clone())), []);

    let mut one_more = after.clone();
    let listener: ListenerKey = "edge-lb:8443".parse().expect("a listener");
    one_more.console.added.insert(listener.clone(), vec![standing(&CertificateId::store("d"))]);
    one_more.services.clear();
    one_more.generation = 3;
    let outlived = upkeep.outlived(&Arc::new(one_more));
    assert_eq!(outlived.len(), 3);
    let is_new = |edit: &Edit| matches!(edit, Edit::Added(of, _) if *of == listener);
    assert!(!outlived.iter().any(is_new), "it came with the change: {outlived:?}");
}

#[test]
fn a_default_that_was_chosen_again_meanwhile_stays_fresh() {
    let mut console = edited();
    let listener: ListenerKey = "edge-lb:443".parse().expect("a listener");
    let outlived = [Edit::Default(listener.clone(), CertificateId::store("former"))];
    take_out(&mut console, &outlived);
    assert!(console.defaults[&listener].is_fresh(1));
}
