//! The pairs in use, each leaf once however many files hold it.

use std::{collections::BTreeSet, path::Path};

use super::{
    ETCD, Hosts, Leaf, PairSpot, Scope, is_wanted,
    issuers::{Known, slug, unique},
};
use jiff::Timestamp;

use crate::{
    HostFacts, Purpose,
    certificate::Certificate,
    component::Pair,
    finding::Finding,
    halves::Halves,
    plan::{Mode, Wish},
};

pub(super) fn find(
    scope: &mut Scope,
    hosts: &Hosts<'_>,
    known: &Known,
    wish: &Wish,
    now: Timestamp,
) {
    // What is made anew needs no key: its certificate is pattern enough.
    let is_key_needed = !wish.repair && wish.mode != Some(Mode::Sweep);
    for (host, facts, component) in hosts.components() {
        for pair in &component.pairs {
            let is_etcd = ETCD.contains(&pair.purpose);
            if !is_wanted(pair.purpose, wish) {
                continue;
            }
            let mut spot = PairSpot {
                host: host.clone(),
                program: component.program,
                purpose: pair.purpose,
                certificate: pair.certificate.clone(),
                key: pair.key.clone(),
                reread: pair.reread,
                is_running: component.process.is_some(),
                fits: true,
            };
            let leaf = leaf_of(facts, pair).or_else(|misfit| {
                spot.fits = false;
                misfit.certificate.filter(|_| !is_key_needed).map(|one| *one).ok_or(misfit.why)
            });
            let found = match leaf {
                Ok(leaf) if leaf.is_self_issued() && !is_etcd => continue,
                // Kubelets renew their own, as long as they live.
                Ok(leaf) if pair.purpose == Purpose::KubeletClient && leaf.is_valid_at(now) => {
                    continue;
                }
                Ok(leaf) => add(scope, known, leaf, spot),
                Err(text) => Err(text),
            };
            // What others issued for the API server is theirs; etcd has nothing from others.
            match found {
                Ok(()) => {}
                Err(text) if is_etcd => scope.findings.push(Finding::at(host, text)),
                Err(text) => scope.notes.push(format!("{host}: {text}. It is left as it is.")),
            }
        }
    }
}

/// One more spot of a leaf, or a leaf more.
pub(super) fn add(
    scope: &mut Scope,
    known: &Known,
    certificate: Certificate,
    spot: PairSpot,
) -> Result<(), String> {
    let present = scope
        .leaves
        .iter_mut()
        .find(|leaf| leaf.certificate.fingerprint == certificate.fingerprint);
    if let Some(present) = present {
        present.spots.push(spot);
        return Ok(());
    }
    let authority = authority_of(scope, known, &certificate).ok_or_else(|| {
        format!(
            "{}: was issued by {:?}, whose certificate is in no file that is read here; put it into \
             a trust file, or name its folder in the inventory",
            spot.certificate.display(),
            certificate.issuer
        )
    })?;
    scope.leaves.push(Leaf {
        id: String::new(),
        authority,
        certificate,
        added: Vec::new(),
        spots: vec![spot],
    });
    Ok(())
}

/// Why there is no pair, and the certificate that one could be made like.
struct Misfit {
    why: String,
    certificate: Option<Box<Certificate>>,
}

impl From<String> for Misfit {
    fn from(why: String) -> Self {
        Self { why, certificate: None }
    }
}

/// The certificate that the key belongs to, wherever in the file it stands.
fn leaf_of(facts: &HostFacts, pair: &Pair) -> Result<Certificate, Misfit> {
    let [certificate_file, key_file] = [&pair.certificate, &pair.key].map(|path| path.display());
    missing(facts, &pair.certificate)?;
    let content = |path: &Path| facts.files.get(path).and_then(|file| file.content.as_ref());
    let halves = Halves::read(content(&pair.certificate), content(&pair.key));
    if halves.certificates.is_empty() {
        return Err(format!("{certificate_file}: holds no certificate that can be read").into());
    }
    if let Some(own) = halves.own() {
        return Ok(own.clone());
    }
    let why = match (missing(facts, &pair.key), halves.keys.is_empty()) {
        (Err(why), _) => format!("{why}; {REPAIR}"),
        (Ok(()), true) => format!("{key_file}: holds no private key that can be used; {REPAIR}"),
        (Ok(()), false) => format!(
            "{certificate_file} and {key_file} do not belong together ({}); {REPAIR}",
            halves.told(),
        ),
    };
    let mut leaves = halves.certificates.into_iter().filter(|one| !one.is_ca);
    Err(Misfit { why, certificate: leaves.next().map(Box::new) })
}

const REPAIR: &str =
    "put back the two that were made together, or have new ones made with --repair";

fn missing(facts: &HostFacts, path: &Path) -> Result<(), String> {
    let shown = path.display();
    match facts.files.get(path) {
        None => Err(format!("{shown}: was not looked at")),
        Some(file) if file.content.is_none() => Err(match &file.problem {
            Some(problem) => format!("{shown}: {problem}"),
            None => format!("{shown}: is not there"),
        }),
        Some(_) => Ok(()),
    }
}

fn authority_of(scope: &mut Scope, known: &Known, leaf: &Certificate) -> Option<String> {
    let issuer = known.issuer(leaf)?;
    let present =
        scope.authorities.iter().find(|authority| authority.certificate.is_same_authority(issuer));
    let id = match present {
        Some(present) => present.id.clone(),
        None => {
            let taken = scope.authorities.iter().map(|authority| authority.id.clone()).collect();
            let authority = known.authority(issuer, &taken);
            let id = authority.id.clone();
            scope.authorities.push(authority);
            id
        }
    };
    if let Some(signer) = known.signer(leaf).filter(|signer| *signer != issuer) {
        scope.leftovers.insert((id.clone(), signer.fingerprint.clone()));
    }
    Some(id)
}

/// A leaf is called like its file; like its host too where that is not enough.
pub(super) fn name(scope: &mut Scope) {
    let mut taken = BTreeSet::new();
    let stems: Vec<String> = scope.leaves.iter().map(stem).collect();
    for (index, leaf) in scope.leaves.iter_mut().enumerate() {
        let stem = &stems[index];
        let is_alone = stems.iter().filter(|other| *other == stem).count() == 1;
        let wanted = match (is_alone, leaf.spots.first()) {
            (false, Some(spot)) => slug(&format!("{stem}-{}", spot.host)),
            _ => stem.clone(),
        };
        leaf.id = unique(&wanted, &taken);
        taken.insert(leaf.id.clone());
    }
}

fn stem(leaf: &Leaf) -> String {
    let path = leaf.spots.first().map(|spot| spot.certificate.as_path());
    let stem = path.and_then(Path::file_stem).unwrap_or_default();
    slug(&stem.to_string_lossy())
}
