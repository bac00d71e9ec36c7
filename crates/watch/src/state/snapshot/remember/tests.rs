use std::fs;

use super::*;

fn world(generation: u64) -> Arc<World> {
    Arc::new(World { generation, ..World::default() })
}

struct Home {
    folder: tempfile::TempDir,
    state: Arc<StateFolder>,
    worlds: watch::Sender<Arc<World>>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(StateFolder::open(&folder.path().join("state")).unwrap());
        let (worlds, receiver) = watch::channel(world(1));
        let cancel = CancellationToken::new();
        let task = tokio::spawn(remember_world(receiver, state.clone(), cancel.clone()));
        Self { folder, state, worlds, cancel, task }
    }

    fn saved(&self) -> Option<u64> {
        self.state.load_snapshot().map(|snapshot| snapshot.world.generation)
    }

    async fn end(self) -> Option<u64> {
        self.cancel.cancel();
        self.task.await.unwrap();
        self.state.load_snapshot().map(|snapshot| snapshot.world.generation)
    }
}

/// The paused clock runs ahead whenever everything waits, so no test waits for the pause.
#[tokio::test(start_paused = true)]
async fn a_burst_of_changes_is_saved_once_as_it_ends() {
    let home = Home::new();
    sleep(PAUSE * 3).await;
    assert_eq!(home.saved(), None, "the World of the start is not saved");
    for generation in 2..6 {
        home.worlds.send_replace(world(generation));
        sleep(PAUSE / 10).await;
    }
    assert_eq!(home.saved(), None, "more may come");
    sleep(PAUSE).await;
    assert_eq!(home.saved(), Some(5));
    assert_eq!(home.end().await, Some(5));
}

#[tokio::test(start_paused = true)]
async fn what_is_unsaved_at_the_end_is_saved_at_once() {
    let home = Home::new();
    home.worlds.send_replace(world(2));
    assert_eq!(home.end().await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn an_end_without_a_change_saves_nothing() {
    assert_eq!(Home::new().end().await, None);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_saved_is_saved_when_the_disk_is_back() {
    let home = Home::new();
    let (place, away) = (home.folder.path().join("state"), home.folder.path().join("away"));
    fs::rename(&place, &away).unwrap();
    home.worlds.send_replace(world(2));
    sleep(PAUSE * 3).await;
    fs::rename(&away, &place).unwrap();
    sleep(PAUSE * 2).await;
    assert_eq!(home.saved(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_source() {
    let Home { worlds, state, task, folder: _folder, .. } = Home::new();
    worlds.send_replace(world(2));
    drop(worlds);
    task.await.unwrap();
    assert_eq!(state.load_snapshot().unwrap().world.generation, 2);
}

#[test]
fn saving_takes_a_small_share_of_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(StateFolder::open(folder.path()).unwrap());
    let pause = |took| Saving { state: state.clone(), is_failing: false, took }.pause();
    assert_eq!(pause(Duration::ZERO), PAUSE);
    assert_eq!(pause(Duration::from_millis(400)), Duration::from_secs(20));
    assert_eq!(pause(Duration::from_secs(30)), LONGEST_PAUSE);
}
