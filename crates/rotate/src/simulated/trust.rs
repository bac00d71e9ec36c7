//! Who accepts whom: by the certificates alone, as Go's verifier does. Signatures are checked once
//! for each pair of certificates.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use jiff::Timestamp;

use super::{File, State};
use crate::{HostName, Program, Purpose, certificate::Certificate, pem};

/// Leaf first.
pub(crate) type Chain = Arc<[Certificate]>;

#[derive(Default)]
pub(crate) struct Judge {
    issued: RefCell<HashMap<(String, String), bool>>,
    /// By digests of both files.
    pairs: RefCell<HashMap<[String; 2], Option<Chain>>>,
}

/// Longer chains are not made here.
const DEPTH: usize = 3;

impl Judge {
    fn is_issued_by(&self, below: &Certificate, above: &Certificate) -> bool {
        let key = (below.fingerprint.clone(), above.fingerprint.clone());
        if let Some(known) = self.issued.borrow().get(&key) {
            return *known;
        }
        let issued = below.is_issued_by(above);
        self.issued.borrow_mut().insert(key, issued);
        issued
    }

    /// The chain of a pair; none if the key is another's.
    pub(crate) fn pair(&self, certificate: &File, key: &File) -> Option<Chain> {
        let digests = [certificate.digest.clone(), key.digest.clone()];
        if let Some(known) = self.pairs.borrow().get(&digests) {
            return known.clone();
        }
        let chain = pem::certificates(certificate.content.bytes());
        let keys = pem::private_keys(key.content.bytes());
        let is_pair = chain.first().is_some_and(|leaf| keys.iter().any(|key| key.is_key_of(leaf)));
        let pair = is_pair.then(|| Arc::from(chain));
        self.pairs.borrow_mut().insert(digests, pair.clone());
        pair
    }

    /// Whether somebody who trusts `roots` accepts the chain. An expired root ends every chain.
    pub(crate) fn accepts(
        &self,
        roots: &[Certificate],
        chain: &[Certificate],
        now: Timestamp,
    ) -> bool {
        let Some((leaf, rest)) = chain.split_first() else { return false };
        leaf.is_valid_at(now) && self.leads_to(roots, leaf, rest, now, DEPTH)
    }

    fn leads_to(
        &self,
        roots: &[Certificate],
        from: &Certificate,
        rest: &[Certificate],
        now: Timestamp,
        depth: usize,
    ) -> bool {
        let root = |root: &Certificate| root.is_valid_at(now) && self.is_issued_by(from, root);
        if roots.iter().any(root) {
            return true;
        }
        let above = |one: &Certificate| one.is_valid_at(now) && self.is_issued_by(from, one);
        depth > 0
            && rest.iter().any(|one| above(one) && self.leads_to(roots, one, rest, now, depth - 1))
    }
}

impl State {
    /// Whether a running program accepts a chain at the door of `purpose`.
    pub(crate) fn lets_in(
        &self,
        host: &HostName,
        program: Program,
        purpose: Purpose,
        chain: &[Certificate],
    ) -> bool {
        let machine = self.machines.get(host);
        let trusts = machine.and_then(|machine| machine.trusted(program, purpose));
        trusts.is_some_and(|trusts| self.judge.accepts(&trusts, chain, self.now))
    }

    pub(crate) fn chain(
        &self,
        host: &HostName,
        program: Program,
        purpose: Purpose,
    ) -> Option<Chain> {
        let (certificate, key) = self.machines.get(host)?.pair(program, purpose)?;
        self.judge.pair(certificate, key)
    }

    pub(crate) fn accepts(&self, roots: &[Certificate], chain: &[Certificate]) -> bool {
        self.judge.accepts(roots, chain, self.now)
    }

    /// Compares every running program's trust with every pair on disk: what one of them would not
    /// accept of another is a state that must never be. A pair of which one half is written yet
    /// is nobody's.
    pub(super) fn look_for_illegal(&mut self) {
        let mut found = Vec::new();
        for host in self.machines.keys() {
            for other in self.machines.keys() {
                let meetings = [
                    (Program::Etcd, Purpose::EtcdPeer, Program::Etcd, Purpose::EtcdPeer),
                    (Program::Etcd, Purpose::EtcdServer, Program::Etcd, Purpose::EtcdClient),
                    (
                        Program::Etcd,
                        Purpose::EtcdServer,
                        Program::KubeApiserver,
                        Purpose::ApiserverEtcd,
                    ),
                    (
                        Program::KubeApiserver,
                        Purpose::ApiserverEtcd,
                        Program::Etcd,
                        Purpose::EtcdServer,
                    ),
                ];
                for (program, trust, other_program, pair) in meetings {
                    let is_running = self.machines[host].running.contains_key(&program);
                    let chain = self.chain(other, other_program, pair);
                    let Some(chain) = chain.filter(|_| is_running) else { continue };
                    if !self.lets_in(host, program, trust, &chain) {
                        found.push(format!("{program} on {host} refuses {other}'s {pair:?}"));
                    }
                }
            }
        }
        self.illegal.extend(found);
    }
}
