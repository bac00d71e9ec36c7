//! The manifests folder: any number of YAML and JSON files, any depth, the same objects one
//! would `kubectl apply`.
//!
//! A file that does not parse, an object of the wrong type and a folder that vanishes keep what
//! they held before, each with a verdict. What did not change keeps its pointer from one World
//! to the next.

mod assemble;
mod documents;
mod file;
mod known;
mod notices;
mod object;
mod pool;
mod run;
mod settle;
mod stamp;
mod syntax;
mod walk;

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use model::{ObjectRef, Origin, Reason, Verdict};
use translate::World;

use self::{
    file::FileState,
    stamp::{FileId, Stamp},
    walk::FileKey,
};
use crate::{
    read::{self, Context},
    state::StateView,
};
pub use read::{CERTIFICATE_ID, ISSUED_AS, ISSUED_BY};

/// What to read.
#[derive(Debug)]
pub struct FolderOptions {
    /// Folders, or single files. Of two objects with one name that of the earlier root stands,
    /// and in one root that of the first path.
    pub roots: Vec<PathBuf>,
    /// Its Secrets are read after all roots.
    pub state: Option<StateView>,
    /// Where Secrets may carry ids of the certificate store.
    pub store_namespace: Arc<str>,
}

/// The source of the World on one machine.
#[derive(Debug)]
pub struct Folder {
    roots: Vec<PathBuf>,
    /// The state folder itself, should it lie inside a root.
    exclude: Option<FileId>,
    context: Context,
    files: BTreeMap<FileKey, FileState>,
    /// Roots and folders that cannot be listed.
    lost: Vec<Verdict>,
    world: Arc<World>,
    next_sequence: u64,
}

/// What may have changed since the last look.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Anything: walk all roots and read what has another stamp.
    pub(crate) all: bool,
    /// These files: read them whatever their stamp says.
    pub(crate) files: HashSet<PathBuf>,
    /// Files and folders in the midst of a change: leave them as they are for now.
    pub(crate) busy: HashSet<PathBuf>,
}

impl Folder {
    pub fn new(options: FolderOptions) -> Self {
        let mut roots = options.roots;
        roots.extend(options.state.iter().map(|state| state.secrets()));
        let state_path = options.state.as_ref().map(|state| state.path());
        let exclude = state_path.and_then(|path| std::fs::metadata(path).ok());
        Self {
            roots,
            exclude: exclude.as_ref().map(FileId::of),
            context: Context::new(options.store_namespace),
            files: BTreeMap::new(),
            lost: Vec::new(),
            world: Arc::default(),
            next_sequence: read::FIRST_SEQUENCE,
        }
    }

    /// Reads everything once.
    pub fn load(&mut self) -> World {
        self.refresh(&Change { all: true, ..Change::default() }, &mut |_| {});
        World::clone(&self.world)
    }

    /// Looks at what may have changed; true when the World is another one then. `enter` is told
    /// of each folder before it is listed.
    pub(crate) fn refresh(&mut self, change: &Change, enter: &mut dyn FnMut(&Path)) -> bool {
        let single = match change.all {
            true => None,
            false => self.look_at(&change.files),
        };
        let stale = single.unwrap_or_else(|| self.walk(change, enter));
        let unread = stale.into_iter().map(|(key, stamp)| {
            let previous = self.files.remove(&key).unwrap_or_default();
            (key, previous, stamp.map_or(0, |stamp| stamp.len()))
        });
        let unread = unread.collect();
        self.files.extend(pool::read(unread, &self.context));
        self.publish()
    }

    /// Finds all files; drops those that are gone, and lists those that are new or changed.
    fn walk(
        &mut self,
        change: &Change,
        enter: &mut dyn FnMut(&Path),
    ) -> Vec<(FileKey, Option<Stamp>)> {
        let found = walk::walk(&self.roots, self.exclude, enter);
        let stays = |key: &FileKey| {
            found.files.contains_key(key)
                || change.busy.iter().any(|busy| key.path.starts_with(busy))
                || found
                    .lost
                    .iter()
                    .any(|(lost, _)| lost.root == key.root && key.path.starts_with(&lost.path))
        };
        self.files.retain(|key, _| stays(key));
        self.lost = found.lost.iter().map(|(at, error)| unlistable(at, error)).collect();
        let is_stale = |(key, stamp): &(FileKey, Option<Stamp>)| {
            let known = self.files.get(key).and_then(|file| file.stamp);
            let changed = known.is_none() || known != *stamp || change.files.contains(&key.path);
            changed && !change.busy.contains(&key.path)
        };
        found.files.into_iter().filter(is_stale).collect()
    }

    /// Lists single files to read and forgets those that are gone. `None` when the paths alone do
    /// not tell: then only a walk does.
    fn look_at(&mut self, files: &HashSet<PathBuf>) -> Option<Vec<(FileKey, Option<Stamp>)>> {
        let mut stale = Vec::new();
        for path in files {
            let root = self.roots.iter().position(|root| path.starts_with(root))?;
            let key = FileKey { root, path: path.clone() };
            match path.metadata() {
                Ok(metadata) if metadata.is_dir() => return None,
                Ok(metadata) => stale.push((key, Some(Stamp::of(&metadata)))),
                Err(_) if path.is_symlink() => stale.push((key, None)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.files.remove(&key)?;
                }
                Err(_) => stale.push((key, None)),
            }
        }
        Some(stale)
    }

    /// Puts the World together anew and keeps it if it is another one.
    fn publish(&mut self) -> bool {
        let files = self.files.values_mut();
        let now = Timestamp::now();
        let mut world = assemble::assemble(files, &self.world, now, &mut self.next_sequence);
        world.faults.extend(self.lost.iter().cloned());
        let difference = read::differ(&self.world, &world);
        if difference.objects {
            world.generation += 1;
        }
        if difference.any {
            self.world = Arc::new(world);
        }
        difference.any
    }
}

/// The World of one text in YAML, in the order of its documents. What is no object becomes one of
/// the World's faults.
pub fn parse_documents(text: &[u8]) -> World {
    let context = Context::new("doorward-system".into());
    let (documents, faults) = file::read_text(text, &context);
    let mut file = FileState { stamp: None, documents, faults };
    let files = std::iter::once(&mut file);
    assemble::assemble(files, &World::default(), Timestamp::now(), &mut { read::FIRST_SEQUENCE })
}

fn unlistable(at: &FileKey, error: &std::io::Error) -> Verdict {
    let path = at.path.display();
    let message =
        format!("{path} cannot be read: {error}; what it held before stays, bring it back");
    let origin = Origin { file: Arc::new(at.path.clone()), line: 1 };
    Verdict::rejected(file_reference(&origin), Reason::InvalidFile, message)
}

/// Names a file in a verdict.
fn file_reference(origin: &Origin) -> ObjectRef {
    ObjectRef::cluster("File", &origin.file.display().to_string())
}

#[cfg(test)]
mod tests;
