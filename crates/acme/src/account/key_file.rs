//! The account's key in a file that this process alone may read.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use issue::{Future, StoreError};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::AccountKeys;

/// Its folder is made when the key is.
#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        StoreError(format!("{}: {error}", self.0.display()))
    }

    /// By rename, so that it is there whole or not at all.
    fn write(&self, text: &str) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Temporary files are for their owner alone.
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.0).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }
}

impl AccountKeys for KeyFile {
    fn load<'a>(&'a self) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>> {
        Box::pin(async {
            match fs::read_to_string(&self.0) {
                Ok(text) => Ok(Some(Zeroizing::new(text))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(self.failed(&error)),
            }
        })
    }

    fn save<'a>(&'a self, key_pem: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { self.write(key_pem).map_err(|error| self.failed(&error)) })
    }
}

#[cfg(test)]
mod tests;
