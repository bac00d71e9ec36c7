//! The API server's gate: it has to read and write by itself, whatever it says of its health.

use std::path::PathBuf;

use super::*;
use crate::{
    Facts, Program, Purpose,
    example::{
        DAY, file, host,
        kubeadm::{Kubeadm, MANIFEST, PKI},
    },
    life::Life,
};

/// How often any of them wrote.
fn api_writes(trial: &Trial) -> u32 {
    trial.sim.state().api.writes
}

#[tokio::test]
async fn each_api_server_writes_before_the_next_is_touched_and_the_object_is_taken_away() {
    let trial = crossed();
    trial.renew().await.expect("a success");
    assert!(api_writes(&trial) >= 7, "after each restart and in the end: {}", api_writes(&trial));
    assert_eq!(trial.sim.state().api.probe, None);
    trial.roll_back().await.expect("the way back");
    assert_eq!(trial.sim.state().api.probe, None);
}

#[tokio::test]
async fn somebody_elses_object_of_that_name_stays() {
    let trial = crossed();
    trial.sim.state().api.probe = Some("{}".to_owned());
    trial.renew().await.expect("a success");
    assert!(api_writes(&trial) > 0);
    assert_eq!(trial.sim.state().api.probe.as_deref(), Some("{}"));
}

#[tokio::test]
async fn who_may_not_write_is_told_and_nothing_is_left_half_way() {
    let trial = crossed();
    trial.sim.state().api.is_read_only = true;
    trial.renew().await.expect("a success");
    let notes = trial.notes();
    let told = |of: usize| {
        let start = format!("kube-apiserver on {} was not seen to write: ", host(of));
        notes.iter().filter(|note| note.starts_with(&start)).count()
    };
    assert_eq!([told(1), told(2), told(3)], [1, 1, 1], "once for each: {notes:#?}");
    assert_eq!(api_writes(&trial), 0);
}

#[tokio::test]
async fn without_anybody_to_ask_as_there_is_only_a_note() {
    let trial = crossed();
    let admin = std::path::Path::new("/etc/kubernetes/admin.conf");
    trial.found(|scene| scene.hosts.values_mut().for_each(|host| host.idle_kubeconfigs.clear()));
    trial.renew().await.expect("a success");
    assert!(trial.before.keys().any(|(_, path)| path == admin), "it is there, and nobody knows");
    assert!(trial.notes().iter().any(|note| note.contains("no certificate of a client")));
    assert_eq!(api_writes(&trial), 0);
}

#[tokio::test]
async fn an_api_server_that_says_it_is_well_and_cannot_write_stops_the_run() {
    let trial = crossed();
    trial.sim.state().api.is_failing = true;
    let halt = trial.renew().await.expect_err("no write");
    assert!(halt.at.contains("kube-apiserver on master-1"), "the first that is tried: {halt}");
    assert!(halt.why.contains("answers PATCH /api/v1/namespaces/kube-system/configmaps"), "{halt}");
    let restarted = trial.sim.state().calls.iter().filter(|call| call.contains("stop ")).count();
    assert_eq!(restarted, 1, "nothing else was restarted");
    trial.sim.state().api.is_failing = false;
    trial.renew().await.expect("the rest");
    trial.assert_renewed();
}

#[tokio::test]
async fn a_node_that_was_ready_before_is_waited_for_in_the_end() {
    let trial = crossed();
    let names = ["node-1", "node-2"].map(str::to_owned);
    let life = Life { nodes: names.clone().into(), ready: names.into(), ..Life::default() };
    trial.found(|scene| scene.life = Some(life));
    trial.sim.state().api.nodes = vec![("node-1", true), ("node-2", false)];
    let halt = trial.renew().await.expect_err("a node that is not ready");
    assert!(halt.at.contains("verify files, running programs"), "{halt}");
    assert!(halt.why.contains("node node-2 was ready before and is not"), "{halt}");
    trial.sim.state().api.nodes = vec![("node-1", true)];
    trial.renew().await.expect("a node that was taken away is not missed");
    trial.assert_renewed();
}

/// Masters of kubeadm whose certificates have months to go, with times that files have.
fn kubeadm() -> Facts {
    let mut facts = Kubeadm { leaf_days: 300, ..Kubeadm::default() }.facts();
    for host in facts.hosts.values_mut() {
        for file in host.files.values_mut() {
            file.attributes.modified = facts.now - DAY * 100;
        }
    }
    facts
}

/// The same with a file for clients' authorities that nobody signs by, as ACK has it: it is read
/// again whenever it changes.
fn with_a_file_of_its_own() -> Facts {
    let mut facts = kubeadm();
    let path = PathBuf::from(format!("{PKI}/apiserver-ca.crt"));
    for host in facts.hosts.values_mut() {
        let mut own = host.files[&PathBuf::from(format!("{PKI}/ca.crt"))].clone();
        (own.path, own.target) = (path.clone(), path.clone());
        host.files.insert(path.clone(), own);
        let manifest = file(MANIFEST, &format!("    - --client-ca-file={}\n", path.display()));
        host.files.insert(MANIFEST.into(), manifest);
        let mut servers = host.components.iter_mut();
        let server = servers.find(|one| one.program == Program::KubeApiserver).expect("one");
        let mut trusts = server.trusts.iter_mut();
        let clients = trusts.find(|trust| trust.purpose == Purpose::ApiserverClients);
        clients.expect("it asks clients").path = path.clone();
    }
    facts
}

/// The authority of Kubernetes changes too.
fn all_of(facts: Facts) -> Trial {
    Trial::of(facts, &Wish { mode: Some(Mode::Cross), kubernetes: true, ..Wish::default() })
}

fn set_deaf(trial: &Trial, number: usize, is_deaf: bool) {
    trial.sim.state().machines.get_mut(&host(number)).expect("a host").is_deaf = is_deaf;
}

#[tokio::test]
async fn kubernetes_own_authority_changes_there_and_back() {
    for facts in [kubeadm(), with_a_file_of_its_own()] {
        let trial = all_of(facts);
        trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
        trial.assert_renewed();
        assert_writer_never_waited(&trial);
        trial.roll_back().await.unwrap_or_else(|halt| panic!("{halt}"));
        trial.assert_as_before();
    }
}

#[tokio::test]
async fn nobody_signs_as_the_new_authority_before_every_api_server_is_seen_to_trust_it() {
    let trial = all_of(kubeadm());
    set_deaf(&trial, 2, true);
    let halt = trial.renew().await.expect_err("it goes by another file than its manifest says");
    assert!(halt.at.contains("kube-apiserver on master-2"), "{halt}");
    assert!(halt.why.contains("10.0.0.2:6443 has not loaded kubernetes@"), "{halt}");
    let of_managers = |call: &String| call.contains("stop kube-controller-manager");
    assert!(!trial.sim.state().calls.iter().any(of_managers), "nothing comes after it");
    set_deaf(&trial, 2, false);
    // Somebody starts it by its manifest.
    trial.sim.state().machines.get_mut(&host(2)).expect("a host").running.clear();
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    trial.assert_renewed();
}

#[tokio::test]
async fn the_overlap_ends_when_no_api_server_knows_the_old_authority_any_more() {
    let mut trial = all_of(with_a_file_of_its_own());
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    trial.sim.state().advance(Duration::from_secs(1));
    let drop = Wish { drop_old: true, kubernetes: true, ..Wish::default() };
    trial.begin_anew(&drop).unwrap_or_else(|against| panic!("{against:#?}"));
    set_deaf(&trial, 3, true);
    let halt = trial.renew().await.expect_err("it has not noticed");
    assert!(halt.at.contains("kube-apiserver on master-3"), "{halt}");
    assert!(halt.why.contains("10.0.0.3:6443 still names kubernetes"), "{halt}");
    set_deaf(&trial, 3, false);
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    trial.assert_renewed();
}
