//! Ids of the certificate store that two Secrets claim.

use std::{collections::HashMap, sync::Arc};

use model::{CertificateId, Origin, Reason, Verdict};
use translate::world::{Key, Object, Secret, World};

use super::CERTIFICATE_ID;

/// Of two Secrets with one id of the store the first has it; the other is a plain Secret.
pub fn settle_store_ids(world: &mut World, stored: Vec<Key>, previous: &World) {
    let mut owners: HashMap<CertificateId, Key> = HashMap::new();
    for key in stored {
        let Some(secret) = world.secrets.get(&key) else { continue };
        let Some(id) = secret.body.store_id.clone() else { continue };
        let Some(owner) = owners.get(&id).and_then(|owner| world.secrets.get(owner)) else {
            owners.insert(id, key);
            continue;
        };
        let message = format!(
            "id {id} of the certificate store belongs to {} already{}: give one of them another id",
            owner.reference,
            place(owner.origin.as_ref())
        );
        let verdict = Verdict::rejected(secret.reference.clone(), Reason::DuplicateObject, message)
            .at(format!("metadata.labels[{:?}]", CERTIFICATE_ID))
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
    origin.map_or_else(String::new, |origin| format!(", at {origin}"))
}
