use std::fs;

use super::*;

fn folder(path: &Path) -> Folder {
    Folder::new(FolderOptions {
        roots: vec![path.to_owned()],
        state: None,
        store_namespace: "doorward-system".into(),
    })
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {}\n";

#[test]
fn smoke() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("a.yaml"), SERVICE).unwrap();
    let world = folder(home.path()).load();
    assert_eq!(world.faults, []);
    assert_eq!(world.services.len(), 1);
}
