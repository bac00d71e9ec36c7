//! Finds the manifests under the roots. Reads no file.
//!
//! Names that begin with a dot are passed over: they are version control, editors' copies, and
//! the `..data` folders behind the links of a mounted ConfigMap.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

use super::stamp::{FileId, Stamp};

/// The settings of Doorward itself may lie among the manifests; they are none.
const SETTINGS: &str = "doorward.yaml";

/// A file's place: the number of its root and its path. Files are read in this order, and the
/// first of two objects with one name stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileKey {
    pub(crate) root: usize,
    pub(crate) path: PathBuf,
}

/// What lies under the roots now.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// `None` for a link that leads nowhere.
    pub(crate) files: BTreeMap<FileKey, Option<Stamp>>,
    /// Roots and folders that cannot be listed; what they held before stays.
    pub(crate) lost: Vec<(FileKey, io::Error)>,
}

/// Walks all roots. `enter` is told of each folder before it is listed, so that whoever starts to
/// watch it there misses nothing.
pub(crate) fn walk(
    roots: &[PathBuf],
    exclude: Option<FileId>,
    enter: &mut dyn FnMut(&Path),
) -> Found {
    let mut walk = Walk { found: Found::default(), visited: exclude.into_iter().collect(), enter };
    for (root, path) in roots.iter().enumerate() {
        let at = FileKey { root, path: path.clone() };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk.folder(at, &metadata),
            Ok(metadata) => {
                walk.found.files.insert(at, Some(Stamp::of(&metadata)));
            }
            Err(error) => walk.found.lost.push((at, error)),
        }
    }
    walk.found
}

/// Whether a path inside a root is one of those that are read.
pub(crate) fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
        && path.file_name().is_some_and(|name| name != SETTINGS)
}

struct Walk<'a> {
    found: Found,
    /// Links may lead in circles or twice to one folder.
    visited: HashSet<FileId>,
    enter: &'a mut dyn FnMut(&Path),
}

impl Walk<'_> {
    fn folder(&mut self, at: FileKey, metadata: &Metadata) {
        if !self.visited.insert(FileId::of(metadata)) {
            return;
        }
        (self.enter)(&at.path);
        let entries = fs::read_dir(&at.path).and_then(|entries| {
            let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
            entries.sort_unstable_by_key(fs::DirEntry::file_name);
            Ok(entries)
        });
        match entries {
            Ok(entries) => entries.into_iter().for_each(|entry| self.entry(&at, &entry)),
            // Removed since its parent was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.found.lost.push((at, error)),
        }
    }

    fn entry(&mut self, folder: &FileKey, entry: &fs::DirEntry) {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            return;
        }
        let path = entry.path();
        let is_manifest = is_manifest(&path);
        let Ok(kind) = entry.file_type() else { return };
        if kind.is_file() && !is_manifest {
            return;
        }
        let at = FileKey { root: folder.root, path };
        match fs::metadata(&at.path) {
            Ok(metadata) if metadata.is_dir() => self.folder(at, &metadata),
            Ok(metadata) if is_manifest => {
                self.found.files.insert(at, Some(Stamp::of(&metadata)));
            }
            Err(_) if is_manifest && kind.is_symlink() => {
                self.found.files.insert(at, None);
            }
            // Gone since it was listed, or nothing of ours.
            _ => {}
        }
    }
}
