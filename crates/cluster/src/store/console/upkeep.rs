//! Which edits by hand have had their time. Pure: Worlds in, edits out.
//!
//! An edit lasts until the next reconcile: the first World after it in which an object that
//! people write differs. Endpoints do not count, or every pod that comes or goes would undo what
//! an operator did.

use std::{collections::BTreeMap, sync::Arc};

use ::watch::read::differ;
use model::{CertificateId, ListenerKey};
use translate::{
    World,
    world::{Console, ConsoleEdit},
};

use super::{NOT_FRESH, forget};

/// One edit that lasts until the next reconcile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    Added(ListenerKey, CertificateId),
    Removed(ListenerKey, CertificateId),
    /// A Default, obeyed unconditionally.
    Default(ListenerKey, CertificateId),
}

/// Remembers the World that each edit was first seen in.
#[derive(Debug, Default)]
pub struct Upkeep {
    since: BTreeMap<Edit, Arc<World>>,
}

impl Upkeep {
    /// The edits that this World ends.
    pub fn outlived(&mut self, world: &Arc<World>) -> Vec<Edit> {
        let edits = edits(&world.console);
        self.since.retain(|edit, _| edits.contains(edit));
        for edit in edits {
            self.since.entry(edit).or_insert_with(|| world.clone());
        }
        let outlived = self.since.iter().filter(|(_, since)| is_reconcile(since, world));
        outlived.map(|(edit, _)| edit.clone()).collect()
    }
}

fn is_reconcile(before: &World, after: &World) -> bool {
    before.generation != after.generation && differ(before, after).written
}

fn edits(console: &Console) -> Vec<Edit> {
    let is_new = |edit: &&ConsoleEdit| edit.generation == ConsoleEdit::STANDING;
    let added = console.added.iter().flat_map(|(listener, edits)| {
        edits.iter().filter(is_new).map(|edit| Edit::Added(listener.clone(), edit.id.clone()))
    });
    let removed = console.removed.iter().flat_map(|(listener, edits)| {
        edits.iter().filter(is_new).map(|edit| Edit::Removed(listener.clone(), edit.id.clone()))
    });
    let defaults = console.defaults.iter().filter(|(_, edit)| is_new(edit));
    let defaults =
        defaults.map(|(listener, edit)| Edit::Default(listener.clone(), edit.id.clone()));
    added.chain(removed).chain(defaults).collect()
}

/// Takes edits out of the console; a Default stays as one that is obeyed while it is wanted.
pub fn take_out(console: &mut Console, outlived: &[Edit]) {
    for edit in outlived {
        match edit {
            Edit::Added(listener, id) => forget(console.added.get_mut(listener), id),
            Edit::Removed(listener, id) => forget(console.removed.get_mut(listener), id),
            Edit::Default(listener, id) => {
                let default = console.defaults.get_mut(listener);
                if let Some(default) = default.filter(|default| default.id == *id) {
                    default.generation = NOT_FRESH;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
