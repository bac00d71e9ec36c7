use std::fs;

use model::CertificateId;

use super::*;

fn memory(id: &str) -> Arc<Memory> {
    let mut memory = Memory::default();
    memory.defaults.insert("web:443".parse().expect("a listener"), CertificateId::store(id));
    Arc::new(memory)
}

/// The paused clock runs ahead whenever everything waits, so no test waits for the pause.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_saved_is_saved_when_the_disk_is_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = Arc::new(StateFolder::open(&dir.path().join("state")).expect("opens"));
    let away = dir.path().join("away");
    fs::rename(dir.path().join("state"), &away).expect("moves");

    let (sender, memories) = watch::channel(Arc::default());
    let task = tokio::spawn(remember(memories, state.clone()));
    sender.send_replace(memory("756-cn"));
    tokio::time::sleep(RETRY * 3).await;
    fs::rename(&away, dir.path().join("state")).expect("moves back");
    tokio::time::sleep(RETRY * 3).await;

    drop(sender);
    task.await.expect("it ends with its source");
    assert_eq!(state.load_memory().expect("loads").defaults, memory("756-cn").defaults);
}
