use std::{fs, os::unix::fs::PermissionsExt as _};

use model::{CHALLENGES_SECRET, OpenChallenge};
use translate::world::Key;

use super::*;
use crate::{Folder, FolderOptions};

const NAMESPACE: &str = "doorward-system";

fn entries() -> (tempfile::TempDir, Arc<StateFolder>, SecretEntries) {
    let dir = tempfile::tempdir().unwrap();
    let state = Arc::new(StateFolder::open(dir.path()).unwrap());
    let entries = SecretEntries::new(state.clone(), NAMESPACE);
    (dir, state, entries)
}

#[tokio::test]
async fn entries_come_and_go_one_by_one() {
    let (dir, _state, entries) = entries();
    entries.set("acme", "a", Some("one")).await.unwrap();
    entries.set("acme", "b", Some("two")).await.unwrap();
    let path = dir.path().join("secrets").join(NAMESPACE).join("acme.yaml");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    entries.set("acme", "a", None).await.unwrap();
    entries.set("acme", "a", None).await.unwrap();
    assert_eq!(entries.load("acme", "a").unwrap(), None);
    assert_eq!(entries.load("acme", "b").unwrap().as_deref().map(String::as_str), Some("two"));
    entries.set("acme", "b", None).await.unwrap();
    assert!(!path.exists(), "an empty Secret is left");
}

#[tokio::test]
async fn a_file_that_is_no_secret_is_put_aside() {
    let (dir, _state, entries) = entries();
    let folder = dir.path().join("secrets").join(NAMESPACE);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("acme.yaml"), "data: [").unwrap();
    entries.set("acme", "a", Some("one")).await.unwrap();
    assert_eq!(entries.load("acme", "a").unwrap().as_deref().map(String::as_str), Some("one"));
    assert!(folder.join("acme.corrupt").exists());
}

#[tokio::test]
async fn open_challenges_come_in_with_the_world() {
    let (_dir, state, entries) = entries();
    let host = model::Name::parse("a.test").unwrap();
    let open = OpenChallenge::Http01 { host, key_authorization: "token.key".into() };
    let text = serde_json::to_string(&open).unwrap();
    entries.set(CHALLENGES_SECRET, "token", Some(&text)).await.unwrap();
    let options = FolderOptions {
        roots: Vec::new(),
        state: Some(state.view().clone()),
        store_namespace: NAMESPACE.into(),
    };
    let world = Folder::new(options).load();
    let secret = &world.secrets[&Key::new(NAMESPACE, CHALLENGES_SECRET)];
    let challenges = model::Challenges::read(secret.body.credentials.as_ref().unwrap());
    assert_eq!(challenges.key_authorization("a.test", "token").map(|k| &**k), Some("token.key"));
}
