use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    Facts, Mode,
    example::{Ack, DAY, DIRECTORY, TestCa, host, now},
    material,
    plan::{AuthorityPlan, LeafPlan, Stage},
};

/// One authority and one leaf, made, with what the files held before.
struct Case {
    plan: Plan,
    material: Material,
    old_ca: String,
    old_leaf: String,
    old_key: String,
}

fn read(facts: &Facts, name: &str) -> String {
    let path = PathBuf::from(format!("{DIRECTORY}/{name}"));
    let content = facts.hosts[&host(1)].files[&path].content.clone().expect("a file");
    String::from_utf8(content.bytes().to_vec()).expect("text")
}

fn case() -> Case {
    let facts = Ack::default().facts();
    let [old_ca, old_leaf, old_key] =
        ["ca.pem", "etcd-server.pem", "etcd-server-key.pem"].map(|name| read(&facts, name));
    let print = |text: &str| pem::certificates(text.as_bytes()).remove(0).fingerprint;
    let plan = Plan {
        mode: Mode::Cross,
        why: String::new(),
        authorities: vec![AuthorityPlan {
            id: "ca".into(),
            replaces: print(&old_ca),
            subject: "CN=CA@1".into(),
            common_name: Some("CA@1".into()),
            successor: None,
            joins: None,
            leftovers: Vec::new(),
            same_key: false,
            cross_signed: true,
            not_after: now() + DAY * 365,
            kept_at: Vec::new(),
        }],
        leaves: vec![LeafPlan {
            id: "server".into(),
            authority: "ca".into(),
            replaces: print(&old_leaf),
            subject: "CN=etcd-server".into(),
            added_names: Vec::new(),
            not_after: now() + DAY * 365,
            reuse_key: false,
            kept_at: Vec::new(),
        }],
        steps: Vec::new(),
        notes: Vec::new(),
        pending: Vec::new(),
    };
    let material = material::make(&plan, &facts, now()).expect("material");
    Case { plan, material, old_ca, old_leaf, old_key }
}

impl Case {
    fn put(&self, settings: &[Setting], original: &str) -> Result<String, RenderError> {
        let place = Place { path: "/x/file.pem".into(), settings: settings.to_vec() };
        super::place(&place, Some(original.as_bytes()), &self.plan, &self.material)
            .map(|content| String::from_utf8(content.bytes().to_vec()).expect("text"))
    }

    fn names(&self, text: &str) -> Vec<String> {
        pem::certificates(text.as_bytes()).iter().map(|one| one.name().to_owned()).collect()
    }
}

fn trust(stage: Stage) -> Setting {
    Setting::Trust { authority: "ca".into(), stage }
}

fn certificate(crossed: bool) -> Setting {
    Setting::Certificate { leaf: "server".into(), crossed }
}

fn key() -> Setting {
    Setting::Key { leaf: "server".into() }
}

#[test]
fn a_trust_file_goes_from_old_to_both_to_new() {
    let case = case();
    assert_eq!(case.put(&[trust(Stage::Old)], &case.old_ca).unwrap(), case.old_ca);
    let both = case.put(&[trust(Stage::Both)], &case.old_ca).unwrap();
    assert_eq!(case.names(&both), ["CA", "CA@1"]);
    let new = case.put(&[trust(Stage::New)], &case.old_ca).unwrap();
    assert_eq!(case.names(&new), ["CA@1"]);
    // The way is the same from any content in between.
    assert_eq!(case.put(&[trust(Stage::New)], &both).unwrap(), new);
    assert_eq!(case.put(&[trust(Stage::Both)], &both).unwrap(), both);
}

#[test]
fn strangers_comments_and_line_ends_stay() {
    let case = case();
    let stranger = TestCa::new("console", &Ack::default()).pem;
    let original = format!("# ours\n{}# theirs\n{}", case.old_ca, stranger.trim_end());
    let new = case.put(&[trust(Stage::New)], &original).unwrap();
    assert!(new.starts_with("# ours\n-----BEGIN"), "{new}");
    assert!(new.ends_with(&format!("# theirs\n{}", stranger.trim_end())), "{new}");
    assert_eq!(case.names(&new), ["CA@1", "console"]);

    let windows = original.replace('\n', "\r\n");
    let new = case.put(&[trust(Stage::Both)], &windows).unwrap();
    assert_eq!(case.names(&new), ["CA", "CA@1", "console"]);
    assert!(!new.replace("\r\n", "").contains('\n'), "one kind of line ends");
}

#[test]
fn what_is_appended_begins_on_a_line_of_its_own() {
    let case = case();
    let stranger = TestCa::new("console", &Ack::default()).pem;
    let new = case.put(&[trust(Stage::New)], stranger.trim_end()).unwrap();
    assert_eq!(case.names(&new), ["console", "CA@1"]);
    assert!(new.contains("-----\n-----BEGIN"), "{new}");
}

#[test]
fn glued_blocks_are_refused_since_go_would_trust_nobody() {
    let case = case();
    let stranger = TestCa::new("console", &Ack::default()).pem;
    let glued = format!("{}{}", case.old_ca.trim_end(), stranger);
    let error = case.put(&[trust(Stage::New)], &glued).expect_err("glued");
    assert!(matches!(error, RenderError::Glued { .. }), "{error}");
}

#[test]
fn a_malformed_certificate_beside_ours_is_not_written_again() {
    let case = case();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = case.put(&[trust(Stage::New)], &format!("{}{broken}", case.old_ca));
    assert!(matches!(error, Err(RenderError::Count { found: 1, expected: 2, .. })), "{error:?}");
}

#[test]
fn a_leaf_brings_its_cross_certificate_and_leaves_strangers_behind_it() {
    let case = case();
    let stranger = TestCa::new("console", &Ack::default()).pem;
    let original = format!("{}{}{stranger}", case.old_leaf, case.old_ca);
    let new = case.put(&[certificate(true)], &original).unwrap();
    assert_eq!(case.names(&new), ["etcd-server", "CA@1", "console"]);
    let new = case.put(&[certificate(false)], &original).unwrap();
    assert_eq!(case.names(&new), ["etcd-server", "CA@1", "console"], "as the old one stood there");
    let new = case.put(&[certificate(false)], &case.old_leaf).unwrap();
    assert_eq!(case.names(&new), ["etcd-server"]);
}

#[test]
fn a_file_with_another_certificate_is_not_touched() {
    let case = case();
    let error = case.put(&[certificate(false)], &case.old_ca).expect_err("no leaf there");
    assert!(
        error.to_string().contains("/x/file.pem: holds neither the certificate of CN=etcd-server")
    );
}

#[test]
fn a_pair_in_one_file_stays_in_one_file() {
    let case = case();
    let original = format!("{}{}", case.old_leaf, case.old_key);
    let new = case.put(&[key(), certificate(false)], &original).unwrap();
    let leaf = pem::certificates(new.as_bytes()).remove(0);
    let keys = pem::private_keys(new.as_bytes());
    assert!(keys.len() == 1 && keys[0].is_key_of(&leaf));
    assert_eq!(leaf, case.material.leaves["server"].new);
}

#[test]
fn a_file_that_is_not_there_is_made() {
    let case = case();
    let place = Place { path: "/x/bundle.crt".into(), settings: vec![trust(Stage::Both)] };
    let made = super::place(&place, None, &case.plan, &case.material).unwrap();
    let text = String::from_utf8(made.bytes().to_vec()).unwrap();
    assert_eq!(case.names(&text), ["CA", "CA@1"]);
}

#[test]
fn a_kubeconfig_changes_only_where_it_holds_what_is_replaced() {
    let case = case();
    let other = TestCa::new("other", &Ack::default());
    let (other_leaf, other_key) = other.leaf("other", &[], 10);
    let field = |text: &str| STANDARD.encode(text);
    let config = |ca: &str, leaf: &str, key: &str| {
        format!(
            "apiVersion: v1 # kept\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    \
             server: https://10.0.0.1:6443\n- cluster:\n    certificate-authority-data: \"{}\"\n\
             users:\n- user:\n    client-certificate-data: {}\n    client-key-data: {}\n\
             - user: \n    client-certificate-data: {}\n    client-key-data: {}\n",
            field(ca),
            field(&other.pem),
            field(leaf),
            field(key),
            field(&other_leaf),
            field(&other_key),
        )
    };
    let original = config(&case.old_ca, &case.old_leaf, &case.old_key);
    let new = case.put(&[trust(Stage::Both), key(), certificate(true)], &original).unwrap();

    let settings = [
        (trust(Stage::Both), &case.old_ca),
        (certificate(true), &case.old_leaf),
        (key(), &case.old_key),
    ];
    let [ca, leaf, key] = settings.map(|(setting, old)| case.put(&[setting], old).unwrap());
    assert_eq!(new, config(&ca, &leaf, &key));
}
