//! Objects as `check` and `plan` look at them: read and translated as `run` would, with nothing
//! started, nobody asked and nothing written.

use std::path::PathBuf;

use ::watch::{
    folder::{Folder, FolderOptions},
    state::{StateView, Unreadable},
};
use anyhow::{Result, ensure};
use jiff::Timestamp;
use model::{Model, Verdict};
use translate::{Memory, Settings, Translation, Translator, World};

use crate::app::issuing::workshop;

/// What manifests come to.
pub struct Found {
    pub model: Model,
    /// All of them, good and bad.
    pub verdicts: Vec<Verdict>,
    /// Files of the state folder.
    pub unreadable: Vec<Unreadable>,
}

/// `state` is what a run would go on with; `None`: it would be the first.
pub fn read(
    paths: &[PathBuf],
    settings: &Settings,
    state: Option<&StateView>,
    now: Timestamp,
) -> Result<Found> {
    for path in paths {
        ensure!(path.exists(), "{}: there is no such file or folder", path.display());
    }
    let mut folder = Folder::new(FolderOptions {
        roots: paths.to_vec(),
        state: state.cloned(),
        store_namespace: settings.store_namespace.clone(),
    });
    let (mut memory, mut console) = (Memory::default(), Default::default());
    let mut unreadable = Vec::new();
    if let Some(state) = state {
        (memory, unreadable) = state.load_memory()?;
        let (kept, broken) = state.load_console()?;
        console = kept;
        unreadable.extend(broken);
    }
    let world = World { console, ..folder.load() };
    Ok(Found { unreadable, ..translated(&world, settings, &memory, now) })
}

/// What a World comes to.
pub fn translated(world: &World, settings: &Settings, memory: &Memory, now: Timestamp) -> Found {
    let mut translation = Translator::default().translate(world, settings, memory, now);
    workshop::judge(&translation.model, &mut translation.verdicts);
    let Translation { model, verdicts, .. } = translation;
    Found { model, verdicts, unreadable: Vec::new() }
}
