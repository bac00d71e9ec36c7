//! Clusters of other sizes than three, and those of which a part is away.

use super::*;
use crate::{
    Facts, Pair, Program, Purpose,
    example::{TestCa, file, host, kubeadm::Kubeadm},
    inventory::HostName,
    plan::Act,
};

fn of(masters: usize) -> Facts {
    trial::lived_in(Ack { masters, ..Ack::default() }.facts())
}

fn without(mut facts: Facts, on: &[HostName], program: Program) -> Facts {
    for name in on {
        let host = facts.hosts.get_mut(name).expect("a host");
        host.components.retain(|component| component.program != program);
    }
    facts
}

async fn renewed_and_back(facts: Facts) -> Trial {
    let trial = Trial::of(facts, &Wish::default());
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    trial.assert_renewed();
    trial.roll_back().await.unwrap_or_else(|halt| panic!("{halt}"));
    trial.assert_as_before();
    trial
}

#[tokio::test]
async fn one_member_is_away_for_its_own_restart_alone() {
    let trial = renewed_and_back(of(1)).await;
    let gap = trial.sim.state().writer.longest_gap;
    assert!(gap > Duration::ZERO && gap < Duration::from_secs(2), "{gap:?}");
    assert!(trial.plan.notes.iter().any(|note| note.contains("There is one member only")));
}

#[tokio::test]
async fn five_members_change_under_a_writer_that_never_waits() {
    let trial = renewed_and_back(of(5)).await;
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn api_servers_may_be_fewer_than_members() {
    let trial = renewed_and_back(without(of(3), &[host(2), host(3)], Program::KubeApiserver)).await;
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn api_servers_may_stand_on_other_hosts_than_members() {
    let facts = without(of(5), &[host(1), host(2), host(3)], Program::KubeApiserver);
    let trial = renewed_and_back(without(facts, &[host(4), host(5)], Program::Etcd)).await;
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn a_member_may_have_a_pair_of_its_own_for_calling_its_peers() {
    let mut facts = Ack { one_ca: true, ..Ack::default() }.facts();
    let authority = TestCa::of(&facts);
    let seen = facts.hosts.get_mut(&host(1)).expect("a host");
    let pairs = &mut seen.components[0].pairs;
    let own = pairs.iter().find(|pair| pair.purpose == Purpose::EtcdPeer).expect("its own");
    let (certificate, key) = authority.leaf("caller", &[], 900);
    let paths = ["calling.pem", "calling-key.pem"].map(|name| own.certificate.with_file_name(name));
    let calling = Pair { certificate: paths[0].clone(), key: paths[1].clone(), ..own.clone() };
    pairs.push(calling);
    for (path, content) in paths.into_iter().zip([certificate, key]) {
        let new = file(&path.to_string_lossy(), &content);
        seen.files.insert(path, new);
    }
    renewed_and_back(trial::lived_in(facts)).await;
}

#[tokio::test]
async fn a_master_that_a_sweep_could_not_reach_is_brought_along_by_the_next_run() {
    let facts = trial::lived_in(Ack { ca_days: -3, ..Ack::default() }.facts());
    let mut trial = Trial::without(facts, Some(host(3)), &Wish::default());
    assert_eq!((trial.plan.mode, &trial.plan.pending), (Mode::Sweep, &vec![host(3)]));
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    let old = |(path, file): (&std::path::PathBuf, &crate::simulated::File)| {
        trial.before.get(&(host(3), path.clone())) == Some(file)
    };
    assert!(trial.sim.state().machines[&host(3)].files.iter().all(old), "it was not touched");
    assert!(trial.sim.state().can_write(), "two of three have a quorum");
    trial.sim.state().writer.longest_gap = Duration::ZERO;

    trial.away = None;
    trial.begin_anew(&Wish::default()).unwrap_or_else(|against| panic!("{against:#?}"));
    assert!(trial.plan.why.starts_with("master-3 was left behind"), "{}", trial.plan.why);
    let is_others =
        |step: &crate::Step| matches!(&step.act, Act::Change(change) if change.host != host(3));
    assert!(!trial.plan.steps.iter().any(is_others));
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn etcd_and_kubernetes_may_live_by_one_authority() {
    for mode in [None, Some(Mode::SameKey)] {
        let cluster = Kubeadm { ca_days: 50, leaf_days: 40, one_ca: true, ..Kubeadm::default() };
        let wish = Wish { kubernetes: true, mode, ..Wish::default() };
        let trial = Trial::of(cluster.facts(), &wish);
        assert_eq!(trial.plan.mode, mode.unwrap_or(Mode::Cross));
        trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
        trial.assert_renewed();
        trial.roll_back().await.unwrap_or_else(|halt| panic!("{halt}"));
        trial.assert_as_before();
        assert_writer_never_waited(&trial);
    }
}
