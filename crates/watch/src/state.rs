//! The state folder: what Doorward itself writes on one machine. Deleting it loses no user input
//! but uploads.
//!
//! ```text
//! secrets/NAMESPACE/NAME.yaml   issued and uploaded Secrets, open challenges and account keys; the folder
//!                               source reads them too
//! ca/root.crt  ca/root.key      the own CA
//! memory.yaml  held-over/       sticky Defaults; certificates served although their object is gone
//! console.yaml                  read-only modes and Defaults that an operator chose
//! orders/NAME.json               certificates on order, and what is left of issuers' limits
//! served.json                   what listeners held last, for who plans a change of it
//! world.jsonl                   the last good World, for a start without the API server
//! lock                          held while a Doorward uses the folder
//! ```
//!
//! Everything is private (folders 0700, files 0600) but the root certificate, and replaced by
//! rename: a process that is killed leaves the old file or the new one.

mod atomic;
mod console;
mod entries;
mod memory;
mod orders;
mod secret;
mod served;
mod snapshot;
mod view;

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

pub use console::ConsoleStore;
pub use entries::SecretEntries;
pub use memory::MemoryTexts;
pub use secret::NewSecret;
pub use snapshot::{Snapshot, remember_world};
pub use view::{StateView, Unreadable};

/// An open state folder; the only writer of its files while it lives.
#[derive(Debug)]
pub struct StateFolder {
    view: StateView,
    /// Released with the process, however that ends.
    _lock: File,
}

/// The state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("state folder {path}: {source}; give Doorward a folder it may write with --state DIR")]
    Open { path: PathBuf, source: io::Error },
    #[error(
        "state folder {0}: another Doorward uses it; stop that one, or give this one its own folder with --state DIR"
    )]
    InUse(PathBuf),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{0:?} cannot be part of an object's name: use letters, digits, '-' and '.'")]
    BadName(String),
}

impl StateFolder {
    /// Opens the folder, making it if need be, and proves that it can be written.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let failed = |source| StateError::Open { path: path.to_owned(), source };
        for folder in [
            path.to_owned(),
            path.join("secrets"),
            path.join("ca"),
            path.join("held-over"),
            path.join("orders"),
        ] {
            private_folder(&folder).map_err(failed)?;
        }
        let lock =
            File::options().create(true).append(true).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        for folder in [path.to_owned(), path.join("orders")] {
            atomic::remove_leftovers(&folder).map_err(failed)?;
        }
        atomic::write(&path.join("probe"), b"", 0o600).map_err(failed)?;
        fs::remove_file(path.join("probe")).map_err(failed)?;
        Ok(Self { view: StateView::at(path), _lock: lock })
    }

    /// What is in it.
    pub fn view(&self) -> &StateView {
        &self.view
    }

    /// Stores a new root. The key goes first: a certificate without key would be a root that
    /// cannot sign, while a key without certificate is simply replaced.
    pub fn save_root(&self, certificate_pem: &str, key_pem: &str) -> Result<(), StateError> {
        write(&self.view.root_key(), key_pem.as_bytes(), 0o600)?;
        write(&self.view.root_certificate(), certificate_pem.as_bytes(), 0o644)
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StateError> {
    atomic::write(path, bytes, mode)
        .map_err(|source| StateError::Write { path: path.to_owned(), source })
}

fn read_if_there(path: &Path) -> Result<Option<String>, StateError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Read { path: path.to_owned(), source }),
    }
}

/// Puts a file that cannot be read aside, so that a new one can take its place.
fn set_aside(Unreadable { path, why }: &Unreadable) {
    let aside = path.with_extension("corrupt");
    match fs::rename(path, &aside) {
        Ok(()) => {
            tracing::warn!(file = %path.display(), moved_to = %aside.display(), "a state file cannot be read: {why}")
        }
        Err(error) => {
            tracing::warn!(file = %path.display(), "a state file can neither be read ({why}) nor moved ({error})")
        }
    }
}

#[cfg(test)]
mod tests;
