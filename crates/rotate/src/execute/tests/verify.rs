//! The look at the end of a run, and what it says of whatever was changed behind the run's back.

use std::path::Path;

use super::*;
use crate::{
    Program, Purpose,
    example::{DIRECTORY, host},
    facts::Attributes,
    simulated::{File, Machine, text},
};

const PEER_CA: &str = "/var/lib/etcd/cert/peer-ca.pem";

async fn renewed() -> Trial {
    let trial = crossed();
    trial.renew().await.expect("a success");
    trial
}

/// What the look says with one machine changed; afterwards the machine is as it was.
async fn says(trial: &Trial, number: usize, change: impl FnOnce(&mut Machine)) -> String {
    let on = host(number);
    let kept = trial.sim.state().machines[&on].clone();
    change(trial.sim.state().machines.get_mut(&on).expect("a host"));
    let verified = trial.verify(false).await;
    trial.sim.state().machines.insert(on, kept);
    verified.expect_err("something that is not as it is to be")
}

fn change_attributes(machine: &mut Machine, path: &str, change: impl FnOnce(&mut Attributes)) {
    let File { content, mut attributes, .. } = machine.files[Path::new(path)].clone();
    change(&mut attributes);
    machine.put(path.as_ref(), content, attributes);
}

#[tokio::test]
async fn a_run_that_is_through_is_new_and_no_longer_old_and_the_other_way_round() {
    let trial = renewed().await;
    assert_eq!(trial.verify(false).await, Ok(()));
    let old = trial.verify(true).await.expect_err("everything is new");
    assert!(old.ends_with("is not what it is to be"), "{old}");
    trial.roll_back().await.expect("the way back");
    assert_eq!(trial.verify(true).await, Ok(()));
    assert!(trial.verify(false).await.is_err());
}

#[tokio::test]
async fn a_file_with_other_bytes_or_none_is_named() {
    let trial = renewed().await;
    let other = says(&trial, 2, |machine| {
        let attributes = machine.files[Path::new(PEER_CA)].attributes.clone();
        machine.put(PEER_CA.as_ref(), text("somebody else's\n"), attributes);
    });
    assert_eq!(other.await, format!("master-2:{PEER_CA} is not what it is to be"));
    let gone = says(&trial, 3, |machine| {
        machine.files.remove(Path::new(PEER_CA));
    });
    assert_eq!(gone.await, format!("master-3:{PEER_CA} is not what it is to be"));
    assert_eq!(trial.verify(false).await, Ok(()));
}

#[tokio::test]
async fn modes_owners_and_labels_are_those_that_were_found() {
    let trial = renewed().await;
    let mode = says(&trial, 1, |machine| {
        change_attributes(machine, PEER_CA, |attributes| attributes.mode = 0o666);
    });
    let text = format!(
        "master-1:{PEER_CA} has mode 666 and owner 102:102, and had mode 644 and owner 102:102"
    );
    assert_eq!(mode.await, text);
    let owner = says(&trial, 1, |machine| {
        change_attributes(machine, PEER_CA, |attributes| attributes.uid = 0);
    });
    assert!(owner.await.contains("has mode 644 and owner 0:102"));
    let label = says(&trial, 1, |machine| {
        let label = Some("system_u:object_r:tmp_t:s0".to_owned());
        change_attributes(machine, PEER_CA, |attributes| attributes.label = label);
    });
    let label = label.await;
    assert!(label.contains("label system_u:object_r:tmp_t:s0"), "{label}");
}

#[tokio::test]
async fn a_process_that_trusts_others_than_its_file_names_is_found_out() {
    let trial = renewed().await;
    let loaded = |machine: &mut Machine, trusts| {
        let running = machine.running.get_mut(&Program::Etcd).expect("etcd");
        running.trusts.insert(Purpose::EtcdPeer, trusts);
    };
    let nobody = says(&trial, 2, |machine| loaded(machine, Vec::new())).await;
    assert!(nobody.starts_with("etcd on master-2"), "{nobody}");
    assert!(nobody.contains("has not loaded"), "{nobody}");
    let old = trial.before[&(host(2), PEER_CA.into())].content.clone();
    let more = says(&trial, 2, |machine| {
        let mut both = machine.certificates(Path::new(PEER_CA));
        both.extend(crate::pem::certificates(old.bytes()));
        loaded(machine, both);
    });
    let more = more.await;
    assert!(more.contains("still trusts leaves of"), "{more}");
}

#[tokio::test]
async fn a_program_that_is_down_at_the_end_is_no_success() {
    let trial = renewed().await;
    for (program, says_of) in [
        (Program::Etcd, "etcd on master-3"),
        (Program::KubeApiserver, "kube-apiserver on master-3"),
    ] {
        let down = says(&trial, 3, |machine| {
            machine.running.remove(&program);
        });
        let down = down.await;
        assert!(down.starts_with(says_of), "{down}");
    }
}

#[tokio::test]
async fn a_key_that_others_may_read_is_no_success() {
    let trial = renewed().await;
    let key = format!("{DIRECTORY}/etcd-server-key.pem");
    let open = says(&trial, 1, |machine| {
        change_attributes(machine, &key, |attributes| attributes.mode = 0o644);
    });
    let open = open.await;
    assert!(open.contains("etcd-server-key.pem has mode 644"), "{open}");
}
