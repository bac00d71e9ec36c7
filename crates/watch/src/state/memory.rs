//! What the translation must remember across a restart, as files of the state folder.

mod listener;
mod texts;

use std::fs;

use translate::Memory;
use zeroize::Zeroizing;

pub use texts::MemoryTexts;

use super::{StateError, StateFolder, read_if_there, set_aside, write};

impl StateFolder {
    /// What was saved. Whatever cannot be read is put aside with a log line: it is lost, and
    /// everything else goes on.
    pub fn load_memory(&self) -> Result<Memory, StateError> {
        let path = self.root.join(MemoryTexts::INDEX);
        let folder = self.root.join("held-over");
        let Some(index) = read_if_there(&path)? else { return Ok(Memory::default()) };
        let held_over = |name: &str| {
            let text = fs::read_to_string(folder.join(name));
            text.map(Zeroizing::new).map_err(|error| error.to_string())
        };
        match MemoryTexts::read(&index, held_over) {
            Ok((memory, lost)) => {
                lost.iter().for_each(|(name, why)| set_aside(&folder.join(name), why));
                Ok(memory)
            }
            Err(why) => {
                set_aside(&path, &why);
                Ok(Memory::default())
            }
        }
    }

    /// Saves what a restart needs. Certificates go first, then the file that names them, and only
    /// then what is no longer named is removed: at every moment the named ones are there.
    pub fn save_memory(&self, memory: &Memory) -> Result<(), StateError> {
        let folder = self.root.join("held-over");
        let texts = MemoryTexts::of(memory);
        for (name, certificate) in &texts.held_over {
            let path = folder.join(name);
            if !path.exists() {
                write(&path, MemoryTexts::held_over_text(certificate).as_bytes(), 0o600)?;
            }
        }
        write(&self.root.join(MemoryTexts::INDEX), texts.index.as_bytes(), 0o600)?;

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
