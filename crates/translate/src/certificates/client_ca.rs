//! What clients' certificates are checked against. Fails closed: a listener that cannot check
//! them is not served.

use std::sync::Arc;

use model::{CertificateId, ClientAuth, Reason};

use super::{
    Binder,
    asker::{Asker, Part},
    wishes::{Ask, Wishes},
};
use crate::memory::ClientRoots;

/// The listener asks for client certificates and nothing is in hand to check them with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailClosed;

impl<'a> Binder<'a> {
    pub fn client_auth(&mut self, ask: &Ask<'a>) -> Result<Option<Arc<ClientAuth>>, FailClosed> {
        let Some(claim) = &ask.tls.client_ca else { return Ok(None) };
        let wishes = Wishes::of(ask, self.memory);
        let mut all = ClientRoots::default();
        for (id, field) in claim.ids.iter().zip(&claim.fields) {
            let asker = Asker::declaration(ask.declared_by, field, Part::Whole);
            let Some(found) = self.roots_of(&wishes, id, &asker) else { continue };
            all.roots.extend_from_slice(&found.roots);
            all.crls.extend_from_slice(&found.crls);
        }
        if all.roots.is_empty() {
            let what = match ask.server {
                Some(server) => format!("{} on {}", server.name, ask.key),
                None => ask.key.to_string(),
            };
            let message = format!(
                "{what} asks for client certificates, but no CA to check them with is in hand, so it is not served: {}",
                claim.cure
            );
            let rejected = wishes.listener_asker().rejected(Reason::CertificateNotFound, message);
            self.report(&wishes, rejected);
            return Err(FailClosed);
        }
        Ok(Some(Arc::new(ClientAuth {
            demand: claim.demand,
            ids: claim.ids.clone(),
            roots: all.roots,
            crls: all.crls,
            names: claim.names.clone(),
            key_pins: claim.key_pins.clone(),
            certificate_pins: claim.certificate_pins.clone(),
            is_lenient: claim.is_lenient,
        })))
    }

    /// A CA that is gone or broken leaves its last good roots, with what of them was revoked.
    fn roots_of(
        &mut self,
        wishes: &Wishes<'a>,
        id: &CertificateId,
        asker: &Asker<'a>,
    ) -> Option<Arc<ClientRoots>> {
        let secret = self.store.client_ca(id);
        let last_good = self.memory.client_roots.get(id);
        let own = secret.filter(|secret| !secret.roots.is_empty());
        let roots = match own {
            Some(secret) => {
                let (roots, crls) = (secret.roots.clone(), secret.crls.clone());
                let own = ClientRoots { roots, crls };
                let same = last_good.filter(|last| ***last == own).cloned();
                Some(same.unwrap_or_else(|| Arc::new(own)))
            }
            None => last_good.cloned(),
        };
        if own.is_none() {
            let kept = if roots.is_none() {
                "its clients are refused"
            } else {
                "its last good roots are used on"
            };
            let problem = secret.and_then(|secret| secret.ca_problem.as_ref());
            let message = match (id.as_secret(), problem) {
                (Some(_), Some(problem)) => {
                    format!(
                        "Secret {id}, {}: {}; until then {kept}",
                        problem.field, problem.message
                    )
                }
                (Some((namespace, name)), None) => format!(
                    "Secret {id} does not exist or holds no CA certificate; {kept}: put the CA into {name} in namespace {namespace} as ca.crt or cacert"
                ),
                (None, _) => format!(
                    "client CA {id} is not in the store or holds no CA certificate; {kept}: upload a Secret with ca.crt under this id"
                ),
            };
            self.report(wishes, asker.warning(Reason::CertificateNotFound, message));
        }
        if let Some(roots) = &roots {
            self.remembered.client_roots.insert(id.clone(), roots.clone());
        }
        roots
    }
}
