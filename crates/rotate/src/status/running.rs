//! What running programs present and accept, beside what their files say.

use std::collections::BTreeSet;

use rustls_pki_types::CertificateDer;

use super::{Problem, certificate::Served};
use crate::{
    Component, Facts, Handshake, HostFacts, Pair, Program, Purpose, Reread, Trust, certificate,
    component::Port, facts, plan::scope::certificates,
};

/// The port at which a program presents a pair, or asks for whom a trust file names.
pub(super) fn port_of(purpose: Purpose) -> Option<Port> {
    match purpose {
        Purpose::EtcdServer
        | Purpose::ApiserverServing
        | Purpose::ApiserverClients
        | Purpose::KubeletServing => Some(Port::Client),
        Purpose::EtcdPeer => Some(Port::Peer),
        _ => None,
    }
}

pub(super) fn served(
    host: &HostFacts,
    component: &Component,
    pair: &Pair,
    leaf: &certificate::Certificate,
) -> Served {
    let is_presented = pair.purpose != Purpose::ApiserverClients;
    let Some(port) = port_of(pair.purpose).filter(|_| is_presented) else {
        return Served::NotAsked;
    };
    let answers: Vec<_> = answers(host, component.program, port).collect();
    if component.process.is_none() {
        return Served::Unknown(format!("{} does not run", component.program));
    }
    let mut seen = Served::NotAsked;
    for answer in answers {
        match &answer.outcome {
            Err(why) => return Served::Unknown(why.clone()),
            Ok(handshake) => match handshake.chain.first() {
                Some(first) if *first == leaf.der => seen = Served::Same,
                // etcd may have a pair of its own for calling its peers.
                Some(first) if is_of_another_pair(host, component, pair, first) => {}
                first => return other(first),
            },
        }
    }
    seen
}

fn is_of_another_pair(
    host: &HostFacts,
    component: &Component,
    pair: &Pair,
    presented: &CertificateDer<'static>,
) -> bool {
    let others = component.pairs.iter().filter(|other| {
        other.purpose == pair.purpose
            && other.reread != Reread::Never
            && other.certificate != pair.certificate
    });
    let mut held = others.flat_map(|other| certificates(host, &other.certificate));
    held.any(|found| found.der == *presented)
}

fn other(presented: Option<&CertificateDer<'static>>) -> Served {
    let read = presented.and_then(|der| certificate::Certificate::read(der).ok());
    Served::Other(read.map(|read| read.not_after))
}

/// Programs that are down, that do not answer, or that trust others than their files name.
pub(super) fn problems(facts: &Facts) -> Vec<Problem> {
    let mut all = Vec::new();
    for (name, host) in &facts.hosts {
        let doubts = host.doubts.iter();
        all.extend(doubts.map(|text| Problem { host: name.clone(), text: text.clone() }));
        for component in &host.components {
            let texts = match &component.process {
                None if is_needed(component) => vec![format!("{} does not run", component.program)],
                None => Vec::new(),
                Some(_) => unanswered(host, component).chain(mistrust(host, component)).collect(),
            };
            all.extend(texts.into_iter().map(|text| Problem { host: name.clone(), text }));
        }
    }
    all
}

/// k3s and RKE2 run everything in one process of another name.
fn is_needed(component: &Component) -> bool {
    component.run_by != crate::RunBy::Unknown
}

fn unanswered<'a>(
    host: &'a HostFacts,
    component: &'a Component,
) -> impl Iterator<Item = String> + 'a {
    let all = host.served.iter().filter(|served| served.program == component.program);
    all.filter_map(|served| {
        let why = served.outcome.as_ref().err()?;
        Some(format!(
            "{} does not shake hands at its {} port: {why}",
            component.program,
            port_name(served.port)
        ))
    })
}

/// A trust file that a program read long ago says nothing: what it asks clients for does.
fn mistrust(host: &HostFacts, component: &Component) -> Vec<String> {
    let mut texts = Vec::new();
    let trusts = component.trusts.iter().filter(|trust| trust.reread != Reread::Never);
    for trust in trusts {
        let Some(port) = port_of(trust.purpose) else { continue };
        let named = certificates(host, &trust.path);
        for handshake in shaken(host, component.program, port) {
            let program = component.program;
            let accepted: BTreeSet<&[u8]> =
                handshake.accepted_authorities.iter().map(Vec::as_slice).collect();
            if accepted.is_empty() && !named.is_empty() {
                texts.push(format!(
                    "{program} accepts nobody at its {} port: {} was empty or broken when it was started",
                    port_name(port),
                    trust.path.display()
                ));
                continue;
            }
            let unknown = named.iter().filter(|one| !accepted.contains(one.subject_der.as_slice()));
            texts.extend(unknown.map(|one| {
                format!(
                    "{program} does not accept {} yet, which {} names: it must be started anew to read it",
                    one.name(),
                    trust.path.display()
                )
            }));
            // The API server asks for the front proxy's authority at the same port.
            let named: BTreeSet<&[u8]> =
                named.iter().map(|one| one.subject_der.as_slice()).collect();
            if program == Program::Etcd && !accepted.is_subset(&named) {
                texts.push(format!(
                    "{program} still accepts an authority at its {} port that {} no longer names",
                    port_name(port),
                    trust.path.display()
                ));
            }
        }
    }
    texts
}

/// A handshake tells names alone: a file of authorities that was written under the running program
/// may hold others of the same names than it has loaded.
pub(super) fn unread(host: &HostFacts) -> Vec<String> {
    let of_component = |component: &Component| {
        let Some(process) = component.process.as_ref() else { return Vec::new() };
        if !mistrust(host, component).is_empty() {
            return Vec::new();
        }
        let is_later = |trust: &&Trust| {
            let file = host.files.get(&trust.path);
            let is_later = file.is_some_and(|file| file.attributes.modified > process.started);
            trust.reread == Reread::AtStart
                && is_later
                && !certificates(host, &trust.path).is_empty()
        };
        let unread = component.trusts.iter().filter(is_later);
        let text = |trust: &Trust| {
            format!(
                "{} was started before {} was written, and may have loaded others of the same names",
                component.program,
                trust.path.display()
            )
        };
        unread.map(text).collect()
    };
    host.components.iter().flat_map(of_component).collect()
}

pub(super) fn shaken(
    host: &HostFacts,
    program: Program,
    port: Port,
) -> impl Iterator<Item = &Handshake> {
    answers(host, program, port).filter_map(|served| served.outcome.as_ref().ok())
}

fn answers(host: &HostFacts, program: Program, port: Port) -> impl Iterator<Item = &facts::Served> {
    host.served.iter().filter(move |served| served.program == program && served.port == port)
}

fn port_name(port: Port) -> &'static str {
    match port {
        Port::Client => "client",
        Port::Peer => "peer",
        Port::Metrics => "metrics",
    }
}
