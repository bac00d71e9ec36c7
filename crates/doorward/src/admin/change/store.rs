//! The certificate store: uploading and deleting.

use std::{collections::BTreeMap, sync::Arc};

use ::watch::{folder::CERTIFICATE_ID, state::NewSecret};
use cluster::store::is_own_secret;
use jiff::Timestamp;
use model::Fingerprint;
use tracing::info;
use translate::{
    World,
    world::{Key, Object, Secret},
};

use super::{KeepError, Shelf, no_certificate, seen, served};
use crate::{
    admin::{Sight, answer::ApiError},
    view::{CertificateView, Upload, find, uses_of},
};

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
        let world = sight.world();
        self.refuse_if_written_by_hand(&world, &id)?;
        // A Secret that has the id keeps its name.
        let holder = find(&world, &id).map(|(_, secret)| secret.reference.name.clone());
        if pair.is_expired(Timestamp::now()) {
            return Err(ApiError::invalid(format!(
                "the certificate expired on {}: upload one that is still valid",
                pair.not_after
            )));
        }
        let secret = NewSecret {
            namespace: &self.store_namespace,
            name: holder.as_deref().unwrap_or(&id),
            labels: BTreeMap::from([(CERTIFICATE_ID, id.as_str())]),
            annotations: BTreeMap::new(),
            certificate_pem: &x509::chain_pem(&pair),
            key_pem: &x509::key_pem(&pair),
        };
        self.keep
            .put_secret(&secret)
            .await
            .map_err(|error| ApiError::from(error).on(format!("certificate {id}")))?;
        info!(%id, fingerprint = %pair.fingerprint, "certificate uploaded");

        let stored = |world: &Arc<World>| {
            let found = find(world, &id).and_then(|(_, secret)| secret.body.pair.as_ref().ok());
            found.is_some_and(|held| **held == pair)
        };
        seen(&sight.worlds, stored).await?;
        served(sight).await?;
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
        self.keep
            .delete_secret(namespace.unwrap_or_default(), name)
            .await
            .map_err(|error| ApiError::from(error).on(format!("certificate {id}")))?;
        info!(%id, "certificate deleted");
        seen(&sight.worlds, |world| find(world, id).is_none()).await
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
        let Some(place) = self.keep.written_elsewhere(secret) else { return Ok(()) };
        let what = format!("{} is written in {place}: change it there", secret.reference);
        Err(ApiError::from(KeepError::WrittenElsewhere(what)).on(format!("certificate {id}")))
    }
}

/// An id is a label's value and a file's name: the part of both alphabets that is shared.
fn checked_id(id: String) -> Result<String, ApiError> {
    if is_own_secret(&id) {
        return Err(ApiError::invalid(format!(
            "id {id:?} is the name of a Secret of Doorward's own: choose another"
        )));
    }
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
