//! Removes issued certificates that outlived their use: nobody wants them any more, nothing
//! serves them, and they have expired. Until then they stay, for whoever wants them again.

use std::{collections::HashSet, fmt::Display, sync::Arc, time::Duration};

use jiff::Timestamp;
use model::{CertificateId, Model};
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use translate::{World, world::Key};

/// Nothing hurries; and soon after a start the Model may not want all that it will.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// Sweeps every hour, until it is cancelled. `delete` removes a Secret, and is false where there
/// was none.
pub async fn sweep<E: Display, D: Future<Output = Result<bool, E>>>(
    delete: impl Fn(Key) -> D,
    worlds: watch::Receiver<Arc<World>>,
    models: watch::Receiver<Arc<Model>>,
    cancel: CancellationToken,
) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = time::sleep(PAUSE) => {}
        }
        let outlived = outlived(&worlds.borrow(), &models.borrow(), Timestamp::now());
        for key in outlived {
            let Key { namespace, name } = &key;
            match delete(key.clone()).await {
                Ok(true) => info!("removed {namespace}/{name}: it expired, and nobody wants it"),
                Ok(false) => {}
                Err(error) => {
                    warn!("{namespace}/{name} expired, and nobody wants it: {error}");
                }
            }
        }
    }
}

/// The Secrets of issuers that have expired and that no listener and no order names.
fn outlived(world: &World, model: &Model, now: Timestamp) -> Vec<Key> {
    let bound = model.listeners().flat_map(|listener| &listener.certificates.bindings);
    let used: HashSet<&CertificateId> =
        bound.map(|binding| &binding.id).chain(model.wants.iter().map(|want| &want.id)).collect();
    let is_outlived = |key: &Key, secret: &translate::world::Secret| {
        secret.issued_by.is_some()
            && secret.pair.as_ref().is_ok_and(|certificate| certificate.is_expired(now))
            && !used.contains(&CertificateId::secret(&key.namespace, &key.name))
    };
    let secrets = world.secrets.iter();
    secrets
        .filter(|(key, secret)| is_outlived(key, &secret.body))
        .map(|(key, _)| key.clone())
        .collect()
}

#[cfg(test)]
mod tests;
