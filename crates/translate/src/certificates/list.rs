//! The certificates of one listener while they are gathered: each once, with who asked for it.

use std::{collections::HashMap, sync::Arc};

use model::{Certificate, CertificateId, CertificateSource, Fingerprint};

use super::{asker::Asker, store::Hold};

/// In list order, which decides the first Default; no certificate stands in it twice.
#[derive(Default)]
pub struct List<'a> {
    pub entries: Vec<Entry<'a>>,
    /// Ids of certificates with equal content share one position.
    positions: HashMap<CertificateId, usize, foldhash::fast::RandomState>,
    contents: HashMap<Fingerprint, usize, foldhash::fast::RandomState>,
    /// Ids that lead to an entry of another id.
    aliases: Vec<CertificateId>,
}

pub struct Entry<'a> {
    pub id: CertificateId,
    pub source: CertificateSource,
    /// `None` while it is on order.
    pub certificate: Option<&'a Arc<Certificate>>,
    /// Its object is bad or gone.
    pub held_over: bool,
    asker: Asker<'a>,
    /// Who asked for the same after that.
    more_askers: Vec<Asker<'a>>,
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
            asker,
            more_askers: Vec::new(),
        }
    }

    pub fn askers(&self) -> impl Iterator<Item = &Asker<'a>> {
        std::iter::once(&self.asker).chain(&self.more_askers)
    }
}

impl<'a> List<'a> {
    pub fn with_capacity(entries: usize) -> Self {
        let mut list = Self::default();
        list.entries.reserve(entries);
        list.positions.reserve(entries);
        list.contents.reserve(entries);
        list
    }

    /// Appends the entry, unless its id or its content is there: then that one gains an asker.
    pub fn push(&mut self, entry: Entry<'a>) {
        let content = entry.certificate.map(|certificate| certificate.fingerprint);
        let twin = content.and_then(|fingerprint| self.contents.get(&fingerprint)).copied();
        if let Some(position) = self.position(&entry.id).or(twin) {
            let known = &mut self.entries[position];
            known.more_askers.push(entry.asker);
            if known.id != entry.id {
                self.positions.insert(entry.id.clone(), position);
                self.aliases.push(entry.id);
            }
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
        let aliases = self.aliases.iter();
        let aliases = aliases.filter_map(|id| Some((id, &self.entries[self.position(id)?])));
        self.entries.iter().map(|entry| (&entry.id, entry)).chain(aliases)
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
