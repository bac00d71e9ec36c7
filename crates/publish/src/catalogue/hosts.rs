//! Certificates by the host they are good for, for Envoy's on-demand selector, which asks for the
//! server name of a handshake as it came.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use model::{
    Binding, BindingStatus, CertificateId, CertificateList, CertificateSource, CertificateTable,
    Fingerprint, Name,
};
use translate::world::Key;

use super::Offer;
use crate::content::Content;

/// Of one namespace. Chosen as for the own gateway's listeners, so that a wildcard answers for
/// the hosts below it and ECDSA goes before RSA.
#[derive(Debug)]
pub struct Hosts {
    /// What this was made of.
    offers: Vec<(Arc<Content>, bool)>,
    table: CertificateTable,
    contents: HashMap<Fingerprint, Arc<Content>>,
}

impl Hosts {
    pub fn choose(&self, host: &str) -> Option<Arc<Content>> {
        let host = Name::parse(host).ok()?;
        let chosen = self.table.choose_for(&host).certificate()?;
        self.contents.get(&chosen.fingerprint).cloned()
    }

    fn new(offers: Vec<(Arc<Content>, bool)>) -> Self {
        let binding = |(content, is_expired): &(Arc<Content>, bool)| {
            let certificate = content.certificate()?.clone();
            Some(Binding {
                id: CertificateId::store(content.version.as_str()),
                is_default: false,
                source: CertificateSource::Secret,
                status: if *is_expired {
                    BindingStatus::Expired
                } else {
                    BindingStatus::Associated
                },
                certificate: Some(certificate),
            })
        };
        let bindings = offers.iter().filter_map(binding).collect();
        let table = CertificateTable::new(&CertificateList { bindings });
        let contents = offers
            .iter()
            .filter_map(|(content, _)| Some((content.certificate()?.fingerprint, content.clone())))
            .collect();
        Self { offers, table, contents }
    }

    fn is_of(&self, offers: &[(Arc<Content>, bool)]) -> bool {
        self.offers.len() == offers.len()
            && self
                .offers
                .iter()
                .zip(offers)
                .all(|((a, a_expired), (b, b_expired))| Arc::ptr_eq(a, b) && a_expired == b_expired)
    }
}

/// The table of a namespace in which nothing changed is taken over.
pub fn by_namespace(
    secrets: &BTreeMap<Key, Arc<Offer>>,
    before: &BTreeMap<Arc<str>, Arc<Hosts>>,
    now: Timestamp,
) -> BTreeMap<Arc<str>, Arc<Hosts>> {
    let mut offers: BTreeMap<Arc<str>, Vec<(Arc<Content>, bool)>> = BTreeMap::new();
    for (key, offer) in secrets {
        let Some(content) = &offer.pair else { continue };
        let is_expired = content.certificate().is_some_and(|held| held.is_expired(now));
        offers.entry(key.namespace.clone()).or_default().push((content.clone(), is_expired));
    }
    offers
        .into_iter()
        .map(|(namespace, offers)| {
            let same = before.get(&namespace).filter(|before| before.is_of(&offers));
            let hosts = same.cloned().unwrap_or_else(|| Arc::new(Hosts::new(offers)));
            (namespace, hosts)
        })
        .collect()
}
