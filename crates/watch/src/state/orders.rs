//! What is remembered of certificates on order: one file for each page of the order book. What a
//! page says is the business of who writes it.

use std::{fs, io, path::PathBuf};

use zeroize::Zeroizing;

use super::{StateError, StateFolder, StateView, read_if_there, write};

const EXTENSION: &str = "json";

impl StateView {
    /// All pages, by name.
    pub fn load_orders(&self) -> Result<Vec<(String, Zeroizing<String>)>, StateError> {
        let folder = self.orders();
        let failed = |path: PathBuf| |source| StateError::Read { path, source };
        let mut pages = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed(folder.clone()))? {
            let path = entry.map_err(failed(folder.clone()))?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            let is_page = path.extension().is_some_and(|found| found == EXTENSION);
            let Some(name) = name.filter(|name| is_page && !name.starts_with('.')) else {
                continue;
            };
            // Its order may have come to its end since it was listed.
            if let Some(text) = read_if_there(&path)? {
                pages.push((name.to_owned(), Zeroizing::new(text)));
            }
        }
        Ok(pages)
    }

    fn orders(&self) -> PathBuf {
        self.path().join("orders")
    }
}

impl StateFolder {
    /// Writes or replaces a page, in one step.
    pub fn save_order(&self, name: &str, text: &str) -> Result<(), StateError> {
        write(&self.order_path(name)?, text.as_bytes(), 0o600)
    }

    /// A page that is not there is no error.
    pub fn remove_order(&self, name: &str) -> Result<(), StateError> {
        let path = self.order_path(name)?;
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StateError::Write { path, source })
            }
            _ => Ok(()),
        }
    }

    /// A name becomes a part of a path, so nothing gets through that could lead elsewhere.
    fn order_path(&self, name: &str) -> Result<PathBuf, StateError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > 240 || name.starts_with('.') || !name.bytes().all(fits) {
            return Err(StateError::BadName(name.to_owned()));
        }
        Ok(self.view.orders().join(format!("{name}.{EXTENSION}")))
    }
}
