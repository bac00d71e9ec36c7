//! The certificates of one listener with their signing keys, and the choice among them for a
//! ClientHello. The choice itself is the Model's; what is added here is what this client can
//! verify and what this key can do.

use std::{collections::HashMap, sync::Arc};

use model::{
    Certificate, CertificateList, CertificateSource, CertificateTable, Choice, Fingerprint,
};
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{
    client::{ClientAbilities, Offer},
    keys::{KeyPool, LazyKey},
};

/// A listener's table; replaced whole, never changed.
#[derive(Debug, Default)]
pub struct Certificates {
    table: CertificateTable,
    held: HashMap<Fingerprint, Held, foldhash::fast::RandomState>,
}

#[derive(Debug)]
struct Held {
    key: Arc<LazyKey>,
    source: CertificateSource,
}

/// What a handshake is answered with.
#[derive(Debug)]
pub struct Chosen<'a> {
    pub key: &'a Arc<CertifiedKey>,
    pub certificate: &'a Arc<Certificate>,
    pub source: CertificateSource,
    pub by: ChosenBy,
}

/// How a certificate came to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    ExactName,
    Wildcard,
    /// It answers for all that its server is asked for.
    Assigned,
    Default,
}

/// Whose certificates they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A listener with the port alone: the names of a certificate decide.
    Listener,
    /// One of several servers: each certificate answers for all of its hosts.
    Server,
}

impl Certificates {
    /// The table of a list, and those of its certificates whose keys nobody has tried yet.
    pub fn new(
        list: &CertificateList,
        holder: Holder,
        pool: &mut KeyPool,
    ) -> (Self, Vec<Fingerprint>) {
        let mut held = HashMap::with_capacity_and_hasher(list.bindings.len(), Default::default());
        let mut new = Vec::new();
        pool.reserve(list.bindings.len());
        for binding in &list.bindings {
            let Some(certificate) = &binding.certificate else { continue };
            held.entry(certificate.fingerprint).or_insert_with(|| {
                let (key, is_new) = pool.key_of(certificate);
                if is_new || key.is_broken() {
                    new.push(certificate.fingerprint);
                }
                Held { key, source: binding.source }
            });
        }
        let table = match holder {
            Holder::Listener => CertificateTable::new(list),
            Holder::Server => CertificateTable::of_server(list),
        };
        (Self { table, held }, new)
    }

    /// The certificate for this client; `None` when the listener has no fitting name and no
    /// Default, or only keys that cannot sign.
    pub fn choose(&self, hello: &ClientHello<'_>, offer: &Offer) -> Option<Chosen<'_>> {
        let client = ClientAbilities::of(hello, offer);
        let usable = |certificate: &Certificate| {
            client.verifies(certificate.key_algorithm)
                && !self.held.get(&certificate.fingerprint).is_some_and(|held| held.key.is_broken())
        };
        // A key that turns out to be broken is not usable the second time.
        let choose = || self.table.choose(hello.server_name(), usable);
        self.with_key(choose()).or_else(|| self.with_key(choose()))
    }

    /// Whether the listener serves a certificate for this name, not counting the Default.
    pub fn knows(&self, name: &str) -> bool {
        matches!(self.table.choose(Some(name), |_| true), Choice::Exact(_) | Choice::Wildcard(_))
    }

    /// Why the key of this certificate cannot be used. Makes the key if nobody has yet.
    pub fn try_key(&self, fingerprint: &Fingerprint) -> Result<(), &str> {
        self.held.get(fingerprint).map_or(Ok(()), |held| held.key.load().map(drop))
    }

    fn with_key<'a>(&'a self, choice: Choice<'a>) -> Option<Chosen<'a>> {
        let (certificate, by) = match choice {
            Choice::Exact(found) => (found, ChosenBy::ExactName),
            Choice::Wildcard(found) => (found, ChosenBy::Wildcard),
            Choice::Assigned(found) => (found, ChosenBy::Assigned),
            Choice::Default(found) => (found, ChosenBy::Default),
            Choice::Nothing => return None,
        };
        let held = self.held.get(&certificate.fingerprint)?;
        let key = held.key.load().ok()?;
        Some(Chosen { key, certificate, source: held.source, by })
    }
}

/// Answers rustls with a choice that was made before, from the same ClientHello and table.
#[derive(Debug)]
pub struct Resolver {
    pub certificates: Arc<Certificates>,
    pub offer: Offer,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certificates.choose(&hello, &self.offer).map(|chosen| chosen.key.clone())
    }
}

#[cfg(test)]
mod tests;
