//! Which Secrets the objects of a World name, whether these exist or not.
//!
//! Sources that may not or need not hold every Secret ask here which ones they must fetch. It is
//! no matter of validity: an object with faults names its Secrets as well.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use crate::{World, issuers::secrets_in, world::Key};

/// The Secrets that `spec.tls` of Ingresses, `defaultCertificate` of AlbConfigs and Issuers name;
/// those of Issuers are in the store namespace.
pub fn named_secrets(world: &World, store_namespace: &Arc<str>) -> BTreeSet<Key> {
    let mut named = BTreeSet::new();
    for (ingress, object) in &world.ingresses {
        let tls = object.body.spec.iter().flat_map(|spec| spec.tls.iter().flatten());
        for name in tls.filter_map(|entry| entry.secret_name.as_deref()) {
            if !name.is_empty() {
                let namespace = ingress.namespace.clone();
                named.insert(Key { namespace, name: name.into() });
            }
        }
    }
    for object in world.alb_configs.values() {
        let listeners = field(&object.body, "spec").and_then(|spec| field(spec, "listeners"));
        for listener in listeners.and_then(Value::as_array).into_iter().flatten() {
            named.extend(field(listener, "defaultCertificate").and_then(secret_of));
        }
    }
    for object in world.issuers.values() {
        let mut names = BTreeSet::new();
        secrets_in(&object.body.0, &mut names);
        named.extend(
            names
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(|name| Key { namespace: store_namespace.clone(), name: name.into() }),
        );
    }
    named
}

fn secret_of(block: &Value) -> Option<Key> {
    let text = |name| field(block, name)?.as_str();
    (text("kind") == Some("Secret")).then_some(())?;
    Some(Key::new(text("namespace")?, text("name")?))
}

/// A field of an AlbConfig, whose keys are matched without case.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = value.as_object()?;
    let by_case = || fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    fields.get(name).or_else(|| by_case().map(|(_, value)| value))
}

#[cfg(test)]
mod tests;
