//! What clients' certificates are checked against. Fails closed: a listener that cannot check
//! them is not served. A CA that is gone or broken leaves its last good roots, and a server whose
//! object names another goes on with those it had until that one is there.

mod missed;

use std::sync::Arc;

use model::{CertificateId, ClientAuth, Reason};

use super::{
    Binder,
    asker::{Asker, Part},
    wishes::{Ask, Wishes},
};
use crate::{
    claim::ClientCaClaim,
    memory::{ClientRoots, ServedBefore},
};
use missed::Stopgap;

/// The listener asks for client certificates and nothing is in hand to check them with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailClosed;

impl<'a> Binder<'a> {
    pub fn client_auth(&mut self, ask: &Ask<'a>) -> Result<Option<Arc<ClientAuth>>, FailClosed> {
        let Some(claim) = &ask.tls.client_ca else { return Ok(None) };
        let wishes = Wishes::of(ask, self.memory);
        let mut ids = self.meant(claim);
        let mut all = self.known_roots(&ids);
        let missed: Vec<usize> =
            (0..ids.len()).filter(|place| self.own_roots(&ids[*place]).is_none()).collect();
        let former = match all.roots.is_empty() {
            true => self.former(ask),
            false => &[],
        };
        if !former.is_empty() {
            all = self.known_roots(former);
        }
        let whole = match ask.server {
            Some(server) => format!("{} on {}", server.name, ask.key),
            None => ask.key.to_string(),
        };
        for place in missed {
            let stopgap = if all.roots.is_empty() {
                Stopgap::Nothing(&whole)
            } else if !former.is_empty() {
                Stopgap::Former(former)
            } else if self.last_good(&ids[place]).is_some() {
                Stopgap::LastGood
            } else {
                Stopgap::WithoutIt
            };
            let asker = Asker::declaration(ask.declared_by, &claim.fields[place], Part::Whole);
            self.report_missed(&wishes, (claim, &ids[place]), &stopgap, &asker);
        }
        if all.roots.is_empty() {
            if ids.is_empty() {
                let message = format!(
                    "{whole} asks for client certificates, but names no CA to check them with, so it is not served: name one, or {}",
                    claim.cure
                );
                let rejected =
                    wishes.listener_asker().rejected(Reason::CertificateNotFound, message);
                self.report(&wishes, rejected);
            }
            return Err(FailClosed);
        }
        if !former.is_empty() {
            ids = former.to_vec();
        }
        self.remember_client_ca(ask, &ids);
        Ok(Some(Arc::new(ClientAuth {
            demand: claim.demand,
            ids,
            roots: all.roots,
            crls: all.crls,
            names: claim.names.clone(),
            key_pins: claim.key_pins.clone(),
            certificate_pins: claim.certificate_pins.clone(),
            is_lenient: claim.is_lenient,
        })))
    }

    /// The objects to look into. What may stand in for another does so where it says anything of
    /// a CA, or did, as long as there is no object of that other's name.
    fn meant(&self, claim: &ClientCaClaim) -> Vec<CertificateId> {
        let (Some(instead), [id]) = (&claim.instead, claim.ids.as_slice()) else {
            return claim.ids.clone();
        };
        let says_something = self
            .store
            .client_ca(instead)
            .is_some_and(|secret| !secret.roots.is_empty() || secret.ca_problem.is_some());
        let did = self.last_good(id).is_none() && self.last_good(instead).is_some();
        let stands_in = self.store.client_ca(id).is_none() && (says_something || did);
        vec![if stands_in { instead } else { id }.clone()]
    }

    fn own_roots(&self, id: &CertificateId) -> Option<ClientRoots> {
        let secret = self.store.client_ca(id).filter(|secret| !secret.roots.is_empty())?;
        Some(ClientRoots { roots: secret.roots.clone(), crls: secret.crls.clone() })
    }

    fn last_good(&self, id: &CertificateId) -> Option<&'a Arc<ClientRoots>> {
        self.memory.client_roots.get(id)
    }

    /// Of all of them, with what was revoked: as they are, else as they were last.
    fn known_roots(&self, ids: &[CertificateId]) -> ClientRoots {
        let mut all = ClientRoots::default();
        for id in ids {
            let known =
                self.own_roots(id).or_else(|| self.last_good(id).map(|known| (**known).clone()));
            let ClientRoots { roots, crls } = known.unwrap_or_default();
            all.roots.extend(roots);
            all.crls.extend(crls);
        }
        all
    }

    /// What a server for the same names checked its clients against.
    fn former(&self, ask: &Ask<'a>) -> &'a [CertificateId] {
        let before = ask.server.and_then(|server| {
            let before = self.memory.servers.get(&(ask.key.clone(), server.name.clone()))?;
            (before.hosts == server.hosts).then_some(before)
        });
        before.map_or(&[], |ServedBefore { client_ca, .. }| client_ca)
    }

    fn remember_client_ca(&mut self, ask: &Ask<'a>, ids: &[CertificateId]) {
        for id in ids {
            let last_good = self.last_good(id);
            let roots = match self.own_roots(id) {
                Some(own) => {
                    let same = last_good.filter(|last| ***last == own).cloned();
                    Some(same.unwrap_or_else(|| Arc::new(own)))
                }
                None => last_good.cloned(),
            };
            self.remembered.client_roots.extend(roots.map(|roots| (id.clone(), roots)));
        }
        if let Some(server) = ask.server {
            let key = (ask.key.clone(), server.name.clone());
            let served = self.remembered.servers.entry(key).or_default();
            served.client_ca = ids.to_vec();
        }
    }
}
