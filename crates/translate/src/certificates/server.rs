//! The certificates of one server of a listener: what its object names, and nothing else. While
//! none of that is in hand, it keeps what it had.

use model::{CertificateList, CertificateSource, Reason};

use super::{
    Binder,
    list::{Entry, List},
    wishes::Wishes,
};
use crate::{
    claim::ServerClaim,
    memory::{ServedBefore, ServerKey},
};

impl<'a> Binder<'a> {
    pub(super) fn bind_server(
        &mut self,
        mut list: List<'a>,
        server: &ServerClaim,
        wishes: &Wishes<'a>,
    ) -> CertificateList {
        let key = (wishes.key.clone(), server.name.clone());
        if list.entries.iter().all(|entry| entry.certificate.is_none()) {
            self.keep_served_before(&mut list, &key, server, wishes);
        }
        self.leave_out_invalid(&mut list, wishes);
        self.remember(&list);
        let held = list.entries.iter().filter(|entry| entry.certificate.is_some());
        let ids = held.map(|entry| entry.id.clone()).collect();
        let served = ServedBefore { hosts: server.hosts.clone(), ids, ..ServedBefore::default() };
        self.remembered.servers.insert(key, served);
        let default = if server.hosts.is_empty() { self.first(&list) } else { None };
        self.warn_of_names_not_carried(&list, wishes);
        self.bindings(&list, default)
    }

    /// A server that names another Secret changes over when that is there. The certificate it
    /// had is held over, so that it outlives its own Secret and a restart; one that answered for
    /// other names is of no use.
    fn keep_served_before(
        &mut self,
        list: &mut List<'a>,
        key: &ServerKey,
        server: &ServerClaim,
        wishes: &Wishes<'a>,
    ) {
        let Some(before) = self.memory.servers.get(key) else { return };
        if before.hosts != server.hosts {
            return;
        }
        for id in &before.ids {
            let hold = self.hold(wishes, id);
            if hold.certificate.is_none() || list.position(id).is_some() {
                continue;
            }
            let message = format!(
                "none of the certificates that are named is in hand, so {} keeps {id} until one is",
                server.name
            );
            let asker = wishes.listener_asker();
            self.report(wishes, asker.warning(Reason::CertificatePending, message));
            let source = match hold.issued_by {
                Some(_) => CertificateSource::Issued,
                None => CertificateSource::Secret,
            };
            let mut entry = Entry::held(id.clone(), source, &hold, asker);
            entry.held_over = true;
            list.push(entry);
        }
    }
}
