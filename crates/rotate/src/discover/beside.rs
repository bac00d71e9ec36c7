//! What lies beside the files that programs name: keys of authorities, copies of pairs and of
//! trust files in other folders, and pairs that only people use.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    Component, Facts, FileSeen, HostFacts, Pair, Program, Purpose, Reread, Trust,
    certificate::Certificate, key::PrivateKey, pem,
};

struct Held {
    certificates: Vec<Certificate>,
    keys: Vec<PrivateKey>,
}

type AllHeld = BTreeMap<PathBuf, Held>;

/// An authority that a program somewhere trusts, and what for.
struct Trusted {
    program: Program,
    purpose: Purpose,
    certificate: Certificate,
}

/// Adds to the hosts' components what no flag names but belongs to the authorities that the host
/// trusts, or any other does: where a rotation was cut off, hosts trust different ones.
pub(super) fn add(facts: &mut Facts) {
    let held: Vec<AllHeld> = facts.hosts.values().map(held).collect();
    let everywhere: Vec<Trusted> =
        facts.hosts.values().zip(&held).flat_map(|(host, held)| trusted(host, held)).collect();
    for (host, held) in facts.hosts.values_mut().zip(&held) {
        let own = trusted(host, held);
        let known: Vec<&Trusted> = own.iter().chain(&everywhere).collect();
        add_to(host, held, &known);
    }
}

fn trusted(host: &HostFacts, held: &AllHeld) -> Vec<Trusted> {
    let certificates = |(program, trust): (Program, &Trust)| {
        let file = held.get(&trust.path).map_or(&[][..], |file| &file.certificates);
        let purpose = trust.purpose;
        let certificates = file.iter().cloned();
        certificates
            .map(|certificate| Trusted { program, purpose, certificate })
            .collect::<Vec<_>>()
    };
    all_trusts(host).flat_map(certificates).collect()
}

fn add_to(host: &mut HostFacts, held: &AllHeld, known: &[&Trusted]) {
    host.authority_keys = authority_keys(held);
    let (trusts, pairs) = (trust_copies(host, held, known), spare_pairs(host, held, known));
    for (program, trust) in trusts {
        owner(host, program).into_iter().for_each(|found| found.trusts.push(trust.clone()));
    }
    for (program, pair) in pairs {
        owner(host, program).into_iter().for_each(|found| found.pairs.push(pair.clone()));
    }
}

/// The component that spare files go with: its own program's; on a host without etcd the first.
fn owner(host: &mut HostFacts, program: Program) -> Option<&mut Component> {
    let at = host.components.iter().position(|found| found.program == program);
    host.components.get_mut(at.unwrap_or_default())
}

fn held(host: &HostFacts) -> AllHeld {
    let read = host.files.iter().filter_map(|(path, file)| {
        let bytes = file.content.as_ref()?.bytes();
        let certificates = pem::certificates(bytes);
        let keys = pem::private_keys(bytes);
        (!certificates.is_empty() || !keys.is_empty())
            .then(|| (path.clone(), Held { certificates, keys }))
    });
    read.collect()
}

/// Who signs with what: to each key the one file of its certificate that lies nearest. Others hold
/// the same certificate to trust it, and may come to hold more than one.
fn authority_keys(held: &AllHeld) -> BTreeMap<PathBuf, PathBuf> {
    let mut signing: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    for (path, file) in held {
        let mut authorities = file.certificates.iter().filter(|found| found.is_ca);
        let Some(key) = authorities.find_map(|authority| key_of(authority, path, held)) else {
            continue;
        };
        let distance = |certificate: &Path| {
            let is_named_alike = stem(certificate) == stem(&key);
            let is_beside = certificate.parent() == key.parent();
            (*certificate != key, !is_beside, !is_named_alike, certificate.as_os_str().len())
        };
        if signing.get(&key).is_none_or(|known| distance(path) < distance(known)) {
            signing.insert(key, path);
        }
    }
    signing.into_iter().map(|(key, certificate)| (certificate.clone(), key)).collect()
}

/// What `ca.crt` and `ca.key` have in common, or `ca.pem` and `ca-key.pem`.
fn stem(path: &Path) -> Option<&str> {
    let stem = path.file_stem()?.to_str()?;
    Some(stem.strip_suffix("-key").unwrap_or(stem))
}

/// The file with the certificate's key, the nearest by name: the same file, the same folder.
fn key_of(certificate: &Certificate, path: &Path, held: &AllHeld) -> Option<PathBuf> {
    let fits = |file: &Held| file.keys.iter().any(|key| key.is_key_of(certificate));
    let fitting = held.iter().filter(|(_, file)| fits(file)).map(|(found, _)| found);
    let distance = |found: &&PathBuf| {
        (found.as_path() != path, found.parent() != path.parent(), found.as_os_str().len())
    };
    fitting.min_by_key(distance).cloned()
}

/// Files of authorities alone that hold one which a program trusts, and that no program reads.
fn trust_copies(host: &HostFacts, held: &AllHeld, known: &[&Trusted]) -> Vec<(Program, Trust)> {
    let named: BTreeSet<&PathBuf> = all_trusts(host).map(|(_, trust)| &trust.path).collect();
    let copy = |(path, file): (&PathBuf, &Held)| {
        let are_authorities = !file.certificates.is_empty()
            && file.certificates.iter().all(|found| found.is_ca)
            && file.keys.is_empty();
        if named.contains(path) || !are_authorities {
            return None;
        }
        let trusted = known.iter().find(|trusted| {
            file.certificates.iter().any(|one| one.is_same_authority(&trusted.certificate))
        })?;
        let (purpose, path) = (trusted.purpose, path.clone());
        Some((trusted.program, Trust { purpose, path, reread: Reread::Never }))
    };
    held.iter().filter_map(copy).collect()
}

/// Pairs in the same folders that no program reads: copies of such that one does read, and those
/// that people talk to etcd with.
fn spare_pairs(host: &HostFacts, held: &AllHeld, known: &[&Trusted]) -> Vec<(Program, Pair)> {
    let named: BTreeSet<&PathBuf> = all_pairs(host).map(|(_, pair)| &pair.certificate).collect();
    // With whoever vouches for a leaf's issuer in the leaf's own file.
    let is_let_in = |chain: &[Certificate], at: &[Purpose]| {
        known
            .iter()
            .filter(|trusted| at.contains(&trusted.purpose))
            .any(|trusted| chain.iter().any(|one| one.is_issued_by(&trusted.certificate)))
    };
    let spare = |(path, file): (&PathBuf, &Held)| {
        let chain = &file.certificates;
        let leaf = chain.first().filter(|leaf| !leaf.is_ca)?;
        if named.contains(path) {
            return None;
        }
        let key = key_of(leaf, path, held)?;
        let original = all_pairs(host).find(|(_, pair)| {
            let first = held.get(&pair.certificate).and_then(|file| file.certificates.first());
            first.is_some_and(|first| first.fingerprint == leaf.fingerprint)
        });
        let (program, purpose) = match original {
            Some((program, pair)) => (program, pair.purpose),
            None if is_let_in(chain, &[Purpose::EtcdServer, Purpose::ApiserverEtcd]) => {
                (Program::Etcd, Purpose::EtcdClient)
            }
            // Of a member whose host may be out of reach, so that nobody says whose it is.
            None if is_let_in(chain, &[Purpose::EtcdPeer]) => (Program::Etcd, Purpose::EtcdPeer),
            None => return None,
        };
        let certificate = path.clone();
        Some((program, Pair { purpose, certificate, key, reread: Reread::Never }))
    };
    held.iter().filter_map(spare).collect()
}

/// A pair that lies idle here may be another host's own: each master of ACK holds the peers'
/// pairs of all. It is for what that host has it for.
pub(super) fn settle_purposes(facts: &mut Facts) {
    let mut purposes = BTreeMap::<String, Purpose>::new();
    for host in facts.hosts.values() {
        for (_, pair) in all_pairs(host).filter(|(_, pair)| pair.reread != Reread::Never) {
            purposes.extend(leaf_of(&host.files, pair).map(|leaf| (leaf, pair.purpose)));
        }
    }
    for host in facts.hosts.values_mut() {
        let HostFacts { components, files, .. } = host;
        for pair in components.iter_mut().flat_map(|component| &mut component.pairs) {
            if pair.reread != Reread::Never {
                continue;
            }
            if let Some(purpose) = leaf_of(files, pair).and_then(|leaf| purposes.get(&leaf)) {
                pair.purpose = *purpose;
            }
        }
    }
}

/// Its fingerprint.
fn leaf_of(files: &BTreeMap<PathBuf, FileSeen>, pair: &Pair) -> Option<String> {
    let content = files.get(&pair.certificate)?.content.as_ref()?;
    Some(pem::certificates(content.bytes()).into_iter().next()?.fingerprint)
}

fn all_trusts(host: &HostFacts) -> impl Iterator<Item = (Program, &Trust)> {
    host.components.iter().flat_map(|found| found.trusts.iter().map(|one| (found.program, one)))
}

fn all_pairs(host: &HostFacts) -> impl Iterator<Item = (Program, &Pair)> {
    host.components.iter().flat_map(|found| found.pairs.iter().map(|one| (found.program, one)))
}
