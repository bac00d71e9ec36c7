//! Which Secrets the objects of a World name, whether these exist or not.
//!
//! Sources that may not or need not hold every Secret ask here which ones they must fetch. It is
//! no matter of validity: an object with faults names its Secrets as well.

use std::{collections::BTreeSet, sync::Arc};

use model::{CHALLENGES_SECRET, resource::ca_secret};
use serde_json::Value;

use crate::{World, issuers::secrets_in, istio, world::Key};

/// Where Secrets lie that are named without a namespace.
#[derive(Clone, Copy, Debug)]
pub struct SecretHomes<'a> {
    /// Those that Issuers name.
    pub store: &'a Arc<str>,
    /// Those that servers of Gateways name.
    pub gateway: &'a Arc<str>,
}

/// The Secrets that `spec.tls` of Ingresses, `defaultCertificate` of AlbConfigs, Issuers and
/// servers of Gateways name; and where there are Issuers, the one with their open challenges, which
/// every replica answers.
pub fn named_secrets(world: &World, homes: &SecretHomes<'_>) -> BTreeSet<Key> {
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
    if !world.issuers.is_empty() {
        named.insert(Key { namespace: homes.store.clone(), name: CHALLENGES_SECRET.into() });
    }
    for object in world.issuers.values() {
        let mut names = BTreeSet::new();
        secrets_in(&object.body.0, &mut names);
        named.extend(
            names
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(|name| Key { namespace: homes.store.clone(), name: name.into() }),
        );
    }
    for object in world.gateways.values() {
        let servers = object.body.0.pointer("/spec/servers").and_then(Value::as_array);
        let tls = servers.into_iter().flatten().filter_map(|server| server.get("tls"));
        for written in tls.flat_map(credentials) {
            let Ok((namespace, name)) = istio::secret_of(written) else { continue };
            if namespace.is_some_and(|namespace| *namespace != **homes.gateway) {
                continue;
            }
            // What clients are checked against may be in a Secret of its own.
            for name in [ca_secret(&name), name.into_owned()] {
                named.insert(Key { namespace: homes.gateway.clone(), name: name.into() });
            }
        }
    }
    named
}

/// What a server of a Gateway calls its certificates and its CA.
fn credentials(tls: &Value) -> impl Iterator<Item = &str> {
    let several = tls.get("credentialNames").and_then(Value::as_array);
    let single = ["credentialName", "caCertCredentialName"].into_iter();
    let single = single.filter_map(|field| tls.get(field));
    single.chain(several.into_iter().flatten()).filter_map(Value::as_str)
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
