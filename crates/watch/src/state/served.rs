//! What listeners held last, as one file. What it says is the business of who writes it.

use std::path::PathBuf;

use super::{StateError, StateFolder, StateView, read_if_there, write};

impl StateView {
    /// `None`: nobody has written it down yet.
    pub fn load_served(&self) -> Result<Option<String>, StateError> {
        read_if_there(&self.served())
    }

    pub fn served(&self) -> PathBuf {
        self.path().join("served.json")
    }
}

impl StateFolder {
    /// Writes or replaces it, in one step.
    pub fn save_served(&self, text: &str) -> Result<(), StateError> {
        write(&self.view.served(), text.as_bytes(), 0o600)
    }
}
