//! Files to a World: which object stands where several have one name, and what stays of those
//! that cannot be read any more.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use model::{CertificateId, Origin, Reason, Verdict};
use translate::world::{Key, Object, Objects, Secret, World};

use super::{any_object::AnyObject, file::FileState, object::Item};

/// The next World. Where `previous` differs in nothing, it is told so by [`differ`].
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
    settle_store_ids(&mut world, stored, previous);
    world
}

/// Whether objects differ, and whether anything does.
pub(crate) struct Difference {
    pub(crate) objects: bool,
    pub(crate) any: bool,
}

pub(crate) fn differ(a: &World, b: &World) -> Difference {
    let objects = !(same(&a.ingress_classes, &b.ingress_classes)
        && same(&a.alb_configs, &b.alb_configs)
        && same(&a.ingresses, &b.ingresses)
        && same(&a.services, &b.services)
        && same(&a.endpoint_slices, &b.endpoint_slices)
        && same(&a.endpoints, &b.endpoints)
        && same(&a.secrets, &b.secrets));
    Difference { objects, any: objects || a.faults != b.faults }
}

/// Pointers are compared: an object that did not change keeps its own.
fn same<T>(a: &Objects<T>, b: &Objects<T>) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|((a_key, a), (b_key, b))| Arc::ptr_eq(a, b) && a_key == b_key)
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

/// Of two Secrets with one id of the store the first has it; the other is a plain Secret.
fn settle_store_ids(world: &mut World, stored: Vec<Key>, previous: &World) {
    let mut owners: HashMap<CertificateId, Key> = HashMap::new();
    for key in stored {
        let Some(secret) = world.secrets.get(&key) else { continue };
        let Some(id) = secret.body.store_id.clone() else { continue };
        let Some(owner) = owners.get(&id).and_then(|owner| world.secrets.get(owner)) else {
            owners.insert(id, key);
            continue;
        };
        let message = format!(
            "id {id} of the certificate store belongs to {} already, {}: give one of them another \
             id",
            owner.reference,
            place(owner.origin.as_ref())
        );
        let verdict = Verdict::rejected(secret.reference.clone(), Reason::DuplicateObject, message)
            .at(format!("metadata.labels[{:?}]", super::CERTIFICATE_ID))
            .from_origin(secret.origin.clone());
        let plain = without_id(secret, previous.secrets.get(&key));
        world.faults.push(verdict);
        world.secrets.insert(key, plain);
    }
}

/// The Secret without its id; the same pointer as last time, if it was so then.
fn without_id(
    secret: &Object<Secret>,
    before: Option<&Arc<Object<Secret>>>,
) -> Arc<Object<Secret>> {
    if let Some(before) = before
        && before.body.store_id.is_none()
        && before.origin == secret.origin
        && let (Ok(a), Ok(b)) = (&before.body.pair, &secret.body.pair)
        && Arc::ptr_eq(a, b)
    {
        return before.clone();
    }
    let mut plain = secret.clone();
    plain.body.store_id = None;
    Arc::new(plain)
}

fn place(origin: Option<&Origin>) -> String {
    origin.map_or_else(|| "read before".to_owned(), |origin| format!("at {origin}"))
}
