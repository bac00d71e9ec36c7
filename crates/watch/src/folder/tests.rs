use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use model::State;
use proptest::prelude::*;
use tempfile::TempDir;
use testkit::{manifest, pki::TestCa};
use translate::world::{Key, Objects};

use super::*;

/// A folder of manifests and its source.
struct Home {
    path: TempDir,
    folder: Folder,
}

impl Home {
    fn with(files: &[(&str, &str)]) -> Self {
        let path = tempfile::tempdir().unwrap();
        let folder = folder_of(&[path.path()]);
        let home = Self { path, folder };
        files.iter().for_each(|(name, text)| home.write(name, text));
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&mut self) -> World {
        self.folder.load()
    }
}

fn folder_of(roots: &[&Path]) -> Folder {
    Folder::new(FolderOptions {
        roots: roots.iter().map(|&root| root.to_owned()).collect(),
        state: None,
        store_namespace: "doorward-system".into(),
    })
}

fn service(name: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{}}\n")
}

fn service_on(name: &str, port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  ports:\n  - port: {port}\n"
    )
}

fn names<T>(objects: &Objects<T>) -> Vec<&str> {
    objects.keys().map(|key| &*key.name).collect()
}

fn port(world: &World, name: &str) -> i32 {
    let service = &world.services[&Key::new("default", name)].body;
    service.spec.as_ref().unwrap().ports.as_ref().unwrap()[0].port
}

/// The only fault.
#[track_caller]
fn fault(world: &World) -> &Verdict {
    match world.faults.as_slice() {
        [fault] => fault,
        faults => panic!("one fault was expected: {faults:#?}"),
    }
}

#[track_caller]
fn assert_says(verdict: &Verdict, parts: &[&str]) {
    for part in parts {
        assert!(verdict.message.contains(part), "{:?} does not say {part:?}", verdict.message);
    }
    assert!(!verdict.message.contains('\n'), "{:?} is more than one line", verdict.message);
}

#[test]
fn files_of_any_depth_with_any_number_of_documents_are_read() {
    let mut home = Home::with(&[
        ("a.yaml", &format!("{}---\n{}", service("a"), service("b"))),
        ("deep/er/c.yml", &service("c")),
        ("d.json", r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "d"}}"#),
        ("readme.md", "no: [manifest"),
        ("empty.yaml", "# nothing yet\n---\n"),
    ]);
    let world = home.load();
    assert_eq!(names(&world.services), ["a", "b", "c", "d"]);
    assert_eq!(world.faults, []);
}

#[test]
fn lists_hold_objects_as_kubectl_prints_them() {
    let mut home = Home::with(&[
        (
            "list.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n\
             - apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: m}\n",
        ),
        (
            "typed.json",
            r#"{"apiVersion": "v1", "kind": "ServiceList", "items": [{"metadata": {"name": "b"}}]}"#,
        ),
        ("none.yaml", "apiVersion: v1\nkind: List\nitems:\n"),
    ]);
    let world = home.load();
    assert_eq!(names(&world.services), ["a", "b"]);
    assert_eq!(world.faults, []);
}

#[test]
fn every_kind_of_the_dialects_is_read() {
    let world = parse_documents(
        b"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: shop}\n---\n\
          apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: b, namespace: shop}\n---\n\
          apiVersion: alibabacloud.com/v1\nkind: AlbConfig\nmetadata: {name: c}\nspec: {Config: {}}\n---\n\
          apiVersion: v1\nkind: Endpoints\nmetadata: {name: d}\n---\n\
          apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: e}\naddressType: IPv4\nendpoints: []\n---\n\
          apiVersion: v1\nkind: Secret\nmetadata: {name: f}\n",
    );
    assert_eq!(world.faults, []);
    assert!(world.ingresses.contains_key(&Key::new("shop", "a")));
    let class = &world.ingress_classes[&Key::new("", "b")];
    assert_eq!(class.reference.to_string(), "IngressClass b");
    assert_eq!(world.alb_configs[&Key::new("", "c")].body["spec"]["Config"], serde_json::json!({}));
    assert!(world.endpoints.contains_key(&Key::new("default", "d")));
    assert!(world.endpoint_slices.contains_key(&Key::new("default", "e")));
    assert!(world.secrets.contains_key(&Key::new("default", "f")));
}

#[test]
fn objects_know_their_file_and_line() {
    let mut home =
        Home::with(&[("a.yaml", &format!("# head\n{}---\n\n{}", service("a"), service("b")))]);
    let world = home.load();
    let line = |name| world.services[&Key::new("default", name)].origin.clone().unwrap();
    assert_eq!(line("a"), Origin { file: Arc::new(home.path("a.yaml")), line: 2 });
    assert_eq!(line("b").line, 8);
}

#[test]
fn hidden_names_and_the_settings_file_are_no_manifests() {
    let mut home = Home::with(&[
        (".git/a.yaml", &service("a")),
        (".#b.yaml", &service("b")),
        ("doorward.yaml", "storeNamespace: x\n"),
    ]);
    let world = home.load();
    assert_eq!((names(&world.services), world.faults), (vec![], vec![]));
}

#[test]
fn a_mounted_config_map_is_read_once_and_follows_its_swap() {
    let mut home =
        Home::with(&[("..1/a.yaml", &service_on("a", "1")), ("..2/a.yaml", &service_on("a", "2"))]);
    symlink("..1", home.path("..data")).unwrap();
    symlink("..data/a.yaml", home.path("a.yaml")).unwrap();
    let world = home.load();
    assert_eq!((port(&world, "a"), world.faults), (1, vec![]));
    symlink("..2", home.path("..data_tmp")).unwrap();
    fs::rename(home.path("..data_tmp"), home.path("..data")).unwrap();
    assert_eq!(port(&home.load(), "a"), 2);
}

#[test]
fn links_in_a_circle_and_roots_that_overlap_read_a_file_once() {
    let home = Home::with(&[("deep/a.yaml", &service("a"))]);
    symlink("..", home.path("deep/up")).unwrap();
    let world = folder_of(&[home.path.path(), &home.path("deep")]).load();
    assert_eq!((names(&world.services), world.faults), (vec!["a"], vec![]));
}

#[test]
fn a_root_may_be_a_single_file() {
    let home = Home::with(&[("a.yaml", &service("a")), ("b.txt", &service("b"))]);
    let world = folder_of(&[&home.path("b.txt")]).load();
    assert_eq!(names(&world.services), ["b"]);
}

#[test]
fn what_did_not_change_keeps_its_pointer() {
    let mut home = Home::with(&[
        ("a.yaml", &format!("{}---\n{}", service_on("a", "1"), service_on("b", "1"))),
        ("c.yaml", &service("c")),
        (
            "list.yaml",
            "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: d}}\n",
        ),
    ]);
    let before = home.load();
    home.write("a.yaml", &format!("{}---\n{}", service_on("a", "1"), service_on("b", "2")));
    home.write("c.yaml", &(service("c") + "# a comment\n"));
    home.write(
        "list.yaml",
        "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: d}}\n\
         - {apiVersion: v1, kind: Service, metadata: {name: e}}\n",
    );
    let after = home.load();
    let same = |name| {
        let key = Key::new("default", name);
        Arc::ptr_eq(&before.services[&key], &after.services[&key])
    };
    assert!(same("a") && same("c") && same("d"));
    assert!(!same("b"));
    assert_eq!(port(&after, "b"), 2);
}

#[test]
fn an_object_that_moved_says_its_new_line() {
    let mut home = Home::with(&[("a.yaml", &service("a"))]);
    home.load();
    home.write("a.yaml", &format!("# one\n# two\n{}", service("a")));
    let world = home.load();
    assert_eq!(world.services[&Key::new("default", "a")].origin.as_ref().unwrap().line, 3);
}

#[test]
fn the_generation_grows_with_objects_only() {
    let mut home = Home::with(&[("a.yaml", &service("a"))]);
    assert_eq!(home.load().generation, 1);
    assert_eq!(home.load().generation, 1);
    home.write("a.yaml", &(service("a") + "# touched\n"));
    assert_eq!(home.load().generation, 1);
    home.write("broken.yaml", "a: [");
    assert_eq!(home.load().generation, 1);
    home.write("b.yaml", &service("b"));
    assert_eq!(home.load().generation, 2);
    fs::remove_file(home.path("b.yaml")).unwrap();
    assert_eq!(home.load().generation, 3);
}

#[test]
fn broken_yaml_has_a_verdict_with_file_line_and_column() {
    let text = format!("{}---\nkind: [\na: b\n---\n{}", service("a"), service("c"));
    let mut home = Home::with(&[("mixed.yaml", &text), ("other.yaml", &service("d"))]);
    let world = home.load();
    assert_eq!(names(&world.services), ["a", "c", "d"]);
    let verdict = fault(&world);
    let path = home.path("mixed.yaml").display().to_string();
    assert_eq!((verdict.state, verdict.reason), (State::Rejected, Reason::InvalidFile));
    assert_eq!(verdict.object.to_string(), format!("File {path}"));
    assert_eq!(verdict.origin.as_ref().unwrap().to_string(), format!("{path}:6"));
    assert_says(verdict, &["line 6, column 7: unclosed bracket"]);
    assert!(!verdict.message.contains("before"), "there was nothing before");
}

#[test]
fn a_file_that_breaks_keeps_all_its_last_good_objects() {
    for broken in ["a: [", "a: 1\na: 2\n", "\u{0}"] {
        let text = format!("{}---\n{}", service_on("a", "1"), service("b"));
        let mut home = Home::with(&[("a.yaml", &text), ("c.yaml", &service("c"))]);
        home.load();
        home.write("a.yaml", &format!("{}---\n{broken}", service_on("a", "2")));
        let world = home.load();
        assert_eq!((names(&world.services), port(&world, "a")), (vec!["a", "b", "c"], 1));
        assert_eq!(fault(&world).reason, Reason::InvalidFile);
        assert_says(fault(&world), &["; what the file held before stays"]);
        home.write("a.yaml", &service_on("a", "3"));
        let world = home.load();
        assert_eq!((names(&world.services), port(&world, "a")), (vec!["a", "c"], 3));
        assert_eq!(world.faults, []);
    }
}

#[test]
fn broken_json_has_its_place_too() {
    let mut home = Home::with(&[("a.json", "{\"a\": 1,\n \"a\": 2}")]);
    assert_says(fault(&home.load()), &["line 2, column", "key \"a\" stands twice"]);
}

#[test]
fn an_object_of_a_wrong_type_keeps_its_last_good_state_and_the_file_goes_on() {
    let both = |port: &str, other: &str| {
        format!("{}---\n{}", service_on("a", port), service_on("b", other))
    };
    let mut home = Home::with(&[("a.yaml", &both("1", "1"))]);
    let before = home.load();
    home.write("a.yaml", &both("eighty", "2"));
    let world = home.load();
    let key = Key::new("default", "a");
    assert!(Arc::ptr_eq(&before.services[&key], &world.services[&key]));
    assert_eq!(port(&world, "b"), 2);
    let verdict = fault(&world);
    assert_eq!(verdict.object.to_string(), "Service default/a");
    assert_eq!((verdict.state, verdict.reason), (State::Rejected, Reason::InvalidField));
    assert_eq!(verdict.field.as_deref(), Some("spec.ports[0].port"));
    assert_says(verdict, &["spec.ports[0].port: ", "eighty", "; what it said before stays"]);
    // It stays for as long as it is wrong, whatever else changes.
    home.write("a.yaml", &both("eighty", "3"));
    let world = home.load();
    assert!(Arc::ptr_eq(&before.services[&key], &world.services[&key]));
    assert_eq!(home.load().services.len(), 2);
}

#[test]
fn a_wrong_type_at_first_sight_loses_only_that_object() {
    let text = format!("{}---\n{}", service_on("a", "eighty"), service("b"));
    let mut home = Home::with(&[("a.yaml", &text)]);
    let world = home.load();
    assert_eq!(names(&world.services), ["b"]);
    assert_eq!(fault(&world).reason, Reason::InvalidField);
    assert!(!fault(&world).message.contains("before"), "there was nothing before");
}

#[test]
fn a_quoted_number_is_no_number() {
    let world = parse_documents(service_on("a", "\"80\"").as_bytes());
    assert_eq!(fault(&world).field.as_deref(), Some("spec.ports[0].port"));
}

#[test]
fn of_two_objects_with_one_name_the_first_file_stands() {
    let mut home =
        Home::with(&[("a.yaml", &service_on("x", "1")), ("b.yaml", &service_on("x", "2"))]);
    let world = home.load();
    assert_eq!(port(&world, "x"), 1);
    let verdict = fault(&world);
    assert_eq!((verdict.state, verdict.reason), (State::Rejected, Reason::DuplicateObject));
    assert_eq!(verdict.origin.as_ref().unwrap().file.as_ref(), &home.path("b.yaml"));
    assert_says(verdict, &[&home.path("a.yaml").display().to_string(), "stands: remove one"]);
    fs::remove_file(home.path("a.yaml")).unwrap();
    let world = home.load();
    assert_eq!((port(&world, "x"), world.faults), (2, vec![]));
}

#[test]
fn an_object_written_twice_in_one_file_is_told_of_each_time() {
    let twice = format!("{}---\n{}", service("a"), service("a"));
    let list = "apiVersion: v1\nkind: ServiceList\nitems: [{metadata: {name: b}}, {metadata: {name: b}}]\n";
    let mut home = Home::with(&[("a.yaml", &twice), ("b.yaml", list)]);
    let before = home.load();
    home.write("a.yaml", &format!("{twice}# touched\n"));
    home.write("b.yaml", &format!("{list}# touched\n"));
    let after = home.load();
    assert_eq!(before.faults.len(), 2);
    assert_eq!((before.faults, before.generation), (after.faults, after.generation));
}

#[test]
fn unknown_kinds_are_warned_of_and_common_ones_are_not() {
    let world = parse_documents(
        b"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n\
          apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\n\
          apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: shop}\n",
    );
    let verdict = fault(&world);
    assert_eq!(verdict.object.to_string(), "Gateway shop/g");
    assert_eq!((verdict.state, verdict.reason), (State::Warning, Reason::UnknownKind));

    let world =
        parse_documents(b"apiVersion: networking.k8s.io/v1\nkind: Ingres\nmetadata: {name: a}\n");
    assert_says(fault(&world), &["did you mean Ingress?"]);
}

#[test]
fn another_version_of_a_known_kind_names_the_right_one() {
    let world = parse_documents(
        b"apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: a}\n",
    );
    let verdict = fault(&world);
    assert_eq!((verdict.state, verdict.field.as_deref()), (State::Rejected, Some("apiVersion")));
    assert_says(
        verdict,
        &["networking.k8s.io/v1beta1 is not read", "write apiVersion: networking.k8s.io/v1"],
    );
}

#[test]
fn what_is_no_object_is_said_to_be_none() {
    for (text, says) in [
        ("just text\n", "is no object"),
        ("- 1\n", "is no object"),
        ("metadata: {name: a}\n", "no apiVersion or no kind"),
        ("apiVersion: v1\nkind: Secret\n", "a Secret without a name"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: 12}\n", "a Secret without a name"),
        ("apiVersion: v1\nkind: List\nitems: 1\n", "`items` is no list"),
        ("apiVersion: v1\nkind: List\nitems: [1]\n", "an item that is no object"),
    ] {
        let world = parse_documents(text.as_bytes());
        assert_eq!(fault(&world).reason, Reason::UnknownKind);
        assert_says(fault(&world), &["the document at line 1", says]);
    }
}

#[test]
fn a_field_that_no_type_has_is_warned_of() {
    let world = parse_documents(
        b"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\n\
          spec:\n  tls:\n  - hosts: [a.test]\n    secretname: web\n",
    );
    assert_eq!(world.ingresses.len(), 1);
    let verdict = fault(&world);
    assert_eq!((verdict.state, verdict.reason), (State::Warning, Reason::UnknownKey));
    assert_eq!(verdict.field.as_deref(), Some("spec.tls[0].secretname"));
}

#[test]
fn what_only_servers_write_is_dropped() {
    let text = |noise: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  managedFields: [{{manager: {noise}}}]\n  \
             annotations:\n    kubectl.kubernetes.io/last-applied-configuration: {noise}\n    own: x\n"
        )
    };
    let mut home = Home::with(&[("a.yaml", &text("one"))]);
    let before = home.load();
    let key = Key::new("default", "a");
    let annotations = before.services[&key].body.metadata.annotations.as_ref().unwrap();
    assert_eq!(annotations.keys().collect::<Vec<_>>(), ["own"]);
    home.write("a.yaml", &text("two"));
    assert!(Arc::ptr_eq(&before.services[&key], &home.load().services[&key]));
}

#[test]
fn a_file_that_goes_takes_its_objects_with_it() {
    let mut home = Home::with(&[("a.yaml", &service("a")), ("deep/b.yaml", &service("b"))]);
    home.load();
    fs::remove_file(home.path("a.yaml")).unwrap();
    assert_eq!(names(&home.load().services), ["b"]);
    fs::remove_dir_all(home.path("deep")).unwrap();
    assert_eq!(names(&home.load().services), [""; 0]);
}

#[test]
fn a_root_that_vanishes_keeps_its_objects_until_it_returns() {
    let home = Home::with(&[("root/a.yaml", &service("a"))]);
    let mut folder = folder_of(&[&home.path("root")]);
    folder.load();
    fs::remove_dir_all(home.path("root")).unwrap();
    let world = folder.load();
    assert_eq!(names(&world.services), ["a"]);
    assert_says(fault(&world), &["root cannot be read", "what it held before stays"]);
    home.write("root/b.yaml", &service("b"));
    let world = folder.load();
    assert_eq!((names(&world.services), world.faults), (vec!["b"], vec![]));
}

#[test]
fn a_root_that_never_was_has_a_verdict() {
    let world = folder_of(&[Path::new("/nowhere/at/all")]).load();
    assert_eq!(fault(&world).object.to_string(), "File /nowhere/at/all");
}

#[test]
fn what_cannot_be_read_keeps_what_it_held() {
    let mut home = Home::with(&[("a.yaml", &service("a")), ("b.yaml", &service("b"))]);
    home.load();
    fs::remove_file(home.path("a.yaml")).unwrap();
    symlink("nowhere", home.path("a.yaml")).unwrap();
    let world = home.load();
    assert_eq!(names(&world.services), ["a", "b"]);
    assert_eq!(fault(&world).reason, Reason::InvalidFile);
    assert_says(fault(&world), &["a.yaml cannot be read"]);
}

#[test]
fn a_file_without_permission_is_told_of() {
    let mut home = Home::with(&[("a.yaml", &service("a"))]);
    fs::set_permissions(home.path("a.yaml"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(home.path("a.yaml")).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    assert_says(fault(&home.load()), &["Permission denied"]);
}

#[test]
fn a_pipe_is_not_waited_for() {
    let mut home = Home::with(&[]);
    let made = std::process::Command::new("mkfifo").arg(home.path("a.yaml")).status();
    assert!(made.unwrap().success());
    assert_says(fault(&home.load()), &["no regular file"]);
}

#[test]
fn first_seen_comes_first_and_a_stated_time_counts() {
    let stated = "apiVersion: v1\nkind: Service\nmetadata: {name: c, creationTimestamp: \"2020-01-02T03:04:05Z\"}\n";
    let mut home = Home::with(&[("b.yaml", &service("b")), ("c.yaml", stated)]);
    let before = home.load();
    home.write("a.yaml", &service("a"));
    home.write("b.yaml", &service_on("b", "2"));
    let after = home.load();
    let object = |world: &World, name| world.services[&Key::new("default", name)].clone();
    assert_eq!(object(&after, "b").sequence, object(&before, "b").sequence);
    assert_eq!(object(&after, "b").created, object(&before, "b").created);
    assert!(object(&after, "b").sequence < object(&after, "c").sequence);
    assert!(object(&after, "c").sequence < object(&after, "a").sequence);
    assert!(object(&after, "b").created <= object(&after, "a").created);
    assert_eq!(object(&after, "c").created.to_string(), "2020-01-02T03:04:05Z");
}

#[test]
fn the_id_of_the_store_counts_only_in_its_namespace() {
    let pair = TestCa::new("root").leaf(&["a.test"]);
    let text = manifest::store_secret("doorward-system", "756-cn-hangzhou", &pair)
        + "---\n"
        + &manifest::store_secret("shop", "elsewhere", &pair);
    let world = parse_documents(text.as_bytes());
    let id = |namespace, name| world.secrets[&Key::new(namespace, name)].body.store_id.clone();
    let own = id("doorward-system", "756-cn-hangzhou").unwrap();
    assert_eq!(own.as_str(), "756-cn-hangzhou");
    assert_eq!(id("shop", "elsewhere"), None);
    let verdict = fault(&world);
    assert_eq!((verdict.state, verdict.reason), (State::Warning, Reason::NotHonoured));
    assert_says(verdict, &["only in the store namespace doorward-system"]);
}

#[test]
fn of_two_secrets_with_one_id_the_first_has_it() {
    let pair = TestCa::new("root").leaf(&["a.test"]);
    let secret = |name: &str| {
        manifest::store_secret("doorward-system", "one-id", &pair)
            .replace("name: \"one-id\"", &format!("name: {name}"))
    };
    let mut home = Home::with(&[("1.yaml", &secret("z")), ("2.yaml", &secret("a"))]);
    let world = home.load();
    let object = |world: &World, name| world.secrets[&Key::new("doorward-system", name)].clone();
    assert!(object(&world, "z").body.store_id.is_some());
    assert!(object(&world, "a").body.store_id.is_none());
    let verdict = fault(&world);
    assert_eq!((verdict.state, verdict.reason), (State::Rejected, Reason::DuplicateObject));
    assert_says(verdict, &["id one-id", "belongs to Secret doorward-system/z already"]);
    let again = home.load();
    assert_eq!(again.generation, world.generation);
    assert!(Arc::ptr_eq(&object(&world, "a"), &object(&again, "a")));
}

#[test]
fn secrets_of_one_issuer_share_its_chain() {
    let ca = TestCa::new("root").intermediate("middle");
    let mut home = Home::with(&[
        ("a.yaml", &manifest::tls_secret("shop", "a", &ca.leaf(&["a.test"]))),
        ("b.yaml", &manifest::tls_secret("shop", "b", &ca.leaf(&["b.test"]))),
    ]);
    let world = home.load();
    let chain =
        |name| world.secrets[&Key::new("shop", name)].body.pair.as_ref().unwrap().issuers.clone();
    assert!(Arc::ptr_eq(&chain("a"), &chain("b")));
}

#[test]
fn a_large_file_is_read_by_all_hands_in_its_own_order() {
    let documents: Vec<_> = (0..20_000).map(|index| service(&format!("s{index}"))).collect();
    let text = documents.join("---\n");
    assert!(text.len() > 1 << 20);
    let mut home = Home::with(&[("large.yaml", &text)]);
    let world = home.load();
    assert_eq!((world.services.len(), world.faults.len()), (20_000, 0));
    for index in [0usize, 1, 33, 12_345, 19_999] {
        let object = &world.services[&Key::new("default", &format!("s{index}"))];
        assert_eq!(object.sequence, index as u64 + 1);
        assert_eq!(object.origin.as_ref().unwrap().line, index as u32 * 5 + 1);
    }
}

#[test]
fn the_state_folder_is_read_last_and_only_its_secrets() {
    let home = Home::with(&[]);
    let ca = TestCa::new("root");
    let state = crate::state::StateFolder::open(&home.path("state")).unwrap();
    let pair = ca.leaf(&["issued.test"]);
    for name in ["own", "both"] {
        state
            .put_secret(&crate::state::NewSecret {
                namespace: "shop",
                name,
                labels: BTreeMap::from([(ISSUED_BY, "local")]),
                annotations: BTreeMap::from([(ISSUED_AS, "arn:one")]),
                certificate_pem: &pair.chain_pem,
                key_pem: &pair.key_pem,
            })
            .unwrap();
    }
    home.write("user.yaml", &manifest::tls_secret("shop", "both", &ca.leaf(&["user.test"])));
    let mut folder = Folder::new(FolderOptions {
        roots: vec![home.path.path().to_owned()],
        state: Some(state.view().clone()),
        store_namespace: "doorward-system".into(),
    });
    let world = folder.load();
    let secret = |name| &world.secrets[&Key::new("shop", name)].body;
    assert_eq!(secret("own").issued_by.as_deref(), Some("local"));
    assert_eq!(secret("own").issued_as.as_deref(), Some("arn:one"));
    assert!(secret("own").pair.is_ok());
    assert_eq!(secret("both").issued_by, None, "what the user wrote stands");
    assert_eq!(fault(&world).reason, Reason::DuplicateObject);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered_without_a_panic(text in any::<Vec<u8>>()) {
        parse_documents(&text);
    }

    /// Text near to what is expected goes deeper than noise.
    #[test]
    fn any_lines_are_answered_without_a_panic(lines in prop::collection::vec(
        "(apiVersion: v1|kind: (Secret|List|ServiceList|Service)|metadata: (\\{name: a\\}|1|\\[\\])|\
          items: (1|\\[\\{\\}\\])|(data|stringData): (1|\\{tls.crt: \"\"\\}|\\{tls.crt: 1\\})|---|spec: [a1\\[])",
        0..9,
    )) {
        parse_documents(lines.join("\n").as_bytes());
    }
}
