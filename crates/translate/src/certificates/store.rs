//! What is in hand for a certificate id: the Secret's own content, or the last good one when
//! that is gone, broken or worse. Decides nothing about listeners.

use std::{cell::OnceCell, collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use model::{Certificate, CertificateId, Name};

use crate::{
    Memory, World,
    world::{Key, Object, Secret, SecretProblem},
};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The Secrets of one World, found by id and by name, with the memory of what was good before.
pub struct Store<'a> {
    world: &'a World,
    memory: &'a Memory,
    now: Timestamp,
    /// Keyed by namespace and name.
    secrets: Map<(&'a str, &'a str), &'a Arc<Object<Secret>>>,
    /// Secrets that carry an id of the certificate store; of two with one id the older counts.
    uploaded: Map<&'a CertificateId, &'a Arc<Object<Secret>>>,
    doubles: Vec<Double<'a>>,
    names: OnceCell<Names<'a>>,
    /// Of Secrets that Doorward wrote, by the names they carry, wildcards with their `*.`.
    issued: OnceCell<Issued<'a>>,
    homes: OnceCell<Map<&'a str, &'a str>>,
}

/// Secrets that hold a certificate for a name.
type Issued<'a> = Map<&'a str, (&'a Key, &'a Arc<Object<Secret>>)>;

/// Two Secrets with one id of the store.
pub struct Double<'a> {
    pub late: &'a Object<Secret>,
    pub counts: &'a Object<Secret>,
}

/// What can be served for an id, and what is wrong with the object behind it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hold<'a> {
    pub certificate: Option<&'a Arc<Certificate>>,
    pub fault: Option<Fault<'a>>,
    /// The issuer that made the Secret, if Doorward did.
    pub issued_by: Option<&'a Arc<str>>,
    /// What that issuer calls the object's own certificate.
    pub issued_as: Option<&'a Arc<str>>,
    /// What the object itself holds, whether or not it is served.
    pub own: Option<&'a Arc<Certificate>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault<'a> {
    Missing,
    Invalid(&'a SecretProblem),
    /// The Secret's new certificate is expired, about to expire or not yet valid, while the one
    /// served so far lasts longer.
    Worse(&'a Arc<Certificate>),
}

/// The store's certificates by the names they carry.
#[derive(Default)]
pub struct Names<'a> {
    /// Keyed by the name's text, wildcards with their `*.`.
    literal: Map<&'a str, Vec<Stored<'a>>>,
    /// Wildcards once more, keyed by what follows `*.`.
    under: Map<&'a str, Vec<Stored<'a>>>,
    /// Certificates that were bound and have left the store since.
    pub departed: Vec<Stored<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    pub id: &'a CertificateId,
    pub certificate: &'a Arc<Certificate>,
    pub fault: Option<Fault<'a>>,
}

impl<'a> Store<'a> {
    pub fn new(world: &'a World, memory: &'a Memory, now: Timestamp) -> Self {
        let mut store = Self {
            world,
            memory,
            now,
            secrets: Map::default(),
            uploaded: Map::default(),
            doubles: Vec::new(),
            names: OnceCell::new(),
            issued: OnceCell::new(),
            homes: OnceCell::new(),
        };
        store.secrets.reserve(world.secrets.len());
        for (key, secret) in &world.secrets {
            store.secrets.insert((&key.namespace, &key.name), secret);
            let Some(id) = &secret.body.store_id else { continue };
            let Some(first) = store.uploaded.insert(id, secret) else { continue };
            let (counts, late) =
                if secret.age() < first.age() { (secret, first) } else { (first, secret) };
            store.uploaded.insert(id, counts);
            store.doubles.push(Double { late, counts });
        }
        store
    }

    pub fn hold(&self, id: &CertificateId) -> Hold<'a> {
        let Some(secret) = self.secret(id) else {
            let certificate = self.last_good(id);
            return Hold { certificate, fault: Some(Fault::Missing), ..Hold::default() };
        };
        let issued_by = secret.body.issued_by.as_ref();
        let issued_as = secret.body.issued_as.as_ref();
        match &secret.body.pair {
            Ok(own) => {
                let better = self.longer_lived(id, own);
                Hold {
                    certificate: Some(better.unwrap_or(own)),
                    fault: better.map(|_| Fault::Worse(own)),
                    issued_by,
                    issued_as,
                    own: Some(own),
                }
            }
            Err(problem) => Hold {
                certificate: self.last_good(id),
                fault: Some(Fault::Invalid(problem)),
                issued_by,
                issued_as: None,
                own: None,
            },
        }
    }

    /// A certificate for this host that some issuer made and that is valid now, whatever it was
    /// ordered for; `namespace` is where such are kept; of several the one that lasts longest.
    pub fn issued_for(&self, host: &Name, namespace: &str) -> Option<(CertificateId, Hold<'a>)> {
        let issued = self.issued.get_or_init(|| self.index_issued(namespace));
        let by_wildcard = || {
            let parent = host.as_str().split_once('.').filter(|_| !host.is_wildcard())?.1;
            issued.get(format!("*.{parent}").as_str())
        };
        let (key, secret) = issued.get(host.as_str()).or_else(by_wildcard)?;
        let certificate = secret.body.pair.as_ref().ok();
        let issued_by = secret.body.issued_by.as_ref();
        let issued_as = secret.body.issued_as.as_ref();
        let hold = Hold { certificate, fault: None, issued_by, issued_as, own: certificate };
        Some((CertificateId::secret(&key.namespace, &key.name), hold))
    }

    fn index_issued(&self, namespace: &str) -> Issued<'a> {
        let mut issued = Issued::default();
        let end = |secret: &Object<Secret>| secret.body.pair.as_ref().ok().map(|c| c.not_after);
        for (key, secret) in &self.world.secrets {
            let Ok(certificate) = &secret.body.pair else { continue };
            let is_ours = secret.body.issued_by.is_some() && &*key.namespace == namespace;
            if !is_ours || !self.is_valid(certificate) {
                continue;
            }
            for name in &certificate.names {
                let known = issued.entry(name.as_str()).or_insert((key, secret));
                if end(known.1) < end(secret) {
                    *known = (key, secret);
                }
            }
        }
        issued
    }

    /// What is there of a client CA.
    pub fn client_ca(&self, id: &CertificateId) -> Option<&'a Secret> {
        self.secret(id).map(|secret| &secret.body)
    }

    /// Where a Secret of this name lives, if anywhere; for the hint that it is elsewhere.
    pub fn namespace_of(&self, name: &str) -> Option<&'a str> {
        let homes = self.homes.get_or_init(|| {
            self.world.secrets.keys().map(|key| (&*key.name, &*key.namespace)).collect()
        });
        homes.get(name).copied()
    }

    /// The id of the store that somebody meant who wrote only its number, `756` for
    /// `756-cn-hangzhou`.
    pub fn in_full(&self, id: &CertificateId) -> Option<&'a CertificateId> {
        let follows = |full: &&CertificateId| {
            full.as_str().strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('-'))
        };
        self.uploaded.keys().copied().filter(follows).min()
    }

    pub fn names(&self) -> &Names<'a> {
        self.names.get_or_init(|| self.index())
    }

    pub fn doubles(&self) -> &[Double<'a>] {
        &self.doubles
    }

    /// Uploads that can serve neither as a certificate nor as a client CA.
    pub fn unusable(&self) -> impl Iterator<Item = (&'a Arc<Object<Secret>>, &'a SecretProblem)> {
        self.world.secrets.values().filter_map(|secret| match &secret.body.pair {
            Err(problem) if secret.body.store_id.is_some() && secret.body.roots.is_empty() => {
                Some((secret, problem))
            }
            _ => None,
        })
    }

    pub fn is_valid(&self, certificate: &Certificate) -> bool {
        !certificate.is_expired(self.now) && !certificate.is_not_yet_valid(self.now)
    }

    fn secret(&self, id: &CertificateId) -> Option<&'a Arc<Object<Secret>>> {
        match id.as_secret() {
            Some(key) => self.secrets.get(&key),
            None => self.uploaded.get(id),
        }
        .copied()
    }

    fn last_good(&self, id: &CertificateId) -> Option<&'a Arc<Certificate>> {
        self.memory.bound.get(id).or_else(|| self.memory.held_over.get(id))
    }

    /// The last good one, if it should stay although its Secret now holds `new`: ALB refuses
    /// certificates with less than a day left.
    fn longer_lived(&self, id: &CertificateId, new: &Certificate) -> Option<&'a Arc<Certificate>> {
        let is_early = new.is_not_yet_valid(self.now);
        let ends_soon = new.not_after.duration_since(self.now) < SignedDuration::from_hours(24);
        if !is_early && !ends_soon {
            return None;
        }
        self.last_good(id).filter(|held| {
            ***held != *new && self.is_valid(held) && (is_early || held.not_after > new.not_after)
        })
    }

    fn index(&self) -> Names<'a> {
        let mut names = Names::default();
        for id in self.uploaded.keys() {
            let hold = self.hold(id);
            if let Some(certificate) = hold.certificate {
                names.add(Stored { id, certificate, fault: hold.fault });
            }
        }
        let remembered = self.memory.bound.iter().chain(&self.memory.held_over);
        names.departed = remembered
            .filter(|(id, _)| id.as_secret().is_none() && !self.uploaded.contains_key(id))
            .map(|(id, certificate)| Stored { id, certificate, fault: Some(Fault::Missing) })
            .collect();
        names.departed.sort_by_key(|stored| stored.id);
        names.departed.dedup_by_key(|stored| stored.id);
        names
    }
}

impl<'a> Names<'a> {
    fn add(&mut self, stored: Stored<'a>) {
        for name in &stored.certificate.names {
            self.literal.entry(name.as_str()).or_default().push(stored);
            if let Some(parent) = name.wildcard_parent() {
                self.under.entry(parent).or_default().push(stored);
            }
        }
    }

    /// The certificates that carry exactly this name; for a wildcard, that wildcard.
    pub fn carrying(&self, host: &Name) -> &[Stored<'a>] {
        self.literal.get(host.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The wildcard certificates for the names directly under `parent`.
    pub fn wildcards_under(&self, parent: &str) -> &[Stored<'a>] {
        self.under.get(parent).map_or(&[], Vec::as_slice)
    }
}
