//! Those whom no plan touches: kubelets elsewhere, pods, people. They trust the old authority of
//! Kubernetes and hold its leaves, and at every step they accept the API servers and are accepted.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    HostName,
    example::{
        healthy,
        kubeadm::{Kubeadm, MANIFEST, PKI},
    },
    matrix::{Presents, Trusts, accepts},
    plan::{Act, Change, Mode, Setting, Stage, Wish, decide},
};

/// What the API server of a host goes by.
struct ApiServer {
    client_ca_file: PathBuf,
    /// Trust files by path, as they are now; all are read at once when they change.
    files: BTreeMap<PathBuf, Trusts>,
    serving: Presents,
    kubelet_client: Presents,
}

impl ApiServer {
    fn write(&mut self, path: &Path, setting: &Setting) {
        match setting {
            Setting::Trust { authority, stage } if authority == "kubernetes" => {
                let trusts = match stage {
                    Stage::Old => Trusts::Old,
                    Stage::Both => Trusts::Both,
                    Stage::New => Trusts::New,
                };
                self.files.insert(path.to_owned(), trusts);
            }
            Setting::Certificate { leaf, crossed } => {
                let presents = if *crossed { Presents::Crossed } else { Presents::New };
                if leaf.starts_with("apiserver-master") {
                    self.serving = presents;
                } else if leaf.starts_with("apiserver-kubelet-client") {
                    self.kubelet_client = presents;
                }
            }
            Setting::Flag { value, .. } if path == Path::new(MANIFEST) => {
                self.client_ca_file = value.into();
            }
            _ => {}
        }
    }

    fn check(&self, after: &str) {
        let trusts = self.files.get(&self.client_ca_file).copied();
        let trusts = trusts.unwrap_or_else(|| panic!("no file to trust by after {after}"));
        assert!(accepts(trusts, Presents::Old), "a kubelet's old leaf is refused after {after}");
    }
}

#[test]
fn kubelets_and_pods_that_know_only_the_old_authority_work_on_at_every_step() {
    for one_ca in [false, true] {
        work_on(&Kubeadm { one_ca, ..Kubeadm::default() });
    }
}

fn work_on(cluster: &Kubeadm) {
    let facts = cluster.facts();
    let wish = Wish { mode: Some(Mode::Cross), kubernetes: true, ..Wish::default() };
    let plan = decide(&facts, &healthy(&facts), &wish).expect("a plan");
    let ca = PathBuf::from(format!("{PKI}/ca.crt"));
    let mut servers: BTreeMap<HostName, ApiServer> = facts
        .hosts
        .keys()
        .map(|host| {
            let server = ApiServer {
                client_ca_file: ca.clone(),
                files: [(ca.clone(), Trusts::Old)].into(),
                serving: Presents::Old,
                kubelet_client: Presents::Old,
            };
            (host.clone(), server)
        })
        .collect();
    for change in plan.steps.iter().filter_map(|step| match &step.act {
        Act::Change(change) => Some(change),
        _ => None,
    }) {
        walk(change, &mut servers);
    }
    assert!(servers.values().all(|server| server.files[&server.client_ca_file] == Trusts::Both));
    assert!(servers.values().all(|server| server.files[&ca] == Trusts::New), "it signs as the new");
}

fn walk(change: &Change, servers: &mut BTreeMap<HostName, ApiServer>) {
    for place in &change.places {
        let after = format!("{place} of {change}");
        let server = servers.get_mut(&change.host).expect("a master");
        for setting in &place.settings {
            server.write(&place.path, setting);
        }
        for server in servers.values() {
            server.check(&after);
            for presents in [server.serving, server.kubelet_client] {
                assert!(accepts(Trusts::Old, presents), "refused by a kubelet after {after}");
            }
        }
    }
}
