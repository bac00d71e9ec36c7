use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn a_key_is_kept_where_this_process_alone_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme/letsencrypt.key");
    let file = KeyFile::new(&path);
    assert!(file.load().await.unwrap().is_none());
    file.save("a key").await.unwrap();
    assert_eq!(file.load().await.unwrap().as_deref().map(String::as_str), Some("a key"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let parent = path.parent().unwrap();
    assert_eq!(parent.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme"), "a file").unwrap();
    let file = KeyFile::new(folder.path().join("acme/letsencrypt.key"));
    assert!(file.save("a key").await.unwrap_err().to_string().contains("letsencrypt.key"));
}
