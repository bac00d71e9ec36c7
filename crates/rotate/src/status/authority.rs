//! One line for each authority: until when, who holds its key, who trusts it while running.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{State, chain::Pool, running::port_of};
use crate::{
    Facts, HostFacts, HostName, Program, Reread, certificate::Certificate, facts::Served, pem,
    plan::scope::certificates,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    pub name: String,
    pub subject: String,
    /// SHA-256 of the certificate, lower-case hex.
    pub fingerprint: String,
    pub expires: Timestamp,
    /// Whether any program or kubeconfig names it as trusted.
    pub is_trusted: bool,
    /// Hosts with its private key.
    pub key_on: Vec<HostName>,
    /// Programs that ask clients for it while they run.
    pub trusted_by: Vec<Truster>,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Truster {
    pub program: Program,
    pub host: HostName,
}

/// Those that end first stand first.
pub(super) fn all(facts: &Facts, pool: &Pool, within: SignedDuration) -> Vec<Authority> {
    let trusted = pool.trusted().map(|found| (found, true));
    let beside = pool.beside().map(|found| (found, false));
    let missed = pool.needed(facts);
    let row = |(found, is_trusted): (&Certificate, bool)| Authority {
        name: found.name().to_owned(),
        subject: found.subject.clone(),
        fingerprint: found.fingerprint.clone(),
        expires: found.not_after,
        is_trusted,
        key_on: key_holders(facts, found),
        trusted_by: trusters(facts, found),
        // What nobody trusts may end, and what has ended is missed only by what hangs on it.
        state: match State::until(found.not_after, facts.now, within) {
            _ if !is_trusted => State::Ok,
            State::Expired if !missed.contains(found.fingerprint.as_str()) => State::Ok,
            state => state,
        },
    };
    let mut all: Vec<Authority> = trusted.chain(beside).map(row).collect();
    all.sort_by(|one, other| (one.expires, &one.name).cmp(&(other.expires, &other.name)));
    all
}

fn key_holders(facts: &Facts, authority: &Certificate) -> Vec<HostName> {
    let has_key = |host: &HostFacts| {
        host.authority_keys.iter().any(|(path, key)| {
            certificates(host, path).iter().any(|found| found.is_same_authority(authority))
                && host.files.get(key).and_then(|file| file.content.as_ref()).is_some_and(|key| {
                    pem::private_keys(key.bytes()).iter().any(|key| key.is_key_of(authority))
                })
        })
    };
    facts.hosts.iter().filter(|(_, host)| has_key(host)).map(|(name, _)| name.clone()).collect()
}

/// A handshake tells names alone. Of several authorities with one name, as when one was issued
/// anew with its key, the program's own file tells which is meant.
fn trusters(facts: &Facts, authority: &Certificate) -> Vec<Truster> {
    let mut all: Vec<Truster> = facts
        .hosts
        .iter()
        .flat_map(|(name, host)| host.served.iter().map(move |served| (name, host, served)))
        .filter(|(_, host, served)| {
            let accepted = served.outcome.as_ref().map(|shaken| &shaken.accepted_authorities);
            accepted.is_ok_and(|accepted| accepted.contains(&authority.subject_der))
                && !is_a_namesake(host, served, authority)
        })
        .map(|(host, _, served)| Truster { program: served.program, host: host.clone() })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The file that the program reads holds another one of this name, and not this one.
fn is_a_namesake(host: &HostFacts, served: &Served, authority: &Certificate) -> bool {
    let component = host.components.iter().find(|found| found.program == served.program);
    let trusts = component.into_iter().flat_map(|component| &component.trusts).filter(|trust| {
        trust.reread != Reread::Never && port_of(trust.purpose) == Some(served.port)
    });
    let held: Vec<_> = trusts.flat_map(|trust| certificates(host, &trust.path)).collect();
    let has_name = held.iter().any(|found| found.subject_der == authority.subject_der);
    has_name && !held.iter().any(|found| found.fingerprint == authority.fingerprint)
}
