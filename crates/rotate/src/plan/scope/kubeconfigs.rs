//! What kubeconfigs embed: a client's pair and the authority that it checks the API server by.
//! Those that name files instead have nothing here.

use std::path::PathBuf;

use super::{Hosts, PairSpot, Scope, TrustSpot, certificates, issuers::Known, leaves, texts};
use crate::{Component, HostFacts, HostName, Program, Purpose, Reread, kubeconfig, pem};

pub(super) fn find(scope: &mut Scope, hosts: &Hosts<'_>, known: &Known) {
    for one in all(hosts) {
        let texts = texts(one.facts, &one.path);
        let keys: Vec<_> = texts.iter().flat_map(|text| pem::private_keys(text)).collect();
        let found = certificates(one.facts, &one.path);
        let leaf = found.into_iter().find(|leaf| keys.iter().any(|key| key.is_key_of(leaf)));
        let Some(leaf) = leaf else { continue };
        let spot = PairSpot {
            host: one.host.clone(),
            program: one.program,
            purpose: Purpose::ApiserverClients,
            certificate: one.path.clone(),
            key: one.path.clone(),
            reread: one.reread,
            is_running: one.is_running,
            fits: true,
        };
        if let Err(text) = leaves::add(scope, known, leaf, spot) {
            scope.notes.push(format!("{}: {text}. It is left as it is.", one.host));
        }
    }
}

pub(super) fn find_trusts(scope: &mut Scope, hosts: &Hosts<'_>) {
    for one in all(hosts) {
        let authorities = scope.present(&certificates(one.facts, &one.path));
        if !authorities.is_empty() {
            scope.trusts.push(TrustSpot {
                host: one.host.clone(),
                program: one.program,
                purpose: Purpose::RootCa,
                path: one.path,
                reread: one.reread,
                present: authorities.clone(),
                authorities,
            });
        }
    }
}

/// A kubeconfig and who reads it. Those of people go with the API server that they talk to.
struct One<'a> {
    host: &'a HostName,
    facts: &'a HostFacts,
    program: Program,
    path: PathBuf,
    reread: Reread,
    is_running: bool,
}

fn all<'a>(hosts: &Hosts<'a>) -> Vec<One<'a>> {
    let mut found = Vec::new();
    for (host, facts, component) in hosts.components() {
        found.extend(component.kubeconfigs.iter().map(|path| One {
            host,
            facts,
            program: component.program,
            path: path.clone(),
            reread: Reread::AtStart,
            is_running: component.process.is_some(),
        }));
    }
    for (host, facts) in hosts.iter() {
        let has_apiserver = |one: &Component| one.program == Program::KubeApiserver;
        let program = match facts.components.iter().any(has_apiserver) {
            true => Program::KubeApiserver,
            false => Program::Kubelet,
        };
        found.extend(facts.idle_kubeconfigs.iter().map(|path| One {
            host,
            facts,
            program,
            path: path.clone(),
            reread: Reread::Never,
            is_running: false,
        }));
    }
    // The same file may serve for authentication and authorization too.
    found.sort_by(|a, b| (a.host, &a.path, a.program).cmp(&(b.host, &b.path, b.program)));
    found.dedup_by(|a, b| a.host == b.host && a.path == b.path && a.program == b.program);
    found.retain(|one| {
        let content = one.facts.files.get(&one.path).and_then(|file| file.content.as_ref());
        content.is_some_and(|content| kubeconfig::is_one(content.bytes()))
    });
    found
}
