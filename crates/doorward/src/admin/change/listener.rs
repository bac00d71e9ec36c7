//! The verbs of the console: read-only mode, and the certificates of one listener.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use model::{CertificateId, Dialect, Listener, ListenerKey, Model, Protocol};
use tracing::info;
use translate::world::{Console, ConsoleEdit};

use super::{Edit, Shelf, no_certificate, seen, served};
use crate::{
    admin::{
        Sight,
        answer::ApiError,
        read::{no_listener, no_load_balancer},
    },
    view::{ListenerView, LoadBalancerView, find},
};

impl Shelf {
    /// Makes a certificate the Default of a listener.
    pub async fn set_default(
        &self,
        sight: &Sight,
        key: &ListenerKey,
        id: &str,
    ) -> Result<ListenerView, ApiError> {
        let (id, generation) = self.admit(sight, key, id)?;
        let listener = key.clone();
        self.keep.edit(Edit::Default { listener, id: id.clone(), generation }).await?;
        let edits = |console: &Console| console.defaults.get(key).map(|edit| edit.id.clone());
        seen(&sight.worlds, |world| edits(&world.console).as_ref() == Some(&id)).await?;
        let model = sight.model();
        let default = model.listener(key).and_then(|held| held.certificates.default_binding());
        match default {
            Some(default) if default.id == id => served(sight).await?,
            stays => {
                let stays = stays.map_or("none".into(), |default| default.id.to_string());
                let message = format!(
                    "the Default stays {stays}, as the manifests say: change `defaultCertificate` or `IsDefault` there"
                );
                return Err(not_applied(key, message));
            }
        }
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
        let listener = key.clone();
        self.keep.edit(Edit::Add { listener, id: id.clone(), generation }).await?;
        seen(&sight.worlds, |world| names(world.console.added.get(key), &id)).await?;
        if !holds(&sight.model(), key, &id) {
            return Err(not_applied(key, OVERTAKEN));
        }
        served(sight).await?;
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
        let (listener, generation) = (key.clone(), world.generation);
        self.keep.edit(Edit::Remove { listener, id: id.clone(), generation }).await?;
        seen(&sight.worlds, |world| names(world.console.removed.get(key), &id)).await?;
        if holds(&sight.model(), key, &id) {
            return Err(not_applied(key, OVERTAKEN));
        }
        served(sight).await?;
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
        self.keep.edit(Edit::ReadOnly { load_balancer: name.to_owned(), enabled }).await?;
        let switched = |model: &Arc<Model>| {
            let found = model.load_balancers.iter().find(|balancer| *balancer.name == *name);
            found.is_none_or(|balancer| balancer.read_only == enabled)
        };
        seen(&sight.models, switched).await?;
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
}

fn writable_listener(model: &Model, key: &ListenerKey) -> Result<Arc<Listener>, ApiError> {
    let balancer = model.load_balancers.iter().find(|balancer| balancer.name == key.load_balancer);
    let listener = model.listener(key).ok_or_else(|| no_listener(model, key))?;
    if balancer.is_some_and(|balancer| balancer.dialect == Dialect::Istio) {
        return Err(ApiError::conflict(
            "FollowsGateways",
            "its servers serve what Gateways name: change credentialName there, or the Secret that it names",
        )
        .on(format!("listener {key}")));
    }
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

fn holds(model: &Model, key: &ListenerKey, id: &CertificateId) -> bool {
    let bindings = model.listener(key).map(|listener| listener.certificates.bindings.as_slice());
    bindings.unwrap_or_default().iter().any(|binding| binding.id == *id)
}

fn names(edits: Option<&Vec<ConsoleEdit>>, id: &CertificateId) -> bool {
    edits.into_iter().flatten().any(|edit| edit.id == *id)
}

/// Edits of the console last until the next reconcile, which may be the very next moment.
const OVERTAKEN: &str =
    "the manifests changed meanwhile, and listeners follow them: look again, and repeat the change";

fn not_applied(key: &ListenerKey, message: impl Into<String>) -> ApiError {
    ApiError::conflict("NotApplied", message).on(format!("listener {key}"))
}
