//! How many orders an issuer allows, and how many of them are left.
//!
//! Each limit is a bucket of tokens that fills up evenly. What is left of them outlives a restart:
//! an issuer remembers what it was asked, whoever asks. A limit that others share, such as one of
//! an address, cannot be known from here.

mod bucket;
mod presets;

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use model::Name;
use serde::{Deserialize, Serialize};

pub use bucket::Bucket;

/// So many in so much time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// As the issuer's documentation calls it.
    pub name: Arc<str>,
    pub amount: u32,
    pub per: SignedDuration,
    pub of: Scope,
    #[serde(default)]
    pub counts: Counts,
    #[serde(default)]
    pub spares: Spares,
}

/// What has a bucket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    Account,
    /// By the public suffix list: `a.example.co.uk` counts for `example.co.uk`.
    RegisteredDomain,
    /// All names of a certificate together.
    NameSet,
    Name,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Counts {
    #[default]
    Orders,
    /// Orders that the issuer turned down. As long as none is left, nothing is ordered.
    Failures,
}

/// Which orders a limit does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Spares {
    #[default]
    Nothing,
    /// Renewals that the CA itself has scheduled (RFC 9773).
    Scheduled,
    /// Renewals of the same names.
    Renewals,
}

/// An order as limits see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    New,
    Renewal,
    /// A renewal that the CA itself has scheduled.
    Scheduled,
}

impl Spares {
    fn spares(self, kind: Kind) -> bool {
        match self {
            Self::Nothing => false,
            Self::Scheduled => kind == Kind::Scheduled,
            Self::Renewals => kind >= Kind::Renewal,
        }
    }
}

/// What an order would take.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    pub issuer: &'a str,
    pub limits: &'a [Limit],
    pub names: &'a [Name],
    pub kind: Kind,
}

/// Which bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct Key {
    pub issuer: Arc<str>,
    pub limit: Arc<str>,
    /// The domain, the names; empty for the account.
    pub of: String,
}

/// As `new orders per account` or `certificates per registered domain (example.com)`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of.as_str() {
            "" => f.write_str(&self.limit),
            of => write!(f, "{} ({of})", self.limit),
        }
    }
}

/// No token is left in one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub key: Key,
    /// When it has one again, if nobody else takes it.
    pub until: Timestamp,
}

/// What is left of all limits. Buckets that nobody has taken from are full and not in here.
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    buckets: BTreeMap<Key, Bucket>,
}

impl Budgets {
    /// Takes what the order needs from all buckets, or nothing from any.
    pub fn take(&mut self, charge: &Charge<'_>, now: Timestamp) -> Result<(), Denied> {
        let keys = charge.keys();
        let denied = keys.iter().filter_map(|(limit, key)| {
            let bucket = self.buckets.get(key)?;
            let until = bucket.has_next(limit, now)?;
            Some(Denied { key: key.clone(), until })
        });
        if let Some(denied) = denied.max_by_key(|denied| denied.until) {
            return Err(denied);
        }
        for (limit, key) in keys.into_iter().filter(|(limit, _)| limit.counts == Counts::Orders) {
            self.buckets.entry(key).or_insert_with(|| Bucket::full(limit, now)).take(limit, now);
        }
        Ok(())
    }

    /// Takes what these orders have taken, each at its time, wherever that was forgotten: a bucket
    /// remembers all that was taken before it was looked at last. True: something was.
    pub fn recount<'a>(
        &mut self,
        orders: impl IntoIterator<Item = (Charge<'a>, Timestamp)>,
    ) -> bool {
        let mut forgotten = Vec::new();
        for (charge, at) in orders {
            let keys =
                charge.keys().into_iter().filter(|(limit, _)| limit.counts == Counts::Orders);
            let is_known =
                |key: &Key| self.buckets.get(key).is_some_and(|bucket| bucket.knows_of(at));
            forgotten.extend(
                keys.filter(|(_, key)| !is_known(key)).map(|(limit, key)| (at, limit, key)),
            );
        }
        forgotten.sort_by_key(|(at, ..)| *at);
        let is_any = !forgotten.is_empty();
        for (at, limit, key) in forgotten {
            self.buckets.entry(key).or_insert_with(|| Bucket::full(limit, at)).take(limit, at);
        }
        is_any
    }

    /// Notes an order that the issuer turned down.
    pub fn failed(&mut self, charge: &Charge<'_>, now: Timestamp) {
        for (limit, key) in charge.keys() {
            if limit.counts == Counts::Failures {
                self.buckets
                    .entry(key)
                    .or_insert_with(|| Bucket::full(limit, now))
                    .take(limit, now);
            }
        }
    }

    /// When the bucket has a token, the `nth` from now, counted from 1.
    pub fn when(&self, limit: &Limit, key: &Key, nth: usize, now: Timestamp) -> Timestamp {
        self.buckets.get(key).map_or(now, |bucket| bucket.when(limit, nth, now))
    }

    /// How many whole tokens are left.
    pub fn left(&self, limit: &Limit, key: &Key, now: Timestamp) -> usize {
        self.buckets.get(key).map_or(limit.amount as usize, |bucket| bucket.whole(limit, now))
    }

    /// For the book: what is not full.
    pub fn to_kept(&self) -> Vec<(Key, Bucket)> {
        self.buckets.iter().map(|(key, bucket)| (key.clone(), *bucket)).collect()
    }

    pub fn from_kept(kept: Vec<(Key, Bucket)>) -> Self {
        Self { buckets: kept.into_iter().collect() }
    }

    /// Forgets the buckets that are full again.
    pub fn forget_full<'a>(
        &mut self,
        limit_of: impl Fn(&Key) -> Option<&'a Limit>,
        now: Timestamp,
    ) {
        self.buckets
            .retain(|key, bucket| limit_of(key).is_none_or(|limit| !bucket.is_full(limit, now)));
    }
}

impl<'a> Charge<'a> {
    /// The buckets that this order takes from or must not find empty.
    pub(crate) fn keys(&self) -> Vec<(&'a Limit, Key)> {
        let mut keys = Vec::new();
        for limit in self.limits.iter().filter(|limit| !limit.spares.spares(self.kind)) {
            for of in limit.of.of(self.names) {
                let issuer = self.issuer.into();
                keys.push((limit, Key { issuer, limit: limit.name.clone(), of }));
            }
        }
        keys
    }
}

impl Scope {
    fn of(self, names: &[Name]) -> Vec<String> {
        let mut found: Vec<String> = match self {
            Self::Account => vec![String::new()],
            Self::RegisteredDomain => names.iter().map(registered_domain).collect(),
            Self::NameSet => {
                vec![names.iter().map(Name::as_str).collect::<Vec<_>>().join(",")]
            }
            Self::Name => names.iter().map(|name| name.as_str().to_owned()).collect(),
        };
        found.sort();
        found.dedup();
        found
    }
}

/// The name itself where it is a public suffix.
fn registered_domain(name: &Name) -> String {
    let plain = name.as_str().trim_start_matches("*.");
    psl::domain_str(plain).unwrap_or(plain).to_owned()
}

#[cfg(test)]
mod tests;
