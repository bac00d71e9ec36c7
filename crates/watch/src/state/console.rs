//! The owner of what the console verbs changed. A change is on disk before anybody sees it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use model::{CertificateId, ListenerKey};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use translate::world::{Console, ConsoleEdit};

use super::{StateError, StateFolder, StateView, Unreadable, read_if_there, set_aside, write};

/// Worlds count their generations from 1, so an edit restored from disk belongs to none of them.
const RESTORED: u64 = 0;

/// Holds the console's changes and publishes them. Read-only modes and chosen Defaults are kept
/// in `console.yaml`; certificates added or removed by hand last until the next reconcile.
#[derive(Debug)]
pub struct ConsoleStore {
    state: Arc<StateFolder>,
    console: watch::Sender<Console>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Saved {
    read_only: BTreeMap<Arc<str>, bool>,
    defaults: BTreeMap<String, String>,
}

impl StateView {
    /// What operators changed by hand and was kept.
    pub fn load_console(&self) -> Result<(Console, Option<Unreadable>), StateError> {
        let path = self.console();
        Ok(match read_if_there(&path)?.map(|text| serde_saphyr::from_str::<Saved>(&text)) {
            None => Default::default(),
            Some(Ok(saved)) => (saved.restore(), None),
            Some(Err(error)) => {
                (Console::default(), Some(Unreadable { path, why: error.to_string() }))
            }
        })
    }

    fn console(&self) -> PathBuf {
        self.path().join("console.yaml")
    }
}

impl Saved {
    fn restore(self) -> Console {
        let mut console = Console { read_only: self.read_only, ..Console::default() };
        for (listener, id) in &self.defaults {
            if let Ok(key) = listener.parse() {
                let edit = ConsoleEdit { id: CertificateId::store(id), generation: RESTORED };
                console.defaults.insert(key, edit);
            }
        }
        console
    }
}

impl ConsoleStore {
    pub fn open(state: Arc<StateFolder>) -> Result<Self, StateError> {
        let (console, unreadable) = state.view.load_console()?;
        unreadable.iter().for_each(set_aside);
        Ok(Self { state, console: watch::Sender::new(console) })
    }

    pub fn subscribe(&self) -> watch::Receiver<Console> {
        self.console.subscribe()
    }

    pub fn set_read_only(&self, load_balancer: &str, enabled: bool) -> Result<(), StateError> {
        self.change(|console| {
            console.read_only.insert(load_balancer.into(), enabled);
        })
    }

    /// `generation` is that of the World the operator saw; so for the others.
    pub fn set_default(
        &self,
        listener: ListenerKey,
        id: CertificateId,
        generation: u64,
    ) -> Result<(), StateError> {
        self.change(|console| {
            drop(console.defaults.insert(listener, ConsoleEdit { id, generation }))
        })
    }

    pub fn add(
        &self,
        listener: ListenerKey,
        id: CertificateId,
        generation: u64,
    ) -> Result<(), StateError> {
        self.change(|console| {
            forget(console.removed.get_mut(&listener), &id);
            remember(&mut console.added, listener, ConsoleEdit { id, generation });
        })
    }

    pub fn remove(
        &self,
        listener: ListenerKey,
        id: CertificateId,
        generation: u64,
    ) -> Result<(), StateError> {
        self.change(|console| {
            forget(console.added.get_mut(&listener), &id);
            remember(&mut console.removed, listener, ConsoleEdit { id, generation });
        })
    }

    fn change(&self, edit: impl FnOnce(&mut Console)) -> Result<(), StateError> {
        let mut outcome = Ok(());
        self.console.send_if_modified(|console| {
            let mut new = console.clone();
            edit(&mut new);
            outcome = self.save(&new);
            let changed = outcome.is_ok() && *console != new;
            if changed {
                *console = new;
            }
            changed
        });
        outcome
    }

    fn save(&self, console: &Console) -> Result<(), StateError> {
        let defaults = console
            .defaults
            .iter()
            .map(|(key, edit)| (key.to_string(), edit.id.to_string()))
            .collect();
        let saved = Saved { read_only: console.read_only.clone(), defaults };
        // Texts and flags in maps: there is nothing that the serialiser could refuse.
        let text = serde_saphyr::to_string(&saved).expect("the console is plain YAML");
        write(&self.state.view.console(), text.as_bytes(), 0o600)
    }
}

/// One edit for each certificate; those of former generations have had their time.
fn remember(
    edits: &mut BTreeMap<ListenerKey, Vec<ConsoleEdit>>,
    listener: ListenerKey,
    new: ConsoleEdit,
) {
    let edits = edits.entry(listener).or_default();
    edits.retain(|edit| edit.generation == new.generation && edit.id != new.id);
    edits.push(new);
}

fn forget(edits: Option<&mut Vec<ConsoleEdit>>, id: &CertificateId) {
    if let Some(edits) = edits {
        edits.retain(|edit| edit.id != *id);
    }
}
