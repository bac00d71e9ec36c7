//! Everything a listener serves by, as one value that is swapped whole.

use std::{collections::HashMap, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use model::{BindingStatus, CertificateId, CertificateList, Fingerprint, Listener};

use crate::{
    RejectedCertificate,
    ledger::ListenerLedger,
    tls::{Certificates, KeyPool, Keyring, TlsError, TlsState},
};

/// A listener as it is served.
#[derive(Debug)]
pub struct ListenerState {
    /// What the Model asked for.
    pub wanted: Arc<Listener>,
    /// What is served: the same, save for certificates that could not be loaded.
    pub listener: Arc<Listener>,
    pub certificates: Arc<Certificates>,
    pub tls: Option<Arc<TlsState>>,
    pub ledger: Arc<ListenerLedger>,
    pub version: Arc<str>,
    pub since: Timestamp,
    pub rejected: Vec<RejectedCertificate>,
}

/// New certificates whose keys are tried before they are published. More than these come only
/// with the first Model or a mass change, where it would take too long; the crate `x509` has
/// matched each key with its certificate already.
const TRY_AT_ONCE: usize = 64;

/// Makes the next state of listeners; holds what successive states share.
#[derive(Debug, Default)]
pub struct StateBuilder {
    pool: KeyPool,
    keyring: Arc<Keyring>,
}

impl StateBuilder {
    /// Tickets of all listeners are sealed with keys from this ring.
    pub fn new(keyring: Arc<Keyring>) -> Self {
        Self { pool: KeyPool::default(), keyring }
    }

    /// The state for `wanted`. `former` is what the listener served before: keys, and whatever
    /// certificate cannot be replaced, live on from it.
    pub fn build(
        &mut self,
        wanted: &Arc<Listener>,
        former: Option<&ListenerState>,
        ledger: Arc<ListenerLedger>,
    ) -> Result<ListenerState, TlsError> {
        let now = Timestamp::now();
        let unchanged = former.filter(|former| former.wanted.certificates == wanted.certificates);
        let (listener, certificates, rejected) = match unchanged {
            Some(former) => (
                with_certificates(wanted, &former.listener.certificates),
                former.certificates.clone(),
                former.rejected.clone(),
            ),
            None => self.load(wanted, former, now),
        };
        let tls = TlsState::new(&listener, certificates.clone(), self.keyring.clone())?;
        let tls = tls.map(Arc::new);
        let version = version_of(&listener);
        let since = match former {
            Some(former) if former.version == version => former.since,
            _ => now,
        };
        let wanted = wanted.clone();
        Ok(ListenerState { wanted, listener, certificates, tls, ledger, version, since, rejected })
    }

    /// Forgets keys that no state holds any more.
    pub fn tidy(&mut self) {
        self.pool.forget_unused();
    }

    /// The table for `wanted`. Tries the keys that are new, and keeps the former certificate
    /// where one is bad.
    fn load(
        &mut self,
        wanted: &Arc<Listener>,
        former: Option<&ListenerState>,
        now: Timestamp,
    ) -> (Arc<Listener>, Arc<Certificates>, Vec<RejectedCertificate>) {
        let (certificates, new) = Certificates::new(&wanted.certificates, &mut self.pool);
        let mut broken = HashMap::new();
        if new.len() <= TRY_AT_ONCE {
            broken.extend(new.into_iter().filter_map(|fingerprint| {
                Some((fingerprint, certificates.try_key(&fingerprint).err()?.to_owned()))
            }));
        }
        if broken.is_empty() {
            return (wanted.clone(), Arc::new(certificates), Vec::new());
        }
        let mut rejected = Vec::new();
        let mut bindings = wanted.certificates.bindings.clone();
        for binding in &mut bindings {
            let Some(fingerprint) = binding.certificate.as_ref().map(|new| new.fingerprint) else {
                continue;
            };
            let Some(reason) = broken.get(&fingerprint).cloned() else { continue };
            let id = binding.id.clone();
            let since = former
                .and_then(|former| former.rejection_of(&id, &fingerprint))
                .map_or(now, |former| former.since);
            binding.status = BindingStatus::Rejected;
            binding.certificate = former.and_then(|former| former.certificate_of(&id)).cloned();
            rejected.push(RejectedCertificate { id, fingerprint, reason, since });
        }
        let listener = with_certificates(wanted, &CertificateList { bindings });
        let (certificates, _) = Certificates::new(&listener.certificates, &mut self.pool);
        (listener, Arc::new(certificates), rejected)
    }
}

impl ListenerState {
    fn certificate_of(&self, id: &CertificateId) -> Option<&Arc<model::Certificate>> {
        let bindings = &self.listener.certificates.bindings;
        bindings.iter().find(|binding| binding.id == *id)?.certificate.as_ref()
    }

    fn rejection_of(
        &self,
        id: &CertificateId,
        fingerprint: &Fingerprint,
    ) -> Option<&RejectedCertificate> {
        self.rejected.iter().find(|one| one.id == *id && one.fingerprint == *fingerprint)
    }

    /// Whether connections made under `self` may not go on under `next`: what was asked of the
    /// client when it connected has changed.
    pub fn admits_other_clients(&self, next: &Self) -> bool {
        self.listener.protocol != next.listener.protocol
            || self.listener.tls != next.listener.tls
            || self.listener.access != next.listener.access
    }
}

/// `listener` with this list, without a copy if it has it already.
fn with_certificates(listener: &Arc<Listener>, list: &CertificateList) -> Arc<Listener> {
    if listener.certificates == *list {
        return listener.clone();
    }
    Arc::new(Listener { certificates: list.clone(), ..Listener::clone(listener) })
}

/// Names the content of what handshakes see: equal content, equal name.
fn version_of(listener: &Listener) -> Arc<str> {
    let mut content = Context::new(&SHA256);
    for binding in &listener.certificates.bindings {
        content.update(binding.id.as_str().as_bytes());
        content.update(&[0, u8::from(binding.is_default)]);
        if let Some(certificate) = &binding.certificate {
            content.update(&certificate.fingerprint.0);
        }
    }
    if let Some(tls) = &listener.tls {
        content.update(format!("{:?} {}", tls.versions, tls.http2).as_bytes());
        for root in tls.client_auth.iter().flat_map(|auth| &auth.roots) {
            content.update(root);
        }
    }
    let digest = content.finish();
    digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

#[cfg(test)]
mod tests;
