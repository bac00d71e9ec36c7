//! Where files of several rotations lie side by side, as a script that died half-way leaves them:
//! who does not accept whom, and the whole picture host by host.

use std::collections::BTreeSet;

use super::{Hosts, PairSpot, Scope, TrustSpot, certificates};
use crate::{HostName, Purpose, Reread, certificate::Certificate};

/// Ports of the matrix, as people call them.
const DOORS: [(Purpose, &str); 3] = [
    (Purpose::EtcdServer, "etcd to clients"),
    (Purpose::EtcdPeer, "etcd to peers"),
    (Purpose::ApiserverEtcd, "the API server to etcd"),
];

impl Scope {
    /// Whether all who present an authority's leaves to readers of a trust file show with them
    /// that one of the file's authorities vouches for it.
    pub(super) fn is_vouched_for(
        &self,
        authority: &str,
        shown: &[Purpose],
        trusted: &[Certificate],
        hosts: &Hosts<'_>,
    ) -> bool {
        let Some(known) = self.authority(authority) else { return false };
        let leaves = self.leaves.iter().filter(|leaf| leaf.authority == authority);
        let mut spots = leaves
            .flat_map(|leaf| &leaf.spots)
            .filter(|spot| shown.contains(&spot.purpose) && spot.reread != Reread::Never);
        spots.all(|spot| {
            let host = hosts.iter().find(|(name, _)| **name == spot.host).map(|(_, facts)| facts);
            let chain = host.map(|facts| certificates(facts, &spot.certificate));
            chain.unwrap_or_default().iter().any(|between| {
                between.is_same_authority(&known.certificate)
                    && trusted.iter().any(|root| between.is_issued_by(root))
            })
        })
    }

    /// A line a host: whom its programs trust of the authorities, and whose leaves they present.
    pub(crate) fn matrix(&self) -> Vec<String> {
        let line = |host: HostName| {
            let doors: Vec<String> =
                DOORS.iter().filter_map(|(door, called)| self.door(&host, *door, called)).collect();
            format!("{host}: {}", doors.join("; "))
        };
        self.hosts().into_iter().map(line).collect()
    }

    fn door(&self, host: &HostName, door: Purpose, called: &str) -> Option<String> {
        let is_here = |spot: &&TrustSpot| {
            spot.host == *host && spot.purpose == door && spot.reread != Reread::Never
        };
        let trusts = self.trusts.iter().filter(is_here).flat_map(|spot| &spot.present);
        let trusts: BTreeSet<&str> = trusts.map(String::as_str).collect();
        let shows = |spot: &PairSpot| {
            spot.host == *host && spot.purpose == door && spot.reread != Reread::Never
        };
        let presents = self.leaves.iter().filter(|leaf| leaf.spots.iter().any(shows));
        let presents: BTreeSet<&str> = presents.map(|leaf| leaf.authority.as_str()).collect();
        (!trusts.is_empty() || !presents.is_empty()).then(|| {
            let (trusts, presents) = (self.names(&trusts), self.names(&presents));
            format!("{called}: trusts {trusts}, presents a leaf of {presents}")
        })
    }

    fn names(&self, ids: &BTreeSet<&str>) -> String {
        let known = ids.iter().filter_map(|id| self.authority(id));
        let names: Vec<&str> = known.map(|known| known.certificate.name()).collect();
        match names.is_empty() {
            true => "nobody known".to_owned(),
            false => names.join(" and "),
        }
    }
}
