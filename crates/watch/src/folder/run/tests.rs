//! These run against the real notices of the operating system, so they wait on values.

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use model::CertificateId;
use tempfile::TempDir;
use testkit::LIMIT;
use tokio::task::JoinHandle;
use translate::world::{ConsoleEdit, Key};

use super::*;
use crate::folder::FolderOptions;

/// A source at work.
struct Running {
    home: TempDir,
    worlds: watch::Receiver<Arc<World>>,
    console: watch::Sender<Console>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Watches `root` below a new folder, after its first look.
    async fn on(root: &str, files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write(&home.path().join(name), text);
        }
        let mut folder = Folder::new(FolderOptions {
            roots: vec![home.path().join(root)],
            state: None,
            store_namespace: "doorward-system".into(),
        });
        let (sender, worlds) = watch::channel(Arc::new(folder.load()));
        let (console, edits) = watch::channel(Console::default());
        let cancel = CancellationToken::new();
        let task = tokio::spawn(folder.run(sender, edits, cancel.clone()));
        let running = Self { home, worlds, console, cancel, task };
        running.watched(root).await;
        running
    }

    /// A first change that is seen proves that the folder is watched, however long that took.
    async fn watched(&self, root: &str) {
        let probe = self.path(root).join("probe.yaml");
        let mut this = self.worlds.clone();
        if fs::write(&probe, service("probe", 1)).is_ok() {
            until(&mut this, |world| port(world, "probe").is_some()).await;
            fs::remove_file(&probe).unwrap();
            until(&mut this, |world| port(world, "probe").is_none()).await;
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Waits until Service a has this port, or is none.
    async fn sees(&mut self, port_of_a: Option<i32>) -> Arc<World> {
        until(&mut self.worlds, |world| port(world, "a") == port_of_a).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[track_caller]
fn until(
    worlds: &mut watch::Receiver<Arc<World>>,
    mut condition: impl FnMut(&World) -> bool,
) -> impl Future<Output = Arc<World>> {
    let asked_at = std::panic::Location::caller();
    async move {
        match time::timeout(LIMIT, worlds.wait_for(|world| condition(world))).await {
            Ok(Ok(world)) => world.clone(),
            Ok(Err(_)) => panic!("the source ended, asked at {asked_at}"),
            Err(_) => panic!("not seen within {LIMIT:?}, asked at {asked_at}"),
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn service(name: &str, port: i32) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  ports:\n  - port: {port}\n"
    )
}

fn port(world: &World, name: &str) -> Option<i32> {
    let service = &world.services.get(&Key::new("default", name))?.body;
    Some(service.spec.as_ref()?.ports.as_ref()?[0].port)
}

#[tokio::test]
async fn a_new_file_a_rewritten_one_and_a_removed_one_are_seen() {
    let mut running = Running::on("", &[]).await;
    write(&running.path("a.yaml"), &service("a", 1));
    running.sees(Some(1)).await;
    write(&running.path("a.yaml"), &service("a", 2));
    running.sees(Some(2)).await;
    fs::remove_file(running.path("a.yaml")).unwrap();
    running.sees(None).await;
}

#[tokio::test]
async fn a_rewrite_by_rename_is_seen() {
    let mut running = Running::on("", &[("a.yaml", &service("a", 1))]).await;
    write(&running.path(".a.tmp"), &service("a", 2));
    fs::rename(running.path(".a.tmp"), running.path("a.yaml")).unwrap();
    running.sees(Some(2)).await;
}

#[tokio::test]
async fn an_editors_save_is_seen() {
    let mut running = Running::on("", &[("a.yaml", &service("a", 1))]).await;
    // As vim does it: the old file becomes the backup, a new one is written.
    fs::rename(running.path("a.yaml"), running.path("a.yaml~")).unwrap();
    write(&running.path("a.yaml"), &service("a", 2));
    fs::remove_file(running.path("a.yaml~")).unwrap();
    running.sees(Some(2)).await;
}

#[tokio::test]
async fn the_swap_of_a_config_map_is_seen() {
    let mut running = Running::on(
        "root",
        &[("root/..1/a.yaml", &service("a", 1)), ("root/..2/a.yaml", &service("a", 2))],
    )
    .await;
    symlink("..1", running.path("root/..data")).unwrap();
    symlink("..data/a.yaml", running.path("root/a.yaml")).unwrap();
    running.sees(Some(1)).await;
    symlink("..2", running.path("root/..data_tmp")).unwrap();
    fs::rename(running.path("root/..data_tmp"), running.path("root/..data")).unwrap();
    running.sees(Some(2)).await;
}

#[tokio::test]
async fn folders_that_come_later_are_watched_too() {
    let mut running = Running::on("", &[]).await;
    write(&running.path("deep/er/a.yaml"), &service("a", 1));
    running.sees(Some(1)).await;
    write(&running.path("deep/er/a.yaml"), &service("a", 2));
    running.sees(Some(2)).await;
    fs::remove_dir_all(running.path("deep")).unwrap();
    running.sees(None).await;
    write(&running.path("deep/er/a.yaml"), &service("a", 3));
    running.sees(Some(3)).await;
}

#[tokio::test]
async fn a_folder_that_is_moved_in_and_out_is_seen() {
    let mut running = Running::on("root", &[("root/b.yaml", &service("b", 1))]).await;
    write(&running.path("beside/a.yaml"), &service("a", 1));
    fs::rename(running.path("beside"), running.path("root/inside")).unwrap();
    running.sees(Some(1)).await;
    write(&running.path("root/inside/a.yaml"), &service("a", 2));
    running.sees(Some(2)).await;
    fs::rename(running.path("root/inside"), running.path("beside")).unwrap();
    running.sees(None).await;
}

#[tokio::test]
async fn a_root_that_vanishes_keeps_its_objects_and_is_seen_when_it_returns() {
    let mut running = Running::on("up/root", &[("up/root/a.yaml", &service("a", 1))]).await;
    let published = follow(&running);
    fs::remove_dir_all(running.path("up")).unwrap();
    let world = until(&mut running.worlds, |world| !world.faults.is_empty()).await;
    assert_eq!(port(&world, "a"), Some(1));
    write(&running.path("up/root/a.yaml"), &service("a", 2));
    let world = running.sees(Some(2)).await;
    assert_eq!(world.faults, []);
    write(&running.path("up/root/a.yaml"), &service("a", 3));
    running.sees(Some(3)).await;
    assert_never_lost(published, running).await;
}

#[tokio::test]
async fn a_root_that_comes_later_is_seen() {
    let mut running = Running::on("up/root", &[]).await;
    assert_eq!(running.worlds.borrow().faults.len(), 1);
    write(&running.path("up/root/a.yaml"), &service("a", 1));
    running.sees(Some(1)).await;
}

#[tokio::test]
async fn a_root_that_is_a_link_follows_its_swap() {
    let mut running = Running::on("root", &[("root/b.yaml", "")]).await;
    write(&running.path("1/a.yaml"), &service("a", 1));
    write(&running.path("2/a.yaml"), &service("a", 2));
    fs::remove_dir_all(running.path("root")).unwrap();
    symlink("1", running.path("root")).unwrap();
    running.sees(Some(1)).await;
    symlink("2", running.path("tmp")).unwrap();
    fs::rename(running.path("tmp"), running.path("root")).unwrap();
    running.sees(Some(2)).await;
}

/// Collects whether Service a was there in each World that was published.
fn follow(running: &Running) -> JoinHandle<Vec<bool>> {
    let mut worlds = running.worlds.clone();
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while worlds.changed().await.is_ok() {
            seen.push(port(&worlds.borrow_and_update(), "a").is_some());
        }
        seen
    })
}

async fn assert_never_lost(published: JoinHandle<Vec<bool>>, running: Running) {
    drop(running);
    let seen = published.await.unwrap();
    assert!(seen.len() > 1, "too little was published: {seen:?}");
    assert!(seen.iter().all(|&there| there), "it was lost for a moment: {seen:?}");
}

#[tokio::test]
async fn a_file_that_is_being_written_is_not_read_half() {
    let mut running = Running::on("", &[("a.yaml", &service("a", 1))]).await;
    let published = follow(&running);
    let mut file = fs::File::create(running.path("a.yaml")).unwrap();
    write(&running.path("b.yaml"), &service("b", 1));
    until(&mut running.worlds, |world| port(world, "b") == Some(1)).await;
    file.write_all(service("a", 2).as_bytes()).unwrap();
    write(&running.path("c.yaml"), &service("c", 1));
    let world = until(&mut running.worlds, |world| port(world, "c") == Some(1)).await;
    assert_eq!(port(&world, "a"), Some(1), "its writer has not closed it");
    drop(file);
    running.sees(Some(2)).await;
    assert_never_lost(published, running).await;
}

#[tokio::test]
async fn a_replacement_by_removal_loses_nothing() {
    let mut running = Running::on("", &[("a.yaml", &service("a", 1))]).await;
    let published = follow(&running);
    for number in 2..6 {
        fs::remove_file(running.path("a.yaml")).unwrap();
        write(&running.path("b.yaml"), &service("b", number));
        // As long as a slow script may take between the two.
        time::sleep(Duration::from_millis(30)).await;
        write(&running.path("a.yaml"), &service("a", number));
        running.sees(Some(number)).await;
    }
    assert_never_lost(published, running).await;
}

#[tokio::test]
async fn a_broken_file_is_told_of_and_mended() {
    let mut running = Running::on("", &[("a.yaml", &service("a", 1))]).await;
    write(&running.path("a.yaml"), "a: [");
    let world = until(&mut running.worlds, |world| !world.faults.is_empty()).await;
    assert_eq!(port(&world, "a"), Some(1));
    write(&running.path("a.yaml"), &service("a", 2));
    assert_eq!(running.sees(Some(2)).await.faults, []);
}

#[tokio::test]
async fn a_thousand_changes_arrive_at_the_last() {
    let mut running = Running::on("", &[]).await;
    for number in 0..1000 {
        write(&running.path("a.yaml"), &service("a", number));
    }
    running.sees(Some(999)).await;
}

#[tokio::test]
async fn the_console_changes_the_world_but_not_its_generation() {
    let mut running = Running::on("", &[("a.yaml", &service("a", 1))]).await;
    let generation = running.worlds.borrow().generation;
    let edit = ConsoleEdit { id: CertificateId::store("x"), generation };
    let key = "edge:443".parse::<model::ListenerKey>().unwrap();
    running.console.send_modify(|console| {
        console.defaults.insert(key.clone(), edit.clone());
    });
    let world = until(&mut running.worlds, |world| !world.console.defaults.is_empty()).await;
    assert_eq!((world.generation, &world.console.defaults[&key]), (generation, &edit));
    write(&running.path("a.yaml"), &service("a", 2));
    let world = running.sees(Some(2)).await;
    assert_eq!(world.generation, generation + 1);
    assert!(!world.console.defaults.is_empty(), "a change of objects keeps the console");
}

#[tokio::test]
async fn it_ends_when_it_is_cancelled() {
    let running = Running::on("", &[]).await;
    running.cancel.cancel();
    let mut running = running;
    time::timeout(LIMIT, &mut running.task).await.unwrap().unwrap();
}
