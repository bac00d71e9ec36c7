//! What a rotation is about: the authorities that etcd and its clients live by, their leaves, and
//! every file that holds one of them.
//!
//! An authority counts if it issued a leaf that is in use. Others that a trust file names are
//! strangers, and stay.

mod issuers;
mod kubeconfigs;
mod leaves;
mod mixture;
mod needs;
mod successors;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    Component, Facts, HostFacts, HostName, Program, Purpose, Reread, certificate::Certificate,
    finding::Finding, health::Health, kubeconfig, pem, plan::Wish,
};
pub(crate) use issuers::unique;

#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub authorities: Vec<Authority>,
    pub leaves: Vec<Leaf>,
    pub trusts: Vec<TrustSpot>,
    /// What runs that were given up left behind: by the id of the authority that it was to follow
    /// or to give way to, and the SHA-256 of the certificate.
    pub leftovers: BTreeSet<(String, String)>,
    /// Pairs that are none, certificates without an issuer.
    pub findings: Vec<Finding>,
    /// Where trust and leaves do not fit each other, a sentence each.
    pub misfits: Vec<String>,
    /// What is left as it is, and why.
    pub notes: Vec<String>,
}

/// Whose certificates an authority issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Realm {
    Etcd,
    FrontProxy,
    /// Clients that no plan can reach present its leaves: kubelets, pods, people.
    Kubernetes,
    /// One for etcd and Kubernetes.
    Both,
}

#[derive(Debug)]
pub(crate) struct Authority {
    pub id: String,
    pub certificate: Certificate,
    pub has_key: bool,
    /// Certificate and key as they lie on hosts.
    pub kept_at: Vec<(HostName, PathBuf, PathBuf)>,
    /// Other certificates that it issued, by file.
    pub also_issued: Vec<String>,
    /// The id of the one that has taken its place everywhere else.
    pub successor: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Leaf {
    pub id: String,
    /// Its authority's id.
    pub authority: String,
    pub certificate: Certificate,
    /// Names that it lacks.
    pub added: Vec<String>,
    pub spots: Vec<PairSpot>,
}

/// A pair of files with a leaf and its key.
#[derive(Clone, Debug)]
pub(crate) struct PairSpot {
    pub host: HostName,
    pub program: Program,
    pub purpose: Purpose,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub reread: Reread,
    pub is_running: bool,
    /// The key is the certificate's own.
    pub fits: bool,
}

impl Leaf {
    /// Somewhere its key is another's.
    pub fn is_broken(&self) -> bool {
        self.spots.iter().any(|spot| !spot.fits)
    }
}

/// A file that says whom to trust, with the authorities of the scope that belong in it.
#[derive(Clone, Debug)]
pub(crate) struct TrustSpot {
    pub host: HostName,
    pub program: Program,
    pub purpose: Purpose,
    pub path: PathBuf,
    pub reread: Reread,
    /// Those of the scope that are in the file.
    pub present: BTreeSet<String>,
    pub authorities: BTreeSet<String>,
}

impl TrustSpot {
    /// Whether the file is the certificate beside one of these keys, which signs with it and may
    /// hold no other.
    pub(crate) fn is_kept_at(&self, places: &[(HostName, PathBuf, PathBuf)]) -> bool {
        places.iter().any(|(host, certificate, _)| *host == self.host && *certificate == self.path)
    }

    /// Whether etcd, or who talks to it, goes by the file.
    pub(crate) fn is_etcds(&self) -> bool {
        ETCD.contains(&self.purpose)
    }
}

/// Purposes that belong to etcd and its consumers.
const ETCD: [Purpose; 4] =
    [Purpose::EtcdServer, Purpose::EtcdPeer, Purpose::EtcdClient, Purpose::ApiserverEtcd];

/// What the authorities of Kubernetes and of the front proxy are read for. Kubeconfigs count as
/// `ApiserverClients`.
const KUBERNETES: [Purpose; 7] = [
    Purpose::ApiserverServing,
    Purpose::ApiserverClients,
    Purpose::ApiserverKubelet,
    Purpose::FrontProxy,
    Purpose::RootCa,
    Purpose::KubeletServing,
    Purpose::KubeletClient,
];

/// Whether a wish is about files of this purpose.
fn is_wanted(purpose: Purpose, wish: &Wish) -> bool {
    ETCD.contains(&purpose) || wish.kubernetes && KUBERNETES.contains(&purpose)
}

impl Scope {
    pub(crate) fn of(facts: &Facts, health: &Health, wish: &Wish) -> Self {
        let hosts = Hosts::of(facts, wish);
        let mut scope = Self::default();
        let known = issuers::Known::of(&hosts);
        leaves::find(&mut scope, &hosts, &known, wish, facts.now);
        if wish.kubernetes {
            kubeconfigs::find(&mut scope, &hosts, &known);
        }
        leaves::name(&mut scope);
        needs::add(&mut scope, &hosts, health);
        scope.find_trusts(&hosts, wish);
        if wish.kubernetes {
            kubeconfigs::find_trusts(&mut scope, &hosts);
        }
        if wish.kubernetes && wish.drop_old {
            successors::find_dropped(&mut scope, &hosts);
        }
        successors::find_left_behind(&mut scope, facts.now);
        scope.find_others(&hosts);
        scope
    }

    pub(crate) fn authority(&self, id: &str) -> Option<&Authority> {
        self.authorities.iter().find(|authority| authority.id == id)
    }

    /// Whether some authority only gives way to one that is there.
    pub(crate) fn is_following(&self) -> bool {
        self.authorities.iter().any(|authority| authority.successor.is_some())
    }

    /// Hosts that still live by an authority which the others left.
    pub(crate) fn hosts_behind(&self) -> BTreeSet<HostName> {
        let behind = |id: &str| self.authority(id).is_some_and(|one| one.successor.is_some());
        let leaves = self.leaves.iter().filter(|leaf| behind(&leaf.authority));
        leaves.flat_map(|leaf| &leaf.spots).map(|spot| spot.host.clone()).collect()
    }

    /// Hosts where a pair is to be repaired: what reads it may present nothing meanwhile.
    pub(crate) fn hosts_in_repair(&self) -> BTreeSet<HostName> {
        let spots = self.leaves.iter().flat_map(|leaf| &leaf.spots);
        spots.filter(|spot| !spot.fits).map(|spot| spot.host.clone()).collect()
    }

    /// Hosts with a file of the scope.
    pub(crate) fn hosts(&self) -> BTreeSet<HostName> {
        let pairs = self.leaves.iter().flat_map(|leaf| &leaf.spots).map(|spot| &spot.host);
        pairs.chain(self.trusts.iter().map(|spot| &spot.host)).cloned().collect()
    }

    /// Hosts with a file of the scope that `program` reads.
    pub(crate) fn hosts_with(&self, program: Program) -> BTreeSet<HostName> {
        let pairs = self.leaves.iter().flat_map(|leaf| &leaf.spots);
        let pairs = pairs.filter(|spot| spot.program == program).map(|spot| &spot.host);
        let trusts = self.trusts.iter().filter(|spot| spot.program == program);
        pairs.chain(trusts.map(|spot| &spot.host)).cloned().collect()
    }

    /// By the purposes of its leaves.
    pub(crate) fn realm(&self, authority: &str) -> Realm {
        let leaves = self.leaves.iter().filter(|leaf| leaf.authority == authority);
        let purposes: BTreeSet<Purpose> =
            leaves.flat_map(|leaf| &leaf.spots).map(|spot| spot.purpose).collect();
        let is_etcd = purposes.iter().any(|purpose| ETCD.contains(purpose));
        let is_other = purposes
            .iter()
            .any(|purpose| !ETCD.contains(purpose) && *purpose != Purpose::FrontProxy);
        match (is_etcd, is_other) {
            (true, true) => Realm::Both,
            (true, false) => Realm::Etcd,
            (false, true) => Realm::Kubernetes,
            (false, false) => Realm::FrontProxy,
        }
    }

    /// Whether clients that no plan can reach present this authority's leaves to whoever reads a
    /// file of this purpose.
    pub(crate) fn has_strangers(&self, authority: &str, purpose: Purpose) -> bool {
        matches!(self.realm(authority), Realm::Kubernetes | Realm::Both) && !ETCD.contains(&purpose)
    }

    fn find_trusts(&mut self, hosts: &Hosts<'_>, wish: &Wish) {
        for (host, facts, component) in hosts.components() {
            for trust in &component.trusts {
                let is_etcd = ETCD.contains(&trust.purpose);
                if !is_wanted(trust.purpose, wish) {
                    continue;
                }
                let trusted = certificates(facts, &trust.path);
                let present = self.present(&trusted);
                let mut authorities = present.clone();
                if is_etcd {
                    let shown = shown_to(trust.purpose);
                    let needed = self.needed(shown);
                    for id in needed.difference(&present) {
                        let is_copy = trust.reread == Reread::Never;
                        if is_copy || self.is_vouched_for(id, shown, &trusted, hosts) {
                            continue;
                        }
                        let name = self.authority(id).map_or("", |known| known.certificate.name());
                        self.misfits.push(format!(
                            "{host}: {} does not trust {name:?}, whose certificates others present",
                            trust.path.display()
                        ));
                    }
                    authorities.extend(needed);
                    self.find_leftovers(&authorities, &trusted);
                }
                if authorities.is_empty() {
                    continue;
                }
                self.trusts.push(TrustSpot {
                    host: host.clone(),
                    program: component.program,
                    purpose: trust.purpose,
                    path: trust.path.clone(),
                    reread: trust.reread,
                    present,
                    authorities,
                });
            }
        }
    }

    /// Those that are trusted though nobody presents a leaf of theirs.
    fn find_leftovers(&mut self, authorities: &BTreeSet<String>, trusted: &[Certificate]) {
        let known = self.authorities.iter().filter(|known| authorities.contains(&known.id));
        let leftovers = known.flat_map(|known| {
            let follows = |one: &&Certificate| {
                let is_used = |known: &Authority| known.certificate.is_same_authority(one);
                successors::is_newer(one, &known.certificate)
                    && !self.authorities.iter().any(is_used)
            };
            let found = trusted.iter().filter(follows);
            found.map(|one| (known.id.clone(), one.fingerprint.clone())).collect::<Vec<_>>()
        });
        let leftovers: Vec<_> = leftovers.collect();
        self.leftovers.extend(leftovers);
    }

    /// The scope's authorities among these.
    fn present(&self, found: &[Certificate]) -> BTreeSet<String> {
        let known = self.authorities.iter();
        let known =
            known.filter(|known| found.iter().any(|one| one.is_same_authority(&known.certificate)));
        known.map(|known| known.id.clone()).collect()
    }

    /// Authorities of the leaves for these purposes.
    fn needed(&self, shown: &[Purpose]) -> BTreeSet<String> {
        self.leaves
            .iter()
            .filter(|leaf| leaf.spots.iter().any(|spot| shown.contains(&spot.purpose)))
            .map(|leaf| leaf.authority.clone())
            .collect()
    }

    /// Certificates beside the scope that its authorities issued.
    fn find_others(&mut self, hosts: &Hosts<'_>) {
        let ours: BTreeSet<&str> =
            self.leaves.iter().map(|leaf| leaf.certificate.fingerprint.as_str()).collect();
        let mut others: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (host, facts) in &hosts.0 {
            for (path, found) in all_certificates(facts) {
                if found.is_ca || ours.contains(found.fingerprint.as_str()) {
                    continue;
                }
                for authority in &self.authorities {
                    if found.is_issued_by(&authority.certificate) {
                        let place = format!("{host}: {}", path.display());
                        others.entry(authority.id.clone()).or_default().insert(place);
                    }
                }
            }
        }
        for authority in &mut self.authorities {
            let found = others.remove(&authority.id).unwrap_or_default();
            authority.also_issued = found.into_iter().collect();
        }
    }
}

/// What is shown to whoever reads a trust file of this purpose.
fn shown_to(purpose: Purpose) -> &'static [Purpose] {
    match purpose {
        Purpose::EtcdServer => &[Purpose::EtcdClient, Purpose::ApiserverEtcd],
        Purpose::EtcdPeer => &[Purpose::EtcdPeer],
        _ => &[Purpose::EtcdServer],
    }
}

/// The hosts that a plan may count on.
pub(crate) struct Hosts<'a>(Vec<(&'a HostName, &'a HostFacts)>);

impl<'a> Hosts<'a> {
    pub(crate) fn of(facts: &'a Facts, wish: &Wish) -> Self {
        let reached = facts
            .hosts
            .iter()
            .filter(|(name, host)| host.unreached.is_none() && !wish.exclude.contains(name));
        Self(reached.collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a HostName, &'a HostFacts)> {
        self.0.iter().copied()
    }

    pub(crate) fn components(
        &self,
    ) -> impl Iterator<Item = (&'a HostName, &'a HostFacts, &'a Component)> {
        self.iter().flat_map(|(name, host)| {
            host.components.iter().map(move |component| (name, host, component))
        })
    }
}

/// The certificates of a file, also those inside a kubeconfig.
pub(crate) fn certificates(host: &HostFacts, path: &Path) -> Vec<Certificate> {
    texts(host, path).iter().flat_map(|text| pem::certificates(text)).collect()
}

pub(crate) fn texts(host: &HostFacts, path: &Path) -> Vec<Vec<u8>> {
    let content = host.files.get(path).and_then(|file| file.content.as_ref());
    content.map(|content| kubeconfig::texts(content.bytes())).unwrap_or_default()
}

fn all_certificates(host: &HostFacts) -> impl Iterator<Item = (&PathBuf, Certificate)> {
    host.files.keys().flat_map(move |path| {
        certificates(host, path).into_iter().map(move |certificate| (path, certificate))
    })
}
