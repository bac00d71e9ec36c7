//! The ConfigMap's form: one short YAML text for each kind of edit. Whatever can be read counts;
//! people edit it too.
//!
//! ```yaml
//! data:
//!   readOnly: "edge-lb: false"
//!   newDefaults: "edge-lb:443: 756-cn-hangzhou"   # obeyed until the next reconcile
//!   defaults: "edge-lb:8443: 901-cn-hangzhou"     # obeyed while still wanted
//!   added: "edge-lb:443: [812-cn-hangzhou]"       # until the next reconcile
//!   removed: "edge-lb:443: [777-cn-hangzhou]"     # until the next reconcile
//! ```

use std::collections::BTreeMap;

use model::{CertificateId, ListenerKey};
use serde_json::Value;
use translate::world::{Console, ConsoleEdit};

use super::{NOT_FRESH, standing};

const READ_ONLY: &str = "readOnly";
const DEFAULTS: &str = "defaults";
const NEW_DEFAULTS: &str = "newDefaults";
const ADDED: &str = "added";
const REMOVED: &str = "removed";

type Data = BTreeMap<String, String>;
type Edits = BTreeMap<ListenerKey, Vec<ConsoleEdit>>;

/// What can be read, and what cannot.
pub fn read(data: &Data) -> (Console, Vec<String>) {
    let mut reading = Reading { data, problems: Vec::new() };
    let mut console = Console::default();
    for (name, value) in reading.section(READ_ONLY) {
        match value.as_bool() {
            Some(is_on) => drop(console.read_only.insert(name.into(), is_on)),
            None => reading.problem(READ_ONLY, &name, "write true or false"),
        }
    }
    for (section, generation) in [(DEFAULTS, NOT_FRESH), (NEW_DEFAULTS, ConsoleEdit::STANDING)] {
        for (listener, value) in reading.listeners(section) {
            match id(&value) {
                Some(id) => drop(console.defaults.insert(listener, ConsoleEdit { id, generation })),
                None => reading.problem(section, &listener.to_string(), "write one id, in quotes"),
            }
        }
    }
    console.added = reading.edits(ADDED);
    console.removed = reading.edits(REMOVED);
    (console, reading.problems)
}

struct Reading<'a> {
    data: &'a Data,
    problems: Vec<String>,
}

impl Reading<'_> {
    fn section(&mut self, section: &str) -> BTreeMap<String, Value> {
        let text = self.data.get(section).filter(|text| !text.trim().is_empty());
        let Some(text) = text else { return BTreeMap::new() };
        serde_saphyr::from_str(text).unwrap_or_else(|error| {
            let line = error.to_string().lines().next().unwrap_or_default().to_owned();
            self.problems.push(format!("data.{section} cannot be read ({line})"));
            BTreeMap::new()
        })
    }

    fn listeners(&mut self, section: &str) -> Vec<(ListenerKey, Value)> {
        let mut listeners = Vec::new();
        for (name, value) in self.section(section) {
            match name.parse() {
                Ok(listener) => listeners.push((listener, value)),
                Err(_) => self.problem(section, &name, "write LOADBALANCER:PORT"),
            }
        }
        listeners
    }

    fn edits(&mut self, section: &str) -> Edits {
        let mut edits = Edits::new();
        for (listener, value) in self.listeners(section) {
            let ids = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let read: Vec<_> = ids.iter().filter_map(id).collect();
            if !value.is_array() || read.len() < ids.len() {
                self.problem(section, &listener.to_string(), "write a list of ids, in quotes");
            }
            edits.insert(listener, read.iter().map(standing).collect());
        }
        edits
    }

    fn problem(&mut self, section: &str, name: &str, cure: &str) {
        self.problems.push(format!("data.{section}: {name:?} does not count: {cure}"));
    }
}

fn id(value: &Value) -> Option<CertificateId> {
    value.as_str().filter(|id| !id.is_empty()).map(CertificateId::store)
}

/// Writes what differs. What people wrote elsewhere stays as it is, even where it cannot be read.
pub fn write(data: &mut Data, before: &Console, after: &Console) {
    let mut put = |section: &str, new: BTreeMap<String, Value>, differs: bool| {
        if !differs {
            return;
        }
        if new.is_empty() {
            data.remove(section);
            return;
        }
        // Texts, flags and lists of texts: there is nothing that the serialiser could refuse.
        let text = serde_saphyr::to_string(&new).expect("the console is plain YAML");
        data.insert(section.to_owned(), text);
    };
    let read_only = after.read_only.iter().map(|(name, is_on)| (name.to_string(), (*is_on).into()));
    put(READ_ONLY, read_only.collect(), before.read_only != after.read_only);
    for (section, is_new) in [(DEFAULTS, false), (NEW_DEFAULTS, true)] {
        let (old, new) = (defaults(before, is_new), defaults(after, is_new));
        let differs = old != new;
        put(section, new, differs);
    }
    put(ADDED, lists(&after.added), before.added != after.added);
    put(REMOVED, lists(&after.removed), before.removed != after.removed);
}

fn defaults(console: &Console, is_new: bool) -> BTreeMap<String, Value> {
    let edits = console.defaults.iter();
    edits
        .filter(|(_, edit)| (edit.generation == ConsoleEdit::STANDING) == is_new)
        .map(|(listener, edit)| (listener.to_string(), edit.id.as_str().into()))
        .collect()
}

fn lists(edits: &Edits) -> BTreeMap<String, Value> {
    let edits = edits.iter().filter(|(_, edits)| !edits.is_empty());
    edits
        .map(|(listener, edits)| {
            let ids: Vec<&str> = edits.iter().map(|edit| edit.id.as_str()).collect();
            (listener.to_string(), ids.into())
        })
        .collect()
}

#[cfg(test)]
mod tests;
