//! Single entries of Secrets of the state folder: what issuers keep beside certificates.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{
    StateError, StateFolder, Unreadable, private_folder, read_if_there,
    secret::{Manifest, to_yaml},
    set_aside, write,
};

/// Secrets of one namespace, an entry at a time. The only writer of these Secrets.
#[derive(Debug)]
pub struct SecretEntries {
    state: Arc<StateFolder>,
    namespace: String,
    /// A change reads, then writes.
    writing: Mutex<()>,
}

type Texts = BTreeMap<String, Zeroizing<String>>;

/// In base64.
#[derive(Default, Deserialize)]
struct Saved {
    #[serde(default)]
    data: Texts,
}

impl SecretEntries {
    pub fn new(state: Arc<StateFolder>, namespace: &str) -> Self {
        Self { state, namespace: namespace.to_owned(), writing: Mutex::default() }
    }

    /// `None`: there is no such Secret, or no such entry in it.
    pub fn load(&self, secret: &str, key: &str) -> Result<Option<Zeroizing<String>>, StateError> {
        let path = self.state.secret_path(&self.namespace, secret)?;
        let encoded = read(&path)?.remove(key);
        let bytes = encoded.and_then(|text| STANDARD.decode(text.as_bytes()).ok());
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Zeroizing::new))
    }

    /// Sets an entry, or takes it away. A Secret that is empty is removed.
    pub async fn set(&self, secret: &str, key: &str, text: Option<&str>) -> Result<(), StateError> {
        let _writing = self.writing.lock().await;
        let path = self.state.secret_path(&self.namespace, secret)?;
        let mut data = read(&path)?;
        let before = match text {
            Some(text) => data.insert(key.to_owned(), Zeroizing::new(STANDARD.encode(text))),
            None => data.remove(key),
        };
        match (before, data.is_empty()) {
            (None, true) => Ok(()),
            (Some(_), true) => self.state.delete_secret(&self.namespace, secret).map(drop),
            (_, false) => self.write(&path, secret, &data),
        }
    }

    fn write(&self, path: &Path, name: &str, data: &Texts) -> Result<(), StateError> {
        if let Some(folder) = path.parent() {
            private_folder(folder)
                .map_err(|source| StateError::Write { path: folder.to_owned(), source })?;
        }
        let data = data.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        let labels = BTreeMap::new();
        let manifest = Manifest::new(&self.namespace, name, &labels, "Opaque", data);
        write(path, to_yaml(&manifest).as_bytes(), 0o600)
    }
}

fn read(path: &Path) -> Result<Texts, StateError> {
    let Some(text) = read_if_there(path)?.map(Zeroizing::new) else { return Ok(Texts::new()) };
    match serde_saphyr::from_str::<Saved>(&text) {
        Ok(saved) => Ok(saved.data),
        // The library's words may quote the text.
        Err(_) => {
            let why = "it is no Secret".to_owned();
            set_aside(&Unreadable { path: path.to_owned(), why });
            Ok(Texts::new())
        }
    }
}

#[cfg(test)]
mod tests;
