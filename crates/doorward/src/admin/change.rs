//! What can be changed: the certificate store, and, where read-only mode is off, the certificates
//! of a listener.
//!
//! A change is written to the state folder and comes back through the World. It is answered when
//! it is served, so that who asked may rely on it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ::watch::state::{ConsoleStore, NewSecret, StateError, StateFolder};
use http::StatusCode;
use jiff::Timestamp;
use model::{CertificateId, Fingerprint, Listener, ListenerKey, Model, Protocol};
use tokio::{sync::watch, task::block_in_place, time::timeout};
use tracing::info;
use translate::{
    World,
    world::{Key, Object, Secret},
};

use super::{
    answer::ApiError,
    read::{Sight, no_listener, no_load_balancer},
};
use crate::view::{CertificateView, ListenerView, LoadBalancerView, Upload, find, uses_of};

/// A change is served within a fraction of a second; on a very busy machine within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where changes are put.
pub struct Shelf {
    pub state: Arc<StateFolder>,
    pub console: Arc<ConsoleStore>,
    pub store_namespace: Arc<str>,
}

impl Shelf {
    /// Validates a pair and puts it into the store, replacing what the id had.
    pub async fn upload(&self, sight: &Sight, upload: Upload) -> Result<CertificateView, ApiError> {
        let Upload { id, certificate, private_key } = upload;
        let pair = x509::read_pair(certificate.as_bytes(), private_key.as_bytes())
            .map_err(|problem| ApiError::invalid(problem.to_string()))?;
        let id = match id {
            Some(id) => checked_id(id)?,
            None => short_id(pair.fingerprint),
        };
        self.refuse_if_written_by_hand(&sight.world(), &id)?;
        if pair.is_expired(Timestamp::now()) {
            return Err(ApiError::invalid(format!(
                "the certificate expired on {}: upload one that is still valid",
                pair.not_after
            )));
        }
        block_in_place(|| {
            self.state.put_secret(&NewSecret {
                namespace: &self.store_namespace,
                name: &id,
                labels: BTreeMap::from([("doorward.dev/certificate-id", id.as_str())]),
                certificate_pem: &x509::chain_pem(&pair),
                key_pem: &x509::key_pem(&pair),
            })
        })
        .map_err(|error| not_written(&error))?;
        info!(%id, fingerprint = %pair.fingerprint, "certificate uploaded");

        let stored = |world: &World| {
            let found = find(world, &id).and_then(|(_, secret)| secret.body.pair.as_ref().ok());
            found.is_some_and(|held| **held == pair)
        };
        seen(sight.worlds.clone(), stored).await?;
        sight.certificate(&id)
    }

    /// Takes a certificate out of the store, if no listener holds it.
    pub async fn delete(&self, sight: &Sight, id: &str) -> Result<(), ApiError> {
        let (world, model) = (sight.world(), sight.model());
        let (found, secret) = find(&world, id).ok_or_else(|| no_certificate(id))?;
        self.refuse_if_from_manifests(id, secret)?;
        if let Some(uses) = uses_of(&model).get(&found) {
            let listeners: Vec<_> = uses.iter().map(|used| used.listener.as_str()).collect();
            return Err(ApiError::conflict(
                "CertificateInUse",
                format!("listeners hold it: {}; give them another first", listeners.join(", ")),
            )
            .on(format!("certificate {id}")));
        }
        let (namespace, name) = (secret.reference.namespace.as_deref(), &*secret.reference.name);
        block_in_place(|| self.state.delete_secret(namespace.unwrap_or_default(), name))
            .map_err(|error| not_written(&error))?;
        info!(%id, "certificate deleted");
        seen(sight.worlds.clone(), |world| find(world, id).is_none()).await
    }

    /// Makes a certificate the Default of a listener.
    pub async fn set_default(
        &self,
        sight: &Sight,
        key: &ListenerKey,
        id: &str,
    ) -> Result<ListenerView, ApiError> {
        let (id, generation) = self.admit(sight, key, id)?;
        self.console
            .set_default(key.clone(), id.clone(), generation)
            .map_err(|error| not_written(&error))?;
        let is_default = |listener: &Listener| {
            listener.certificates.default_binding().is_some_and(|default| default.id == id)
        };
        served(sight, key, is_default).await.map_err(|timeout| {
            let stays = sight.model().listener(key).and_then(|listener| {
                Some(listener.certificates.default_binding()?.id.to_string())
            });
            match stays {
                Some(stays) if stays != *id.as_str() => ApiError::conflict(
                    "NotApplied",
                    format!("the Default stays {stays}, as the manifests say: change `defaultCertificate` or `IsDefault` there"),
                )
                .on(format!("listener {key}")),
                _ => timeout,
            }
        })?;
        info!(listener = %key, %id, "Default set");
        sight.listener(key)
    }

    /// Adds a certificate to a listener; its Default stays.
    pub async fn add(
        &self,
        sight: &Sight,
        key: &ListenerKey,
        id: &str,
    ) -> Result<ListenerView, ApiError> {
        let (id, generation) = self.admit(sight, key, id)?;
        self.console
            .add(key.clone(), id.clone(), generation)
            .map_err(|error| not_written(&error))?;
        served(sight, key, |listener| holds(listener, &id)).await?;
        info!(listener = %key, %id, "certificate added");
        sight.listener(key)
    }

    /// Removes an Additional from a listener.
    pub async fn remove(
        &self,
        sight: &Sight,
        key: &ListenerKey,
        id: &str,
    ) -> Result<ListenerView, ApiError> {
        let (world, model) = (sight.world(), sight.model());
        let listener = writable_listener(&model, key)?;
        let bindings = &listener.certificates.bindings;
        match bindings.iter().find(|binding| binding.id.as_str() == id) {
            None => {
                let message = format!("the listener does not hold certificate {id}");
                return Err(ApiError::not_found(message).on(format!("listener {key}")));
            }
            Some(binding) if binding.is_default => {
                return Err(ApiError::conflict(
                    "CertificateIsDefault",
                    format!("certificate {id} is the Default, which can only be replaced: use `doorward listener set-default {key} OTHER-ID` first"),
                )
                .on(format!("listener {key}")));
            }
            Some(_) => {}
        }
        let id = CertificateId::store(id);
        self.console
            .remove(key.clone(), id.clone(), world.generation)
            .map_err(|error| not_written(&error))?;
        served(sight, key, |listener| !holds(listener, &id)).await?;
        info!(listener = %key, %id, "certificate removed");
        sight.listener(key)
    }

    pub async fn set_read_only(
        &self,
        sight: &Sight,
        name: &str,
        enabled: bool,
    ) -> Result<LoadBalancerView, ApiError> {
        let model = sight.model();
        if !model.load_balancers.iter().any(|balancer| *balancer.name == *name) {
            return Err(no_load_balancer(&model, name));
        }
        self.console.set_read_only(name, enabled).map_err(|error| not_written(&error))?;
        let switched = |model: &Model| {
            let found = model.load_balancers.iter().find(|balancer| *balancer.name == *name);
            found.is_none_or(|balancer| balancer.read_only == enabled)
        };
        seen(sight.models.clone(), switched).await?;
        info!(load_balancer = name, enabled, "read-only mode switched");
        sight.load_balancer(name)
    }

    /// Whether this listener may be given this certificate; and the generation it is asked in.
    fn admit(
        &self,
        sight: &Sight,
        key: &ListenerKey,
        id: &str,
    ) -> Result<(CertificateId, u64), ApiError> {
        let (world, model) = (sight.world(), sight.model());
        let listener = writable_listener(&model, key)?;
        if listener.protocol == Protocol::Http {
            return Err(ApiError::conflict("NotTls", "an HTTP listener has no certificates")
                .on(format!("listener {key}")));
        }
        let (id, secret) = find(&world, id).ok_or_else(|| no_certificate(id))?;
        let refusal = match &secret.body.pair {
            Err(problem) => Some(problem.to_string()),
            Ok(pair) if pair.is_expired(Timestamp::now()) => {
                Some(format!("it expired on {}", pair.not_after))
            }
            Ok(_) => None,
        };
        match refusal {
            None => Ok((id, world.generation)),
            Some(why) => {
                Err(ApiError::conflict("CertificateUnusable", why).on(format!("certificate {id}")))
            }
        }
    }

    /// An upload must not fight with a Secret of the manifests over one name or id.
    fn refuse_if_written_by_hand(&self, world: &World, id: &str) -> Result<(), ApiError> {
        let same_id = find(world, id).map(|(_, secret)| secret);
        let same_name =
            world.secrets.get(&Key::new(&self.store_namespace, id)).map(|secret| &**secret);
        for secret in [same_id, same_name].into_iter().flatten() {
            self.refuse_if_from_manifests(id, secret)?;
        }
        Ok(())
    }

    fn refuse_if_from_manifests(&self, id: &str, secret: &Object<Secret>) -> Result<(), ApiError> {
        let Some(origin) = &secret.origin else { return Ok(()) };
        if origin.file.starts_with(self.state.secrets()) {
            return Ok(());
        }
        Err(ApiError::conflict(
            "WrittenInManifests",
            format!("{} is written in {origin}: change it there", secret.reference),
        )
        .on(format!("certificate {id}")))
    }
}

fn writable_listener(model: &Model, key: &ListenerKey) -> Result<Arc<Listener>, ApiError> {
    let balancer = model.load_balancers.iter().find(|balancer| balancer.name == key.load_balancer);
    let listener = model.listener(key).ok_or_else(|| no_listener(model, key))?;
    if balancer.is_none_or(|balancer| balancer.read_only) {
        let name = &key.load_balancer;
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "ReadOnly",
            format!("load balancer {name} is in read-only mode, its listeners follow the manifests: switch it off with `doorward loadbalancer read-only {name} off`"),
        )
        .on(format!("listener {key}")));
    }
    Ok(listener.clone())
}

fn holds(listener: &Listener, id: &CertificateId) -> bool {
    listener.certificates.bindings.iter().any(|binding| binding.id == *id)
}

/// Waits until the gateway serves the listener so.
async fn served(
    sight: &Sight,
    key: &ListenerKey,
    as_wanted: impl Fn(&Listener) -> bool,
) -> Result<(), ApiError> {
    seen(sight.served.clone(), |served| {
        served.listeners.get(key).is_some_and(|served| as_wanted(&served.listener))
    })
    .await
}

async fn seen<T>(
    mut values: watch::Receiver<Arc<T>>,
    holds: impl Fn(&T) -> bool,
) -> Result<(), ApiError> {
    match timeout(PATIENCE, values.wait_for(|value| holds(value))).await {
        Ok(Ok(_)) => Ok(()),
        // The stage has ended: Doorward is stopping.
        Ok(Err(_)) | Err(_) => Err(ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "NotSeenYet",
            "the change is written, but did not take effect in time: see `doorward get verdicts`",
        )),
    }
}

fn no_certificate(id: &str) -> ApiError {
    ApiError::not_found("there is no such certificate: see `doorward certificate list`")
        .on(format!("certificate {id}"))
}

fn not_written(error: &StateError) -> ApiError {
    ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "StateFolder", error.to_string())
}

/// An id is a label's value and a file's name: the part of both alphabets that is shared.
fn checked_id(id: String) -> Result<String, ApiError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let ends_well = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let (first, last) = (id.bytes().next(), id.bytes().last());
    if id.len() <= 63 && id.bytes().all(fits) && ends_well(first) && ends_well(last) {
        return Ok(id);
    }
    Err(ApiError::invalid(format!(
        "id {id:?}: use 1-63 letters, digits, '-' and '.', a letter or digit first and last"
    )))
}

fn short_id(Fingerprint(bytes): Fingerprint) -> String {
    bytes[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
