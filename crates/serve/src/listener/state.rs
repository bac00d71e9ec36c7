//! Everything a listener serves by, as one value that is swapped whole.

mod content;
mod lineage;
mod servers;

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use model::{BindingStatus, CertificateId, CertificateList, Fingerprint, Listener};

use super::Servers;
use crate::{
    RejectedCertificate,
    ledger::ListenerLedger,
    tls::{Certificates, Holder, KeyPool, Keyring, TlsError, TlsState},
};
use content::version_of;

/// A listener, or one of its servers, as long as it lets in the same clients: what a connection
/// was let in by, and by which it finds the state that serves it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Admission(pub u64);

/// A listener as it is served, or one of the servers on its port.
#[derive(Debug)]
pub struct ListenerState {
    /// What the Model asked for.
    pub wanted: Arc<Listener>,
    /// What is served: the same, save for certificates that could not be loaded.
    pub listener: Arc<Listener>,
    pub certificates: Arc<Certificates>,
    pub tls: Option<Arc<TlsState>>,
    /// `Some`: these answer, and nothing else of this state does.
    pub servers: Option<Servers>,
    pub admission: Admission,
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
    /// Admissions given out so far.
    admissions: u64,
    /// New keys that the present build has tried.
    tried: usize,
}

impl StateBuilder {
    /// Tickets of all listeners are sealed with keys from this ring.
    pub fn new(keyring: Arc<Keyring>) -> Self {
        Self { keyring, ..Self::default() }
    }

    /// The state for `wanted`. `former` is what the listener served before: keys, and whatever
    /// certificate cannot be replaced, live on from it.
    pub fn build(
        &mut self,
        wanted: &Arc<Listener>,
        former: Option<&ListenerState>,
        ledger: Arc<ListenerLedger>,
    ) -> Result<ListenerState, TlsError> {
        self.tried = 0;
        match wanted.servers.is_empty() {
            true => self.build_alone(wanted, Holder::Listener, former, ledger),
            false => Ok(self.build_servers(wanted, former, &ledger)),
        }
    }

    /// What answers by itself: a listener without servers, or one server.
    fn build_alone(
        &mut self,
        wanted: &Arc<Listener>,
        holder: Holder,
        former: Option<&ListenerState>,
        ledger: Arc<ListenerLedger>,
    ) -> Result<ListenerState, TlsError> {
        let now = Timestamp::now();
        let unchanged = former.filter(|former| {
            former.servers.is_none() && former.wanted.certificates == wanted.certificates
        });
        let (listener, certificates, rejected) = match unchanged {
            Some(former) => (
                with_certificates(wanted, &former.listener.certificates),
                former.certificates.clone(),
                former.rejected.clone(),
            ),
            None => self.load(wanted, holder, former, now),
        };
        let tls = TlsState::new(&listener, certificates.clone(), self.keyring.clone())?;
        let version = version_of(&listener);
        let since = match former {
            Some(former) if former.version == version => former.since,
            _ => now,
        };
        let admission = match former {
            Some(former)
                if former.servers.is_none() && admit_the_same(&former.listener, &listener) =>
            {
                former.admission
            }
            _ => self.new_admission(),
        };
        Ok(ListenerState {
            wanted: wanted.clone(),
            listener,
            certificates,
            tls: tls.map(Arc::new),
            servers: None,
            admission,
            ledger,
            version,
            since,
            rejected,
        })
    }

    fn new_admission(&mut self) -> Admission {
        self.admissions += 1;
        Admission(self.admissions)
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
        holder: Holder,
        former: Option<&ListenerState>,
        now: Timestamp,
    ) -> (Arc<Listener>, Arc<Certificates>, Vec<RejectedCertificate>) {
        let (certificates, new) = Certificates::new(&wanted.certificates, holder, &mut self.pool);
        let mut broken = HashMap::new();
        self.tried += new.len();
        if self.tried <= TRY_AT_ONCE {
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
        let (certificates, _) = Certificates::new(&listener.certificates, holder, &mut self.pool);
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

    /// What serves connections that were let in by this admission; `None`: they have to end, as
    /// their server is gone, or asks something else of its clients now.
    pub fn serving(self: &Arc<Self>, admission: Admission) -> Option<&Arc<Self>> {
        match &self.servers {
            Some(servers) => servers.serving(admission),
            None => Some(self).filter(|state| state.admission == admission),
        }
    }

    /// By which connections may have been let in.
    pub fn admissions(&self) -> Vec<Admission> {
        match &self.servers {
            Some(servers) => servers.states().map(|state| state.admission).collect(),
            None => vec![self.admission],
        }
    }

    /// Whether a client has to shake hands before anything else.
    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some() || self.servers.is_some()
    }

    /// Servers whose settings cannot be used, as one text.
    pub fn trouble(&self) -> Option<String> {
        let servers = self.servers.iter().flat_map(Servers::iter);
        let troubles: Vec<_> = servers
            .filter_map(|server| {
                Some(format!("server {}: {}", server.name, server.state.as_ref().err()?))
            })
            .collect();
        (!troubles.is_empty()).then(|| troubles.join("; "))
    }
}

/// Whether both ask the same of a client when it connects.
fn admit_the_same(former: &Listener, next: &Listener) -> bool {
    former.protocol == next.protocol
        && former.tls == next.tls
        && former.access == next.access
        && former.tunnel.is_some() == next.tunnel.is_some()
}

/// `listener` with this list, without a copy if it has it already.
fn with_certificates(listener: &Arc<Listener>, list: &CertificateList) -> Arc<Listener> {
    if listener.certificates == *list {
        return listener.clone();
    }
    Arc::new(Listener { certificates: list.clone(), ..Listener::clone(listener) })
}

#[cfg(test)]
mod tests;
