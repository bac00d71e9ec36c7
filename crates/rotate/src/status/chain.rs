//! Who issued a certificate, and until when the two are worth something together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{Facts, HostFacts, certificate::Certificate, pem, plan::scope::certificates};

/// More than any cluster's chain has; cross certificates can go in circles.
const LONGEST: usize = 4;

/// Every authority of every host, once.
pub(super) struct Pool {
    /// What programs and kubeconfigs trust.
    trusted: BTreeMap<String, Certificate>,
    /// What else lies there.
    beside: BTreeMap<String, Certificate>,
}

/// A chain's worth.
#[derive(Clone, Debug)]
pub(super) struct Worth<'a> {
    pub until: Timestamp,
    /// `None`: on none of the hosts, or the certificate is its own.
    pub issuer: Option<&'a Certificate>,
}

impl Pool {
    pub fn of(facts: &Facts) -> Self {
        let (mut trusted, mut beside) = (BTreeMap::new(), BTreeMap::new());
        for host in facts.hosts.values() {
            for path in trusting_files(host) {
                add(&mut trusted, certificates(host, path));
            }
            for file in host.files.values() {
                let bytes = file.content.as_ref().map(|content| content.bytes());
                add(&mut beside, pem::certificates(bytes.unwrap_or_default()));
            }
        }
        Self { trusted, beside }
    }

    /// What programs and kubeconfigs trust.
    pub fn trusted(&self) -> impl Iterator<Item = &Certificate> {
        self.trusted.values()
    }

    /// What else could sign.
    pub fn beside(&self) -> impl Iterator<Item = &Certificate> {
        self.beside.values().filter(|found| !self.trusted.contains_key(&found.fingerprint))
    }

    /// Fingerprints of those on which the best way up of some certificate leads.
    pub fn needed(&self, facts: &Facts) -> BTreeSet<&str> {
        let files = facts.hosts.values().flat_map(|host| host.files.values());
        let contents = files.filter_map(|file| file.content.as_ref());
        let all = contents.flat_map(|content| pem::certificates(content.bytes()));
        let issuers = all.filter_map(|below| self.worth(&below).issuer);
        issuers.map(|issuer| issuer.fingerprint.as_str()).collect()
    }

    /// By the best of its ways up to a self-signed authority.
    pub fn worth(&self, leaf: &Certificate) -> Worth<'_> {
        self.climb(leaf, LONGEST)
    }

    fn climb(&self, below: &Certificate, left: usize) -> Worth<'_> {
        if below.is_self_issued() || left == 0 {
            return Worth { until: below.not_after, issuer: None };
        }
        let best = |pool: &'_ BTreeMap<String, Certificate>| -> Option<(Timestamp, String)> {
            pool.values()
                .filter(|above| below.is_issued_by(above))
                .map(|above| (self.climb(above, left - 1).until, above.fingerprint.clone()))
                .max()
        };
        let best = best(&self.trusted).or_else(|| best(&self.beside));
        let Some((until, issuer)) = best else {
            return Worth { until: below.not_after, issuer: None };
        };
        let issuer = self.trusted.get(&issuer).or_else(|| self.beside.get(&issuer));
        Worth { until: until.min(below.not_after), issuer }
    }
}

fn trusting_files(host: &HostFacts) -> impl Iterator<Item = &std::path::PathBuf> {
    let trusts = host.components.iter().flat_map(|component| &component.trusts);
    let kubeconfigs = host.components.iter().flat_map(|component| &component.kubeconfigs);
    let idle = host.idle_kubeconfigs.iter();
    trusts.map(|trust| &trust.path).chain(kubeconfigs).chain(idle)
}

fn add(to: &mut BTreeMap<String, Certificate>, found: Vec<Certificate>) {
    let authorities = found.into_iter().filter(|one| one.is_ca);
    to.extend(authorities.map(|one| (one.fingerprint.clone(), one)));
}
