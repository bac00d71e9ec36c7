//! What the translation must remember across a restart, as files of the state folder.

mod listener;
mod texts;

use std::{fs, path::PathBuf};

use translate::Memory;
use zeroize::Zeroizing;

pub use texts::MemoryTexts;

use super::{StateError, StateFolder, StateView, Unreadable, read_if_there, set_aside, write};

impl StateView {
    /// What was saved. Whatever cannot be read is lost, and everything else goes on.
    pub fn load_memory(&self) -> Result<(Memory, Vec<Unreadable>), StateError> {
        let path = self.path().join(MemoryTexts::INDEX);
        let folder = self.held_over();
        let Some(index) = read_if_there(&path)? else { return Ok(Default::default()) };
        let held_over = |name: &str| {
            let text = fs::read_to_string(folder.join(name));
            text.map(Zeroizing::new).map_err(|error| error.to_string())
        };
        Ok(match MemoryTexts::read(&index, held_over) {
            Ok((memory, lost)) => {
                let lost = lost.into_iter();
                let lost = lost.map(|(name, why)| Unreadable { path: folder.join(name), why });
                (memory, lost.collect())
            }
            Err(why) => (Memory::default(), vec![Unreadable { path, why }]),
        })
    }

    fn held_over(&self) -> PathBuf {
        self.path().join("held-over")
    }
}

impl StateFolder {
    /// What was saved. Whatever cannot be read is put aside with a log line.
    pub fn load_memory(&self) -> Result<Memory, StateError> {
        let (memory, unreadable) = self.view.load_memory()?;
        unreadable.iter().for_each(set_aside);
        Ok(memory)
    }

    /// Saves what a restart needs. Certificates go first, then the file that names them, and only
    /// then what is no longer named is removed: at every moment the named ones are there.
    pub fn save_memory(&self, memory: &Memory) -> Result<(), StateError> {
        let folder = self.view.held_over();
        let texts = MemoryTexts::of(memory);
        for (name, certificate) in &texts.held_over {
            let path = folder.join(name);
            if !path.exists() {
                write(&path, MemoryTexts::held_over_text(certificate).as_bytes(), 0o600)?;
            }
        }
        write(&self.view.path().join(MemoryTexts::INDEX), texts.index.as_bytes(), 0o600)?;

        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".yaml") && !texts.held_over.contains_key(&*name) {
                // Left behind it costs a little room and nothing else.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}
