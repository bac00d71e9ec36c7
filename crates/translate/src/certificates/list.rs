//! The certificates of one listener while they are gathered: each once, with who asked for it.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use model::{
    Certificate, CertificateId, CertificateSource, Fingerprint, ObjectRef, Origin, Reason, Verdict,
};

use super::store::Hold;
use crate::claim::{Declaration, TlsMember};

/// In list order, which decides the first Default; no certificate stands in it twice.
#[derive(Default)]
pub struct List<'a> {
    pub entries: Vec<Entry<'a>>,
    /// Ids of certificates with equal content share one position.
    positions: HashMap<CertificateId, usize, foldhash::fast::RandomState>,
    contents: HashMap<Fingerprint, usize, foldhash::fast::RandomState>,
}

pub struct Entry<'a> {
    pub id: CertificateId,
    pub source: CertificateSource,
    /// `None` while it is on order.
    pub certificate: Option<&'a Arc<Certificate>>,
    /// Its object is bad or gone.
    pub held_over: bool,
    pub askers: Vec<Asker<'a>>,
}

/// Who asked, and in which field: where the verdicts go.
#[derive(Clone, Debug)]
pub struct Asker<'a> {
    pub object: &'a ObjectRef,
    pub origin: &'a Option<Origin>,
    pub field: Cow<'a, str>,
    /// What it asks for is all it asks for: an Ingress, not the object of the whole listener.
    is_member: bool,
}

impl<'a> Asker<'a> {
    pub fn member(member: &'a TlsMember) -> Self {
        Self {
            object: &member.object,
            origin: &member.origin,
            field: (&*member.field).into(),
            is_member: true,
        }
    }

    pub fn declaration(declaration: &'a Declaration, field: impl Into<Cow<'a, str>>) -> Self {
        Self {
            object: &declaration.object,
            origin: &declaration.origin,
            field: field.into(),
            is_member: false,
        }
    }

    /// The Ingress that a routing rule is of.
    pub fn of_rule(object: &'a ObjectRef) -> Self {
        Self { object, origin: &None, field: "spec.tls".into(), is_member: true }
    }

    pub fn below(&self, field: &str) -> Self {
        Self { field: format!("{}.{field}", self.field).into(), ..self.clone() }
    }

    pub fn warning(&self, reason: Reason, message: String) -> Verdict {
        self.place(Verdict::warning(self.object.clone(), reason, message))
    }

    pub fn rejected(&self, reason: Reason, message: String) -> Verdict {
        self.place(Verdict::rejected(self.object.clone(), reason, message))
    }

    /// It does not get what it asked for; to the object of a whole listener that is a warning.
    pub fn refused(&self, reason: Reason, message: String) -> Verdict {
        match self.is_member {
            true => self.rejected(reason, message),
            false => self.warning(reason, message),
        }
    }

    pub fn place(&self, verdict: Verdict) -> Verdict {
        verdict.at(&*self.field).from_origin(self.origin.clone())
    }
}

impl<'a> Entry<'a> {
    /// What a hold comes to on a listener.
    pub fn held(
        id: CertificateId,
        source: CertificateSource,
        hold: &Hold<'a>,
        asker: Asker<'a>,
    ) -> Self {
        Self {
            id,
            source,
            certificate: hold.certificate,
            held_over: hold.fault.is_some(),
            askers: vec![asker],
        }
    }
}

impl<'a> List<'a> {
    /// Appends the entry, unless its id or its content is there: then that one gains an asker.
    pub fn push(&mut self, entry: Entry<'a>) {
        let content = entry.certificate.map(|certificate| certificate.fingerprint);
        let twin = content.and_then(|fingerprint| self.contents.get(&fingerprint)).copied();
        if let Some(position) = self.position(&entry.id).or(twin) {
            self.positions.insert(entry.id, position);
            self.entries[position].askers.extend(entry.askers);
            return;
        }
        let position = self.entries.len();
        self.positions.insert(entry.id.clone(), position);
        if let Some(fingerprint) = content {
            self.contents.insert(fingerprint, position);
        }
        self.entries.push(entry);
    }

    pub fn position(&self, id: &CertificateId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// Every id that leads to an entry, those of equal content too.
    pub fn by_id(&self) -> impl Iterator<Item = (&CertificateId, &Entry<'a>)> {
        self.positions.iter().map(|(id, position)| (id, &self.entries[*position]))
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&Entry<'a>) -> bool) {
        let mut moved = Vec::with_capacity(self.entries.len());
        let mut next = 0;
        self.entries.retain(|entry| {
            let stays = keep(entry);
            moved.push(stays.then_some(next));
            next += usize::from(stays);
            stays
        });
        let follow = |position: &mut usize| match moved[*position] {
            Some(new) => {
                *position = new;
                true
            }
            None => false,
        };
        self.positions.retain(|_, position| follow(position));
        self.contents.retain(|_, position| follow(position));
    }
}
