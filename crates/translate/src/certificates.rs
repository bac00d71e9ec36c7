//! The binder: which certificates each listener holds, which of them is its Default, which have
//! to be obtained, and what its clients' certificates are checked against.
//!
//! It works on claims alone and knows no dialect. The order of the steps in [`Binder::bind`] is
//! the order of precedence of the sources.

mod asker;
mod attach;
mod client_ca;
mod coverage;
mod covered;
mod default;
mod discovery;
mod faults;
mod list;
mod managed;
mod server;
mod sources;
mod store;
mod validity;
mod wishes;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use model::{
    Binding, BindingStatus, Certificate, CertificateId, CertificateList, ListenerKey, Verdict, Want,
};

pub use self::{
    client_ca::FailClosed,
    wishes::{Ask, Beside},
};
use self::{
    list::{Entry, List},
    store::{Fault, Hold, Store},
    wishes::Wishes,
};
use crate::{Memory, Settings, World, claim::OnDelete, issuers::Issuers};

/// Binds listener after listener; what they have in common gathers here.
pub struct Binder<'a> {
    world: &'a World,
    settings: &'a Settings,
    issuers: &'a Issuers,
    memory: &'a Memory,
    now: Timestamp,
    store: Store<'a>,
    verdicts: Vec<Verdict>,
    wants: BTreeMap<CertificateId, Want>,
    /// Becomes a map at the end: sorting once is much faster than inserting one by one.
    bound: Vec<(CertificateId, Arc<Certificate>)>,
    remembered: Memory,
}

/// What all listeners together come to, besides their lists.
pub struct Outcome {
    pub verdicts: Vec<Verdict>,
    /// Sorted by id.
    pub wants: Vec<Want>,
    /// All of it but `listeners`, which is the dialect's.
    pub memory: Memory,
    pub next_change: Option<Timestamp>,
}

impl<'a> Binder<'a> {
    pub fn new(
        world: &'a World,
        settings: &'a Settings,
        issuers: &'a Issuers,
        memory: &'a Memory,
        now: Timestamp,
    ) -> Self {
        let store = Store::new(world, memory, now);
        let verdicts = faults::of_store(&store);
        Self {
            world,
            settings,
            issuers,
            memory,
            now,
            store,
            verdicts,
            wants: BTreeMap::new(),
            bound: Vec::new(),
            // A listener that is away for a while, as its object is broken, finds its Default again.
            remembered: Memory { defaults: memory.defaults.clone(), ..Memory::default() },
        }
    }

    /// The certificates of one TLS listener, the Default first.
    pub fn bind(&mut self, ask: &Ask<'a>) -> CertificateList {
        let wishes = Wishes::of(ask, self.memory);
        if let Some(fixed) = wishes.fixed {
            self.remembered.lists.insert(wishes.list_of.clone(), fixed.clone());
        }
        let listed = wishes.fixed.map_or(0, |fixed| fixed.ids.len());
        let mut list = List::with_capacity(listed + wishes.members.len());
        self.attach_fixed(&mut list, &wishes);
        self.attach_default_certificate(&mut list, &wishes);
        if wishes.fixed.is_none() {
            self.discover(&mut list, &wishes);
        }
        self.attach_named_by_members(&mut list, &wishes);
        self.order_for_uncovered(&mut list, &wishes);
        if let Some(server) = wishes.server {
            return self.bind_server(list, server, &wishes);
        }
        self.apply_console(&mut list, &wishes);
        self.leave_out_invalid(&mut list, &wishes);
        if list.entries.is_empty() {
            self.keep_last_default(&mut list, &wishes, wishes.listener_asker());
        }
        let default = self.choose_default(&list, &wishes);
        self.remember(&list);
        self.remember_default(&list, default, ask.key);
        let bound = self.bindings(&list, default);
        if !ask.follows() {
            self.warn_of_hosts_not_covered(&list, &bound, &wishes);
        }
        bound
    }

    pub fn finish(mut self) -> Outcome {
        let next_change = self.next_change();
        for want in self.wants.values_mut() {
            want.names.sort();
            want.names.dedup();
        }
        Outcome {
            verdicts: self.verdicts,
            wants: std::mem::take(&mut self.wants).into_values().collect(),
            memory: Memory { bound: self.bound.into_iter().collect(), ..self.remembered },
            next_change,
        }
    }

    /// What may be served for an id: where the object has it so, a Secret that is gone takes its
    /// certificate with it.
    fn hold(&self, wishes: &Wishes<'a>, id: &CertificateId) -> Hold<'a> {
        let hold = self.store.hold(id);
        match (wishes.on_delete, hold.fault) {
            (OnDelete::Withdraw, Some(Fault::Missing)) => Hold { certificate: None, ..hold },
            _ => hold,
        }
    }

    fn bindings(&self, list: &List<'a>, default: Option<usize>) -> CertificateList {
        let first = default.into_iter();
        let rest = (0..list.entries.len()).filter(|position| Some(*position) != default);
        let bindings = first.chain(rest).map(|position| {
            let entry = &list.entries[position];
            Binding {
                id: entry.id.clone(),
                is_default: Some(position) == default,
                source: entry.source,
                status: self.status(entry),
                certificate: entry.certificate.cloned(),
            }
        });
        CertificateList { bindings: bindings.collect() }
    }

    fn status(&self, entry: &Entry<'a>) -> BindingStatus {
        match entry.certificate {
            None => BindingStatus::Pending,
            Some(certificate) if certificate.is_expired(self.now) => BindingStatus::Expired,
            Some(_) if entry.held_over => BindingStatus::Rejected,
            Some(_) => BindingStatus::Associated,
        }
    }

    fn remember(&mut self, list: &List<'a>) {
        for (id, entry) in list.by_id() {
            let Some(certificate) = entry.certificate else { continue };
            self.bound.push((id.clone(), certificate.clone()));
            if entry.held_over {
                self.remembered.held_over.insert(id.clone(), certificate.clone());
            }
        }
    }

    fn remember_default(&mut self, list: &List<'a>, default: Option<usize>, key: &ListenerKey) {
        let chosen = default.map(|position| &list.entries[position]);
        if let Some(entry) = chosen.filter(|entry| entry.certificate.is_some()) {
            self.remembered.defaults.insert(key.clone(), entry.id.clone());
        }
    }
}

#[cfg(test)]
mod tests;
