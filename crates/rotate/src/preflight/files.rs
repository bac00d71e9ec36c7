//! Files: each can be written where it really lies, and is what its program uses.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{Look, Looked};
use crate::{
    Component, HostFacts, HostName, Program, Purpose, Reread,
    component::Port,
    facts::{FileSeen, Handshake},
    finding::Finding,
    plan::{
        Mode,
        scope::{Hosts, certificates},
    },
};

/// A directory gets each file twice for a moment, and what is staged; small files all.
const ROOM: u64 = 64 << 10;

pub(super) fn look(look: &Look<'_>, looked: &mut Looked) {
    for (host, path) in paths(look) {
        let Some(file) = look.facts.hosts.get(&host).and_then(|facts| facts.files.get(&path))
        else {
            continue;
        };
        writable(&host, &path, file, looked);
    }
    for ((host, path), room) in &look.health.rooms {
        if room.bytes < ROOM || room.inodes < 8 {
            looked.against.push(Finding::at(
                host,
                format!(
                    "{}: {} bytes and {} inodes free, need {} KiB and 8. Nothing was changed. \
                     Make room there",
                    path.display(),
                    room.bytes,
                    room.inodes,
                    ROOM >> 10
                ),
            ));
        }
    }
    if look.mode != Mode::Sweep {
        let behind = look.scope.hosts_behind();
        let hosts = Hosts::of(look.facts, look.wish);
        for (name, host, component) in
            hosts.components().filter(|(name, ..)| !behind.contains(*name))
        {
            served(name, host, component, looked);
        }
    }
}

/// Every file that a plan may write.
fn paths(look: &Look<'_>) -> BTreeSet<(HostName, PathBuf)> {
    let pairs = look.scope.leaves.iter().flat_map(|leaf| &leaf.spots).flat_map(|spot| {
        [&spot.certificate, &spot.key].map(|path| (spot.host.clone(), path.clone()))
    });
    let trusts = look.scope.trusts.iter().filter(|_| look.changes_authorities());
    pairs.chain(trusts.map(|spot| (spot.host.clone(), spot.path.clone()))).collect()
}

fn writable(host: &HostName, path: &Path, file: &FileSeen, looked: &mut Looked) {
    let shown = path.display();
    if let Some(why) = &file.attributes.fixed {
        looked.against.push(Finding::at(
            host,
            format!("{shown}: cannot be written: {why}. Nothing was changed"),
        ));
    }
    if file.content.is_none() && !file.links.is_empty() {
        looked.against.push(Finding::at(
            host,
            format!(
                "{shown}: its link leads to {}, where nothing is; mend or remove the link",
                file.target.display()
            ),
        ));
    }
    if file.attributes.hard_links > 1 {
        looked.notes.push(format!(
            "{host}: {shown} has {} names (hard links); the others keep the old content.",
            file.attributes.hard_links
        ));
    }
}

/// Leaves are read at each handshake: if another one is served than lies there, the file cannot
/// be read or does not fit, or a run was left half done. Trust is read at start: if another one
/// is asked for than lies there, the program has not been started since.
fn served(name: &HostName, host: &HostFacts, component: &Component, looked: &mut Looked) {
    let program = component.program;
    for seen in host.served.iter().filter(|seen| seen.program == component.program) {
        let Ok(handshake) = &seen.outcome else { continue };
        let Some((leaf, trust)) = purposes(component.program, seen.port) else { continue };
        let pair = component
            .pairs
            .iter()
            .find(|pair| pair.purpose == leaf && pair.reread != Reread::Never);
        if let (Some(pair), Some(first)) = (pair, handshake.chain.first()) {
            let on_disk = certificates(host, &pair.certificate);
            if !on_disk.is_empty() && on_disk.iter().all(|found| found.der != *first) {
                looked.against.push(Finding::at(
                    name,
                    format!(
                        "{}: {program} serves another certificate than this one; a previous run \
                         may be half done: resume it, or start {program} anew",
                        pair.certificate.display(),
                    ),
                ));
            }
        }
        let trust = component
            .trusts
            .iter()
            .find(|known| known.purpose == trust && known.reread != Reread::Never);
        if let Some(trust) = trust
            && loaded_differs(host, &trust.path, handshake)
        {
            looked.against.push(Finding::at(
                name,
                format!(
                    "{}: {program} was started with other authorities than stand in it now; \
                     resume the run that changed it, or start {program} anew first",
                    trust.path.display(),
                ),
            ));
        }
    }
}

fn purposes(program: Program, port: Port) -> Option<(Purpose, Purpose)> {
    match (program, port) {
        (Program::Etcd, Port::Client) => Some((Purpose::EtcdServer, Purpose::EtcdServer)),
        (Program::Etcd, Port::Peer) => Some((Purpose::EtcdPeer, Purpose::EtcdPeer)),
        _ => None,
    }
}

/// By names, which is all that a handshake tells.
fn loaded_differs(host: &HostFacts, path: &Path, handshake: &Handshake) -> bool {
    let on_disk: BTreeSet<Vec<u8>> =
        certificates(host, path).into_iter().map(|one| one.subject_der).collect();
    let loaded: BTreeSet<Vec<u8>> = handshake.accepted_authorities.iter().cloned().collect();
    !loaded.is_empty() && !on_disk.is_empty() && loaded != on_disk
}
