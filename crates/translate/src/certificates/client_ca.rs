//! What clients' certificates are checked against. Fails closed: a listener that cannot check
//! them is not served.

use std::sync::Arc;

use model::{CertificateId, ClientAuth, Reason};

use super::{
    Binder,
    asker::{Asker, Part},
    wishes::{Ask, Wishes},
};

/// The listener asks for client certificates and nothing is in hand to check them with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailClosed;

impl<'a> Binder<'a> {
    pub fn client_auth(&mut self, ask: &Ask<'a>) -> Result<Option<Arc<ClientAuth>>, FailClosed> {
        let Some(claim) = &ask.tls.client_ca else { return Ok(None) };
        let wishes = Wishes::of(ask, self.memory);
        let mut roots = Vec::new();
        for (id, field) in claim.ids.iter().zip(&claim.fields) {
            let asker = Asker::declaration(ask.declared_by, field, Part::Whole);
            roots.extend_from_slice(self.roots_of(&wishes, id, &asker));
        }
        if roots.is_empty() {
            let message = format!(
                "{} asks for client certificates, but no CA to check them with is in hand, so it is not served: {}",
                ask.key, claim.cure
            );
            let rejected = wishes.listener_asker().rejected(Reason::CertificateNotFound, message);
            self.report(&wishes, rejected);
            return Err(FailClosed);
        }
        Ok(Some(Arc::new(ClientAuth {
            demand: claim.demand,
            ids: claim.ids.clone(),
            roots,
            crls: Vec::new(),
            names: claim.names.clone(),
            key_pins: claim.key_pins.clone(),
            certificate_pins: claim.certificate_pins.clone(),
            is_lenient: claim.is_lenient,
        })))
    }

    fn roots_of(
        &mut self,
        wishes: &Wishes<'a>,
        id: &CertificateId,
        asker: &Asker<'a>,
    ) -> &'a [rustls_pki_types::CertificateDer<'static>] {
        let own = self.store.roots(id);
        let last_good = self.memory.client_roots.get(id).filter(|_| own.is_empty());
        let roots = last_good.map_or(own, |roots| roots);
        if own.is_empty() {
            let kept = if roots.is_empty() {
                "its clients are refused"
            } else {
                "its last good roots are used on"
            };
            let message = format!(
                "client CA {id} is not in the store or holds no CA certificate; {kept}: upload a Secret with ca.crt under this id"
            );
            self.report(wishes, asker.warning(Reason::CertificateNotFound, message));
        }
        if !roots.is_empty() {
            self.remembered.client_roots.insert(id.clone(), roots.into());
        }
        roots
    }
}
