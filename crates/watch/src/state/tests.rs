use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use model::{CertificateId, CertificateSource, ListenerKey, ObjectRef};
use testkit::pki;
use translate::{
    Memory,
    claim::FixedCertificates,
    memory::{ElbPast, ElbTexts, ServedBefore},
};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn certificate() -> (pki::Issued, Arc<model::Certificate>) {
    let issued = pki::TestCa::new("state").leaf(&["a.test"]);
    let read = x509::read_pair(issued.chain_pem.as_bytes(), issued.key_pem.as_bytes())
        .expect("a good pair");
    (issued, Arc::new(read))
}

fn secret<'a>(certificate_pem: &'a str, key_pem: &'a str) -> NewSecret<'a> {
    let labels = BTreeMap::from([("doorward.dev/certificate-id", "756-cn")]);
    NewSecret {
        namespace: "doorward-system",
        name: "cert-756",
        labels,
        annotations: BTreeMap::new(),
        certificate_pem,
        key_pem,
    }
}

#[test]
fn everything_private_is_private_and_the_root_certificate_is_for_people() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("deep/state");
    let state = StateFolder::open(&path).expect("opens");
    state.save_root("certificate", "key").expect("writes");
    state.put_secret(&secret("certificate", "key")).expect("writes");
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("ca/root.key")), 0o600);
    assert_eq!(mode(&path.join("ca/root.crt")), 0o644);
    assert_eq!(mode(&path.join("secrets/doorward-system/cert-756.yaml")), 0o600);
    assert_eq!(
        state.view().load_root().expect("reads"),
        Some(("certificate".into(), "key".into()))
    );
}

#[test]
fn two_doorwards_do_not_share_a_state_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = StateFolder::open(dir.path()).expect("opens");
    let refused = StateFolder::open(dir.path()).expect_err("refused").to_string();
    assert!(refused.contains("another Doorward uses it"), "{refused}");
    drop(first);
    StateFolder::open(dir.path()).expect("opens when the first has ended");
}

#[test]
fn what_a_killed_process_left_half_written_is_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join(".new-a1B2c3"), "half").expect("writes");
    fs::write(dir.path().join("console.yaml"), "{}").expect("writes");
    StateFolder::open(dir.path()).expect("opens");
    assert!(!dir.path().join(".new-a1B2c3").exists());
    assert!(dir.path().join("console.yaml").exists());
}

#[test]
fn a_folder_that_cannot_be_written_says_so_with_the_cure() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    fs::write(&file, "").expect("writes");
    let refused = StateFolder::open(&file.join("state")).expect_err("refused").to_string();
    assert!(refused.contains("--state DIR"), "{refused}");
}

#[test]
fn a_secret_is_written_as_kubernetes_yaml_replaced_and_deleted() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = StateFolder::open(dir.path()).expect("opens");
    state.put_secret(&secret("one", "key")).expect("writes");
    state.put_secret(&secret("two", "key")).expect("replaces");

    let text = fs::read_to_string(dir.path().join("secrets/doorward-system/cert-756.yaml"))
        .expect("reads");
    let value: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
    assert_eq!(value["kind"], "Secret");
    assert_eq!(value["type"], "kubernetes.io/tls");
    assert_eq!(value["metadata"]["labels"]["doorward.dev/certificate-id"], "756-cn");
    assert_eq!(value["data"]["tls.crt"], "dHdv");

    assert!(state.delete_secret("doorward-system", "cert-756").expect("deletes"));
    assert!(!state.delete_secret("doorward-system", "cert-756").expect("nothing there"));
}

#[test]
fn a_name_cannot_lead_out_of_the_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = StateFolder::open(dir.path()).expect("opens");
    for name in ["../../x", "", ".hidden", "a/b", "nul\0"] {
        assert!(matches!(state.delete_secret("ns", name), Err(StateError::BadName(_))), "{name:?}");
    }
}

#[test]
fn what_is_remembered_survives_a_restart_and_held_over_certificates_go_when_no_longer_held() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = StateFolder::open(dir.path()).expect("opens");
    let (_, held) = certificate();
    let id = CertificateId::secret("shop", "tls-a");
    let listener: ListenerKey = "edge-lb:443".parse().expect("a listener");
    let mut memory = Memory::default();
    memory.defaults.insert(listener.clone(), id.clone());
    memory.held_over.insert(id.clone(), held.clone());
    let list = FixedCertificates {
        source: Some(CertificateSource::AlbConfig),
        ids: vec![CertificateId::store("901-cn"), CertificateId::store("756-cn")],
        default: Some(CertificateId::store("756-cn")),
    };
    memory.lists.insert(listener.clone(), list);
    let served =
        |id: &CertificateId| ServedBefore { ids: vec![id.clone()], ..ServedBefore::default() };
    let [on_held, on_own] = ["edge/web/https", "edge/api/https"].map(Arc::<str>::from);
    memory.servers.insert((listener.clone(), on_held.clone()), served(&id));
    let own = CertificateId::secret("shop", "tls-b");
    memory.servers.insert((listener.clone(), on_own), served(&own));
    let service = ObjectRef::namespaced("Service", "shop", "web");
    let first = ElbTexts::from([("class".into(), "union".into())]);
    let good =
        ElbTexts::from([("autocreate".into(), "{\"name\": \"a\",\n \"type\": \"public\"}".into())]);
    memory.elb.insert(service, ElbPast { first, good: Some(Arc::new(good)) });
    let never_good = ObjectRef::namespaced("Ingress", "shop", "web");
    memory.elb.insert(never_good, ElbPast::default());
    state.save_memory(&memory).expect("saves");

    let loaded = state.load_memory().expect("loads");
    assert_eq!(loaded.defaults, memory.defaults);
    assert_eq!(loaded.lists, memory.lists);
    assert_eq!(loaded.elb, memory.elb);
    assert_eq!(loaded.servers, [((listener, on_held), served(&id))].into());
    assert_eq!(loaded.held_over[&id], held);
    assert_eq!(loaded.held_over[&id].key.expose(), held.key.expose());
    let file = fs::read_dir(dir.path().join("held-over"))
        .expect("a folder")
        .next()
        .expect("a file")
        .expect("an entry");
    assert_eq!(mode(&file.path()), 0o600);

    memory.held_over.clear();
    state.save_memory(&memory).expect("saves");
    assert_eq!(fs::read_dir(dir.path().join("held-over")).expect("a folder").count(), 0);
}

#[test]
fn a_state_file_that_cannot_be_read_is_put_aside_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = Arc::new(StateFolder::open(dir.path()).expect("opens"));
    for file in ["memory.yaml", "console.yaml"] {
        fs::write(dir.path().join(file), "{: broken").expect("writes");
    }
    assert_eq!(state.load_memory().expect("goes on"), Memory::default());
    ConsoleStore::open(state).expect("goes on");
    assert!(
        dir.path().join("memory.corrupt").exists() && dir.path().join("console.corrupt").exists()
    );
}

#[test]
fn read_only_modes_and_defaults_survive_a_restart_but_hand_made_additions_do_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = Arc::new(StateFolder::open(dir.path()).expect("opens"));
    let listener: ListenerKey = "edge-lb:443".parse().expect("a listener");
    let id = CertificateId::store("756-cn");

    let console = ConsoleStore::open(state.clone()).expect("opens");
    console.set_read_only("edge-lb", false).expect("saves");
    console.set_default(listener.clone(), id.clone(), 7).expect("saves");
    console.add(listener.clone(), id.clone(), 7).expect("saves");
    console.remove(listener.clone(), id.clone(), 7).expect("saves");
    let now = console.subscribe().borrow().clone();
    assert_eq!(now.added[&listener], [], "what is removed is no longer added");
    assert_eq!(now.removed[&listener].len(), 1);
    assert_eq!(now.defaults[&listener].generation, 7);

    let again = ConsoleStore::open(state).expect("opens").subscribe().borrow().clone();
    assert!(!again.is_read_only("edge-lb") && again.is_read_only("other"));
    assert_eq!(again.defaults[&listener].id, id);
    assert_ne!(again.defaults[&listener].generation, 7);
    assert!(again.added.is_empty() && again.removed.is_empty());
}

#[test]
fn a_change_that_cannot_be_saved_is_not_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = Arc::new(StateFolder::open(&dir.path().join("state")).expect("opens"));
    let console = ConsoleStore::open(state).expect("opens");
    fs::remove_dir_all(dir.path().join("state")).expect("removes");
    let error =
        console.set_read_only("edge-lb", false).expect_err("it cannot be saved").to_string();
    assert!(error.contains("console.yaml"), "{error}");
    assert!(console.subscribe().borrow().is_read_only("edge-lb"));
}

#[test]
fn pages_of_orders_are_private_replaced_and_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = StateFolder::open(dir.path()).expect("opens");
    assert!(state.view().load_orders().expect("reads").is_empty());
    state.save_order("order_shop_web.tls_1", "one").expect("writes");
    state.save_order("order_shop_web.tls_1", "two").expect("replaces");
    state.save_order("budgets", "three").expect("writes");
    assert_eq!(mode(&dir.path().join("orders/budgets.json")), 0o600);

    state.remove_order("budgets").expect("removes");
    state.remove_order("budgets").expect("is gone already");
    let pages = state.view().load_orders().expect("reads");
    assert_eq!(pages, [("order_shop_web.tls_1".to_owned(), "two".to_owned().into())]);
    for name in ["../lock", "", ".new-x", "a/b"] {
        state.save_order(name, "").expect_err("leads out of the folder");
    }
}

#[test]
fn who_only_looks_takes_no_lock_and_leaves_what_is_broken_where_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = dir.path().join("state");
    assert!(StateView::find(&place).is_none());
    assert!(!place.exists(), "looking makes no folder");

    let state = StateFolder::open(&place).expect("opens");
    state.save_order("budgets", "[]").expect("writes");
    state.save_served("[]").expect("writes");
    for file in ["memory.yaml", "console.yaml"] {
        fs::write(place.join(file), "{: broken").expect("writes");
    }
    let view = StateView::find(&place).expect("it is there, and in use");
    let (memory, unreadable) = view.load_memory().expect("goes on");
    assert_eq!(memory, Memory::default());
    assert_eq!(unreadable[0].path, place.join("memory.yaml"));
    let (_, unreadable) = view.load_console().expect("goes on");
    assert_eq!(unreadable.expect("told").path, place.join("console.yaml"));
    assert_eq!(view.load_orders().expect("reads").len(), 1);
    assert_eq!(view.load_served().expect("reads").as_deref(), Some("[]"));
    for file in ["memory.yaml", "console.yaml"] {
        assert_eq!(fs::read_to_string(place.join(file)).expect("still there"), "{: broken");
    }
}
