//! A host's programs with the files that they read, out of what they were told.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    endpoint, flag,
    source::{Found, Look},
    told::Told,
};
use crate::{Component, Pair, Program, Purpose, Reread, Trust, inventory::Role};

/// The host's programs, as far as it has their role.
#[derive(Default)]
pub(super) struct Programs {
    pub components: Vec<Component>,
    /// What was odd.
    pub notes: Vec<String>,
    pub doubts: Vec<String>,
}

pub(super) fn programs(look: &Look<'_>) -> Programs {
    let Programs { mut components, mut notes, mut doubts } = Programs::default();
    for program in Program::ALL {
        let role = match program {
            Program::Etcd => Some(Role::Etcd),
            Program::Kubelet | Program::K3s | Program::Rke2 => None,
            _ => Some(Role::ControlPlane),
        };
        let has_role = role.is_none_or(|role| look.host.roles.contains(&role));
        match look.find(program) {
            Some(found) if has_role => {
                notes.extend(found.notes.iter().cloned());
                doubts.extend(found.doubts.iter().cloned());
                components.push(component(look, program, found));
            }
            Some(Found { process: Some(_), .. }) => notes.push(format!(
                "{program} runs here, but the inventory gives the host no such role; it is left alone"
            )),
            None if has_role && matches!(program, Program::Etcd | Program::KubeApiserver) => {
                notes.push(look.datastore().unwrap_or_else(|| format!(
                    "no sign of {program}: no process, unit or static pod; if it is here, name its files and endpoint under components.{program}, else take the role away"
                )));
            }
            _ => {}
        }
    }
    Programs { components, notes, doubts }
}

fn component(look: &Look<'_>, program: Program, found: Found<'_>) -> Component {
    let Found { told, run_by, process, .. } = found;
    let said = look.host.overrides.get(&program).cloned().unwrap_or_default();
    let noticed = |flag: &str, reread: Reread| match told.is_mounted_alone(flag) {
        true => Reread::AtStart,
        false => reread,
    };
    let trusts = flag::trusts(program).iter().flat_map(|(flag, purpose, reread)| {
        let reread = noticed(flag, *reread);
        told.paths(flag).map(move |path| Trust { purpose: *purpose, path, reread })
    });
    let pairs = flag::pairs(program).iter().filter_map(|(certificate, key, purpose, reread)| {
        let reread = noticed(key, noticed(certificate, *reread));
        let certificate = told.path(certificate)?;
        let key = told.path(key).unwrap_or_else(|| certificate.clone());
        Some(Pair { purpose: *purpose, certificate, key, reread })
    });
    let mut pairs: Vec<Pair> = pairs.collect();
    if program == Program::Kubelet && pairs.is_empty() {
        pairs.push(own_pair_of_kubelet(&told));
    }
    let kubeconfigs: BTreeSet<PathBuf> =
        flag::kubeconfigs(program).iter().filter_map(|flag| told.path(flag)).collect();
    Component {
        host: look.host.name.clone(),
        program,
        run_by,
        process: process.cloned(),
        endpoints: endpoint::endpoints(program, &told, &said),
        trusts: trusts.collect(),
        pairs,
        kubeconfigs: kubeconfigs.into_iter().collect(),
        settings: told.settings,
        found_in: told.found_in,
    }
}

/// What a kubelet that is told of no pair makes for itself.
fn own_pair_of_kubelet(told: &Told) -> Pair {
    let folder = told.path("cert-dir").unwrap_or_else(|| "/var/lib/kubelet/pki".into());
    Pair {
        purpose: Purpose::KubeletServing,
        certificate: folder.join("kubelet.crt"),
        key: folder.join("kubelet.key"),
        reread: Reread::AtStart,
    }
}
