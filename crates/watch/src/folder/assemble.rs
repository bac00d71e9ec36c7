//! Files to a World: which object stands where several have one name, and what stays of those
//! that cannot be read any more.

use jiff::Timestamp;
use model::{Origin, Reason, Verdict};
use translate::world::{Key, World};

use super::{file::FileState, object::Item};
use crate::read::{self, AnyObject};

/// The next World. Where `previous` differs in nothing, it is told so by [`read::differ`].
pub(crate) fn assemble<'a>(
    files: impl Iterator<Item = &'a mut FileState>,
    previous: &World,
    now: Timestamp,
    next_sequence: &mut u64,
) -> World {
    let mut world = World {
        console: previous.console.clone(),
        generation: previous.generation,
        ..World::default()
    };
    let mut kept = Vec::new();
    let mut stored = Vec::new();
    for file in files {
        world.faults.extend(file.faults.iter().cloned());
        for item in file.documents.iter_mut().flat_map(|document| &mut document.items) {
            match item {
                Item::Object { object, .. } => {
                    object.admit(previous, now, next_sequence);
                    insert(object, &mut world, &mut stored);
                }
                Item::Fault(fault) => {
                    let place = world.faults.len();
                    world.faults.push(fault.verdict.clone());
                    kept.extend(fault.keeps.clone().map(|(kind, key)| (kind, key, place)));
                }
            }
        }
    }
    for (kind, key, fault) in kept {
        if AnyObject::find(&world, kind, &key).is_none()
            && let Some(object) = AnyObject::find(previous, kind, &key)
        {
            insert(&object, &mut world, &mut stored);
            world.faults[fault].message += "; what it said before stays";
        }
    }
    read::settle_store_ids(&mut world, stored, previous);
    world
}

/// Adds an object; of two with one name the first stands. Notes Secrets with an id in `stored`.
fn insert(object: &AnyObject, world: &mut World, stored: &mut Vec<Key>) {
    if let Err(taken) = object.insert_into(world) {
        let reference = object.reference();
        let message = format!(
            "{reference} is defined twice; the first, {}, stands: remove one",
            place(taken.first.as_ref())
        );
        let verdict = Verdict::rejected(reference.clone(), Reason::DuplicateObject, message);
        world.faults.push(verdict.at("metadata.name").from_origin(object.origin().cloned()));
    } else if let AnyObject::Secret(secret) = object
        && secret.body.store_id.is_some()
    {
        stored.push(object.key());
    }
}

fn place(origin: Option<&Origin>) -> String {
    origin.map_or_else(|| "read before".to_owned(), |origin| format!("at {origin}"))
}
