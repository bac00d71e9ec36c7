//! A state folder as it is read: by who owns it, and by who only looks while another Doorward may
//! be at work in it. Takes no lock and writes nothing; whatever cannot be read is told, and left
//! where it is.

use std::path::{Path, PathBuf};

use super::{StateError, read_if_there};

/// Its files are replaced by rename, so each is read whole; two of them may be of two moments.
#[derive(Clone, Debug)]
pub struct StateView {
    root: PathBuf,
}

/// A file that cannot be read. All others count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub path: PathBuf,
    pub why: String,
}

impl StateView {
    /// `None`: there is no state folder at this place.
    pub fn find(path: &Path) -> Option<Self> {
        let view = Self::at(path);
        view.secrets().is_dir().then_some(view)
    }

    pub(super) fn at(path: &Path) -> Self {
        Self { root: path.to_owned() }
    }

    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where issued and uploaded Secrets lie, for the source to watch.
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    /// The own CA's root certificate, for people to trust.
    pub fn root_certificate(&self) -> PathBuf {
        self.root.join("ca/root.crt")
    }

    pub(super) fn root_key(&self) -> PathBuf {
        self.root.join("ca/root.key")
    }

    /// The own CA's root certificate and key in PEM, if one was made.
    pub fn load_root(&self) -> Result<Option<(String, String)>, StateError> {
        let Some(certificate) = read_if_there(&self.root_certificate())? else { return Ok(None) };
        let key = read_if_there(&self.root_key())?.unwrap_or_default();
        Ok(Some((certificate, key)))
    }
}
