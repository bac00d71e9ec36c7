//! The operating system's notices about the roots, in the words of [`super::settle`].

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, Flag, ModifyKind, RemoveKind, RenameMode},
};
use tokio::sync::mpsc;

use super::{
    settle::{Event, Notice, Place},
    walk,
};

/// Watches folders, each by itself: what lies below is added when it is walked.
pub(crate) struct Notices {
    /// `None`: the system gives no notices.
    watcher: Option<RecommendedWatcher>,
    watched: HashSet<PathBuf>,
    /// A folder could not be watched, so that changes in it are only found by looking.
    pub(crate) blind: bool,
    roots: Vec<Root>,
    events: mpsc::UnboundedReceiver<notify::Event>,
}

/// A root as it was given, and where it is.
struct Root {
    given: PathBuf,
    absolute: PathBuf,
}

impl Notices {
    pub(crate) fn of(roots: &[PathBuf]) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Opening is what the reader itself does all the time.
            let event = event.unwrap_or_else(|_| notify::Event::new(EventKind::Other));
            if !matches!(event.kind, EventKind::Access(AccessKind::Open(_) | AccessKind::Read)) {
                // Nobody listens any more: the source is being stopped.
                let _ = sender.send(event);
            }
        });
        let roots = roots.iter().map(|given| Root {
            absolute: std::path::absolute(given).unwrap_or_else(|_| given.clone()),
            given: given.clone(),
        });
        let mut notices = Self {
            blind: watcher.is_err(),
            watcher: watcher
                .inspect_err(|error| {
                    tracing::warn!("changes of files are found by looking: {error}")
                })
                .ok(),
            watched: HashSet::new(),
            roots: roots.collect(),
            events,
        };
        notices.watch_above();
        notices
    }

    /// Watches one folder. To be called before it is listed.
    pub(crate) fn watch(&mut self, folder: &Path) {
        let Ok(folder) = std::path::absolute(folder) else { return };
        let Some(watcher) = &mut self.watcher else { return };
        if self.watched.contains(&folder) {
            return;
        }
        match watcher.watch(&folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(folder);
            }
            // Its removal was noticed in the folder above.
            Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
            Err(error) => {
                if !std::mem::replace(&mut self.blind, true) {
                    let folder = folder.display();
                    tracing::warn!("changes in {folder} and others are found by looking: {error}");
                }
            }
        }
    }

    /// Watches the folder above each root, or the nearest that exists: roots are renamed,
    /// replaced and brought back there.
    pub(crate) fn watch_above(&mut self) {
        let above: Vec<_> = self
            .roots
            .iter()
            .filter_map(|root| root.absolute.ancestors().skip(1).find(|path| path.is_dir()))
            .map(Path::to_owned)
            .collect();
        above.iter().for_each(|folder| self.watch(folder));
    }

    /// Forgets what is watched, so that the next walk watches it anew: a folder that was removed
    /// and made again in one moment may have lost its watch.
    pub(crate) fn watch_anew(&mut self) {
        self.watched.clear();
    }

    /// The next notice that matters; pending for ever when there will be none.
    pub(crate) async fn next(&mut self) -> Notice {
        loop {
            let Some(event) = self.events.recv().await else {
                return std::future::pending().await;
            };
            if let Some(notice) = self.translate(&event) {
                return notice;
            }
        }
    }

    fn translate(&mut self, event: &notify::Event) -> Option<Notice> {
        let everything = |event| Some(Notice { place: Place::Tree(PathBuf::new()), event });
        // The queue overflowed, or the watcher failed: anything may have happened.
        let Some(path) = event.paths.first() else { return everything(Event::Settled) };
        if event.flag() == Some(Flag::Rescan) {
            return everything(Event::Settled);
        }
        let (kind, of_folder) = classify(&event.kind)?;
        if kind == Event::Removed {
            // The watch goes with the folder, whoever takes its name next.
            self.watched.remove(path);
        }
        let mut inside = self.roots.iter().filter_map(|root| {
            let inside = path.strip_prefix(&root.absolute).ok()?;
            Some((root, inside))
        });
        let Some((root, inside)) = inside.next().filter(|_| inside.next().is_none()) else {
            // In roots that overlap, or in a folder above a root.
            let above = self.roots.iter().any(|root| root.absolute.starts_with(path));
            let within = self.roots.iter().any(|root| path.starts_with(&root.absolute));
            let everything = Notice { place: Place::Tree(path.clone()), event: kind };
            return (above || within).then_some(everything);
        };
        let given = match inside.as_os_str().is_empty() {
            true => root.given.clone(),
            false => root.given.join(inside),
        };
        let name = inside.file_name().unwrap_or_default().as_encoded_bytes();
        if name.starts_with(b".") && !name.starts_with(b"..") {
            return None;
        }
        // `..data` of a ConfigMap stands for all files beside it.
        let is_file = !of_folder && walk::is_manifest(inside) && !name.starts_with(b"..");
        let place = match is_file {
            true => Place::File(given),
            false if kind == Event::Written && !inside.as_os_str().is_empty() => return None,
            false => Place::Tree(given),
        };
        Some(Notice { place, event: kind })
    }
}

/// What an event means, and whether it is known to be about a folder.
fn classify(kind: &EventKind) -> Option<(Event, bool)> {
    Some(match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => (Event::Settled, false),
        EventKind::Access(_) => return None,
        EventKind::Create(kind) => (Event::Settled, *kind == CreateKind::Folder),
        EventKind::Modify(ModifyKind::Data(_)) => (Event::Written, false),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => (Event::Removed, false),
        EventKind::Remove(kind) => (Event::Removed, *kind == RemoveKind::Folder),
        EventKind::Any | EventKind::Modify(_) | EventKind::Other => (Event::Settled, false),
    })
}
