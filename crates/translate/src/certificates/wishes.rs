//! What is asked of one listener's certificates, with a QUIC listener's share of the HTTPS
//! listener that it stands next to.

use std::collections::HashSet;

use model::{CertificateId, Dialect, ListenerKey, Name};

use super::asker::{Asker, Part};
use crate::{
    Memory,
    claim::{
        Declaration, DefaultClaim, FixedCertificates, ListenerClaim, OnDelete, ServerClaim,
        TlsClaim, TlsMember,
    },
};

/// One TLS listener that wants its certificates.
pub struct Ask<'a> {
    pub key: &'a ListenerKey,
    pub dialect: Dialect,
    pub declared_by: &'a Declaration,
    pub listener: &'a ListenerClaim,
    /// Where the certificates are those of one of the listener's servers: console and Default are
    /// the business of whole listeners.
    pub server: Option<&'a ServerClaim>,
    pub tls: &'a TlsClaim,
    /// For QUIC: the HTTPS listener on the same port, and its Default.
    pub beside: Option<Beside<'a>>,
}

pub struct Beside<'a> {
    pub key: &'a ListenerKey,
    pub listener: &'a ListenerClaim,
    pub tls: &'a TlsClaim,
    pub default: Option<CertificateId>,
}

impl<'a> Ask<'a> {
    /// Whether the list is that of the HTTPS listener: a QUIC listener without a list of its own
    /// has what the HTTPS listener on its port has.
    pub fn follows(&self) -> bool {
        self.leader().is_some()
    }

    fn leader(&self) -> Option<&Beside<'a>> {
        let own = &self.tls.certificates;
        self.beside.as_ref().filter(|_| own.fixed.is_none() && own.default.is_none())
    }
}

/// A TLS host whose Ingress names no Secret for it.
#[derive(Clone, Copy)]
pub struct OpenHost<'a> {
    pub host: &'a Name,
    /// The first that asks, in group order.
    pub member: &'a TlsMember,
}

/// The wishes of one listener, in the binder's own order.
pub struct Wishes<'a> {
    pub key: &'a ListenerKey,
    pub dialect: Dialect,
    pub declared_by: &'a Declaration,
    /// The listener itself, for the hosts of its rules.
    pub listener: &'a ListenerClaim,
    pub server: Option<&'a ServerClaim>,
    pub on_delete: OnDelete,
    /// Where the list is written, and whose it is in the memory.
    pub field: &'a str,
    pub list_of: &'a ListenerKey,
    /// The written list that is in force; `None` = discovery is on.
    pub fixed: Option<&'a FixedCertificates>,
    /// The written list is refused, so `fixed` is an older one.
    pub refused: bool,
    pub default: Option<&'a DefaultClaim>,
    pub members: Vec<&'a TlsMember>,
    pub open: Vec<OpenHost<'a>>,
    /// The Default of the HTTPS listener whose list this is.
    pub follow: Option<CertificateId>,
}

impl<'a> Wishes<'a> {
    pub fn of(ask: &Ask<'a>, memory: &'a Memory) -> Self {
        let own = &ask.tls.certificates;
        let (source, listener, list_of, follow) = match ask.leader() {
            Some(leader) => {
                (&leader.tls.certificates, leader.listener, leader.key, leader.default.clone())
            }
            None => (own, ask.listener, ask.key, None),
        };
        let mut members: Vec<&TlsMember> = source.members.iter().map(AsRef::as_ref).collect();
        if ask.follows() {
            members.extend(own.members.iter().map(AsRef::as_ref));
        }
        let written = match &source.fixed {
            None => None,
            Some(Ok(fixed)) => Some(fixed),
            Some(Err(_)) => memory.lists.get(list_of),
        };
        Self {
            key: ask.key,
            dialect: ask.dialect,
            declared_by: ask.declared_by,
            listener: ask.listener,
            server: ask.server,
            on_delete: source.on_delete,
            field: &listener.field,
            list_of,
            // An empty list is no list.
            fixed: written.filter(|fixed| !fixed.ids.is_empty()),
            refused: matches!(source.fixed, Some(Err(_))),
            default: source.default.as_ref(),
            open: open_hosts(&members),
            members,
            follow,
        }
    }

    /// Whether the dialect names the Default's certificate in an annotation.
    pub fn by_annotation(&self) -> bool {
        matches!(self.dialect, Dialect::Elb | Dialect::Aws)
    }

    /// The object of the listener, for what concerns all of it.
    pub fn listener_asker(&self) -> Asker<'a> {
        Asker::declaration(self.declared_by, &self.listener.field, Part::Whole)
    }
}

/// A host that any Secret entry of the listener names is that Secret's; the text decides.
fn open_hosts<'a>(members: &[&'a TlsMember]) -> Vec<OpenHost<'a>> {
    let (secrets, open): (Vec<&TlsMember>, Vec<&TlsMember>) =
        members.iter().partition(|member| member.certificate.is_some());
    if open.is_empty() {
        return Vec::new();
    }
    let mut taken: HashSet<&Name, foldhash::fast::RandomState> =
        secrets.iter().flat_map(|member| &member.hosts).collect();
    let hosts = open
        .into_iter()
        .flat_map(|member| member.hosts.iter().map(move |host| OpenHost { host, member }));
    hosts.filter(|open| taken.insert(open.host)).collect()
}
