//! What one translation leaves for the next: the only state of this crate, passed in and out.

use std::{collections::BTreeMap, sync::Arc};

use model::{Certificate, CertificateId, ListenerKey, Name, ObjectRef};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use crate::claim::{AlbListenerSpec, FixedCertificates};

/// Kept in the state folder as far as a restart needs it (all but `bound`, `client_roots` and most of `servers`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// The Default each listener had: it stays while it is still wanted and unexpired. Listeners
    /// that are gone keep theirs, in case they come back.
    pub defaults: BTreeMap<ListenerKey, CertificateId>,
    /// Every certificate that is bound now, so that it is at hand when its object turns bad.
    pub bound: BTreeMap<CertificateId, Arc<Certificate>>,
    /// Those of `bound` whose object is bad or gone and that are served all the same.
    pub held_over: BTreeMap<CertificateId, Arc<Certificate>>,
    /// The last good certificate list of AlbConfig listeners.
    pub lists: BTreeMap<ListenerKey, FixedCertificates>,
    /// What each server of a listener that shares its port answered with last.
    pub servers: BTreeMap<ServerKey, ServedBefore>,
    /// The roots that clients' certificates are checked against now.
    pub client_roots: BTreeMap<CertificateId, Arc<ClientRoots>>,
    /// The last good listener settings of AlbConfigs, for when the new ones have a wrong type.
    pub listeners: BTreeMap<ListenerKey, Arc<AlbListenerSpec>>,
    /// What objects of the dialect `elb` wrote.
    pub elb: BTreeMap<ObjectRef, ElbPast>,
}

/// A server's listener and name.
pub type ServerKey = (ListenerKey, Arc<str>);

/// The certificates of a server, and the names that it answered for with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedBefore {
    pub hosts: Vec<Name>,
    pub ids: Vec<CertificateId>,
    /// What clients' certificates were checked against; not kept across a restart.
    pub client_ca: Vec<CertificateId>,
}

/// What one CA has to say of clients' certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientRoots {
    pub roots: Vec<CertificateDer<'static>>,
    pub crls: Vec<CertificateRevocationListDer<'static>>,
}

/// What one object of the dialect `elb` wrote before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElbPast {
    /// What CCE never lets change, as first seen.
    pub first: ElbTexts,
    /// All annotations, each as it was when it last could be used. `None` while the object has
    /// not been good as a whole.
    pub good: Option<Arc<ElbTexts>>,
}

/// Annotation values of one object of the dialect `elb`, by name without the prefix.
pub type ElbTexts = BTreeMap<Arc<str>, Arc<str>>;

impl Memory {
    /// Whether anything that is kept across a restart has changed.
    pub fn differs_for_a_restart(&self, other: &Self) -> bool {
        self.defaults != other.defaults
            || self.lists != other.lists
            || self.held_over != other.held_over
            || self.elb != other.elb
            || self.listeners != other.listeners
            || !self.holding_servers().eq(other.holding_servers())
    }

    /// Those of `servers` that live on a certificate which is held over; the others find theirs
    /// again by what their objects say.
    pub fn holding_servers(&self) -> impl Iterator<Item = (&ServerKey, &ServedBefore)> {
        let is_held =
            |served: &ServedBefore| served.ids.iter().any(|id| self.held_over.contains_key(id));
        self.servers.iter().filter(move |(_, served)| is_held(served))
    }

    /// Takes over what another replica keeps for a restart, so that both serve the same; the
    /// rest stays.
    pub fn adopt(&mut self, kept: &Self) {
        let holding: Vec<ServerKey> = self.holding_servers().map(|(key, _)| key.clone()).collect();
        holding.iter().for_each(|key| drop(self.servers.remove(key)));
        let servers = kept.holding_servers().map(|(key, served)| (key.clone(), served.clone()));
        self.servers.extend(servers);
        self.defaults.clone_from(&kept.defaults);
        self.lists.clone_from(&kept.lists);
        self.held_over.clone_from(&kept.held_over);
        self.elb.clone_from(&kept.elb);
        self.listeners.clone_from(&kept.listeners);
        let held = kept.held_over.iter();
        self.bound.extend(held.map(|(id, certificate)| (id.clone(), certificate.clone())));
    }
}

#[cfg(test)]
mod tests;
