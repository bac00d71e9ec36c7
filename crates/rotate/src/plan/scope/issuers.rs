//! Who issued whom, among all authorities that lie on the hosts, and whose key lies there too.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{Authority, Hosts, all_certificates, certificates, successors::is_newer, texts};
use crate::{HostName, certificate::Certificate, pem};

/// Every authority's certificate of every host, the best of each first.
pub(super) struct Known {
    certificates: Vec<Certificate>,
    /// Certificate and key files by the authority's fingerprint.
    kept_at: BTreeMap<String, Vec<(HostName, PathBuf, PathBuf)>>,
}

impl Known {
    pub(super) fn of(hosts: &Hosts<'_>) -> Self {
        let mut found: BTreeMap<String, Certificate> = BTreeMap::new();
        for (_, host) in hosts.iter() {
            for (_, certificate) in all_certificates(host) {
                if certificate.is_ca || certificate.is_self_issued() {
                    found.insert(certificate.fingerprint.clone(), certificate);
                }
            }
        }
        let mut certificates: Vec<Certificate> = found.into_values().collect();
        // Roots before cross certificates of the same key; then the one that lasts longest.
        certificates.sort_by_key(|one| {
            (!one.is_self_issued(), std::cmp::Reverse(one.not_after), one.fingerprint.clone())
        });
        let mut known = Self { certificates, kept_at: BTreeMap::new() };
        known.find_keys(hosts);
        known
    }

    fn find_keys(&mut self, hosts: &Hosts<'_>) {
        for (name, host) in hosts.iter() {
            for (certificate_path, key_path) in &host.authority_keys {
                let keys: Vec<_> =
                    texts(host, key_path).iter().flat_map(|text| pem::private_keys(text)).collect();
                for found in certificates(host, certificate_path) {
                    if keys.iter().any(|key| key.is_key_of(&found)) {
                        let place = (name.clone(), certificate_path.clone(), key_path.clone());
                        self.kept_at.entry(found.fingerprint).or_default().push(place);
                    }
                }
            }
        }
    }

    /// The authority that `leaf` hangs on: who signed it, or the one before where that is a successor
    /// whose key lies nowhere. Its run was given up, and only the elder's word holds it.
    pub(super) fn issuer(&self, leaf: &Certificate) -> Option<&Certificate> {
        let signer = self.signer(leaf)?;
        let has_key = |(fingerprint, _): (&String, _)| *fingerprint == signer.fingerprint;
        if signer.is_self_issued() || self.kept_at.iter().any(has_key) {
            return Some(signer);
        }
        let elder = self.signer(signer).filter(|elder| is_newer(signer, elder));
        elder.or(Some(signer))
    }

    pub(super) fn signer(&self, below: &Certificate) -> Option<&Certificate> {
        self.certificates
            .iter()
            .find(|known| known.fingerprint != below.fingerprint && below.is_issued_by(known))
    }

    pub(super) fn authority(
        &self,
        certificate: &Certificate,
        taken: &BTreeSet<String>,
    ) -> Authority {
        let same: Vec<_> = self
            .certificates
            .iter()
            .filter(|other| other.is_same_authority(certificate))
            .filter_map(|other| self.kept_at.get(&other.fingerprint))
            .flatten()
            .cloned()
            .collect();
        Authority {
            id: unique(&slug(certificate.name()), taken),
            certificate: certificate.clone(),
            has_key: !same.is_empty(),
            kept_at: same,
            also_issued: Vec::new(),
            successor: None,
        }
    }
}

/// A name that can be a part of a file's.
pub(super) fn slug(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    let base = text.split('@').next().unwrap_or_default();
    let slug = base.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.', "-");
    match slug.trim_matches(['-', '.']) {
        "" => "unnamed".to_owned(),
        slug => slug.to_owned(),
    }
}

pub(crate) fn unique(wanted: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(|id| !taken.contains(id))
        .expect("there are more numbers than ids")
}
