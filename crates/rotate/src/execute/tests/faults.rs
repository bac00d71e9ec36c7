//! What goes wrong beside kills: the rows of the fault matrix that need no real machine.

use super::*;
use crate::{example::host, simulated::Fault};

#[tokio::test]
async fn a_full_disk_ends_the_run_before_anything_is_replaced() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Full { host: host(2) });
    let halt = trial.renew().await.expect_err("a full disk");
    assert!(halt.why.starts_with("master-2:/"), "{halt}");
    assert!(halt.why.contains("0 bytes free, need"), "{halt}");
    assert!(halt.is_unchanged, "{halt}");
    assert_eq!(trial.sim.files(), trial.before);
}

#[tokio::test]
async fn a_link_that_breaks_for_a_moment_is_waited_for() {
    let trial = crossed();
    for from in (20..700).step_by(60) {
        trial.sim.faults().plan(Fault::Lost { host: host(3), from, until: from + 3 });
    }
    trial.renew().await.expect("a success");
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn a_master_lost_in_the_middle_stops_the_run_in_overlap_and_it_is_resumed_later() {
    let trial = crossed();
    let calls = 330;
    trial.sim.faults().plan(Fault::Lost { host: host(3), from: calls, until: usize::MAX });
    let halt = trial.renew().await.expect_err("a lost master");
    assert!(halt.why.contains("the connection broke"), "{halt}");
    assert!(halt.standing.starts_with("Stopped in overlap (old and new CA both accepted)."));
    assert!(halt.standing.contains("Continue: doorward pki resume R1."), "{halt}");
    assert!(halt.standing.contains("Undo: doorward pki rollback R1."), "{halt}");
    assert!(trial.sim.state().illegal.is_empty());
    trial.sim.faults().clear();
    trial.renew().await.expect("the rest");
    trial.assert_renewed();
    assert_writer_never_waited(&trial);
}

#[tokio::test]
async fn a_member_that_does_not_come_back_ends_the_restarts_and_its_last_words_are_told() {
    let trial = crossed();
    let last_words = "open /var/lib/etcd/member: permission denied";
    trial.sim.faults().plan(Fault::Broken { host: host(1), last_words });
    let halt = trial.renew().await.expect_err("a broken member");
    assert!(halt.why.contains("does not run: \"open /var/lib/etcd/member"), "{halt}");
    assert!(halt.standing.contains("2/3 answer"), "{halt}");
    let stops = trial.sim.state().calls.iter().filter(|call| call.contains("stop etcd")).count();
    assert_eq!(stops, 1, "no other member was touched");
    let halt = trial.renew().await.expect_err("it is still broken");
    assert!(halt.why.contains("it does not start again by itself; etcd does not run: "), "{halt}");
    assert_writer_never_waited(&trial);
    trial.sim.faults().clear();
    trial.roll_back().await.expect("the way back");
    trial.assert_as_before();
}

#[tokio::test]
async fn a_backup_that_is_gone_on_one_side_is_fetched_from_the_other_and_refused_without_both() {
    let trial = crossed();
    trial.renew().await.expect("a success");
    let digest = trial.before.iter().find(|((_, path), _)| path.ends_with("peer-ca.pem"));
    let digest = digest.expect("a file").1.digest.clone();
    let kept = trial.state.path().join("pki/R1/contents").join(&digest);
    std::fs::remove_file(&kept).expect("a kept content");
    for machine in trial.sim.state().machines.values_mut() {
        machine.files.remove(&std::path::Path::new("/var/lib/pki/backup/R1").join(&digest));
    }
    let halt = trial.roll_back().await.expect_err("no backup");
    assert!(halt.why.contains("is damaged or gone") && halt.why.contains("--reissue"), "{halt}");
    assert!(halt.is_unchanged);
}

#[tokio::test]
async fn what_expired_meanwhile_is_not_put_back() {
    let trial = expired();
    trial.renew().await.expect("a success");
    let halt = trial.roll_back().await.expect_err("dead material");
    assert!(halt.why.contains("The saved certificates expired on"), "{halt}");
    assert!(halt.why.contains("take the cluster down"), "{halt}");
    assert!(halt.why.contains("--reissue"), "{halt}");
}

/// master-2 has another's key beside the certificate that its member shows clients.
fn with_a_torn_pair() -> crate::Facts {
    let mut facts = trial::lived_in(Ack::default().facts());
    let key = std::path::PathBuf::from("/var/lib/etcd/cert/etcd-server-key.pem");
    let other = Ack::default().facts().hosts[&host(1)].files[&key].content.clone();
    let files = &mut facts.hosts.get_mut(&host(2)).expect("a host").files;
    files.get_mut(&key).expect("its key").content = other;
    facts
}

#[tokio::test]
async fn a_pair_that_was_repaired_is_not_put_back_and_nothing_is_touched() {
    let wish = Wish { repair: true, ..Wish::default() };
    let mut trial = Trial::of(with_a_torn_pair(), &wish);
    trial.renew().await.unwrap_or_else(|halt| panic!("{halt}"));
    let repaired = trial.sim.files();
    let halt = trial.roll_back().await.expect_err("a torn pair");
    assert!(halt.is_unchanged, "{halt}");
    for part in [
        "master-2: /var/lib/etcd/cert/etcd-server.pem and /var/lib/etcd/cert/etcd-server-key.pem \
         (public keys ",
        ") did not belong together when the run began; restoring them would shut out whoever needs \
         them. What stands there now may stay. A fresh set instead: doorward pki rollback R1 \
         --reissue",
    ] {
        assert!(halt.why.contains(part), "{part:?} in {halt}");
    }
    assert_eq!(trial.sim.files(), repaired);
    let locks = trial.sim.state().machines.values().any(|machine| machine.lock.is_some());
    assert!(!locks, "the run was over, so nobody else has to wait for it");

    trial.reissue().await.unwrap_or_else(|halt| panic!("{halt}"));
    trial.assert_one_set();
}

#[tokio::test]
async fn a_repair_that_was_cut_off_before_the_pair_was_written_can_be_walked_back() {
    let wish = Wish { repair: true, ..Wish::default() };
    let trial = Trial::of(with_a_torn_pair(), &wish);
    trial.sim.faults().plan(Fault::Full { host: host(3) });
    let _ = trial.renew().await.expect_err("a full disk");
    trial.roll_back().await.unwrap_or_else(|halt| panic!("{halt}"));
    for (key, file) in &trial.before {
        assert_eq!(trial.sim.files().get(key), Some(file), "{key:?}");
    }
}

#[tokio::test]
async fn a_run_that_was_cut_off_before_its_keys_were_made_leaves_nothing_behind() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Kill { call: 4, after: true });
    assert!(trial.renew_or_die().await.is_none());
    trial.roll_back().await.expect("nothing to undo");
    trial.assert_as_before();
}

#[tokio::test]
async fn a_backup_that_is_gone_on_one_host_is_no_loss_while_the_others_have_theirs() {
    let trial = crossed();
    trial.renew().await.expect("a success");
    std::fs::remove_dir_all(trial.state.path().join("pki/R1/contents")).expect("kept contents");
    std::fs::create_dir(trial.state.path().join("pki/R1/contents")).expect("a folder");
    trial
        .sim
        .state()
        .machines
        .get_mut(&host(2))
        .expect("a host")
        .files
        .retain(|path, _| !path.starts_with("/var/lib/pki/backup/R1"));
    trial.roll_back().await.expect("the way back");
    trial.assert_as_before();
}

#[tokio::test]
async fn bytes_that_arrive_damaged_end_the_run_while_they_are_staged() {
    let trial = crossed();
    trial.sim.faults().plan(Fault::Garbled { host: host(2) });
    let halt = trial.renew().await.expect_err("damage");
    assert!(halt.why.contains("what was written is not what is there"), "{halt}");
    assert!(halt.is_unchanged, "{halt}");
    let stops = trial.sim.state().calls.iter().filter(|call| call.contains("stop")).count();
    assert_eq!(stops, 0);
    for (key, file) in &trial.before {
        assert_eq!(trial.sim.files().get(key), Some(file), "{key:?}");
    }
}

#[tokio::test]
async fn a_pair_that_the_plan_itself_would_tear_is_seen_before_anything_is_written() {
    let trial = crossed();
    let path = trial.state.path().join("pki/R1/plan.json");
    let plan = std::fs::read_to_string(&path).expect("the plan");
    let key = |leaf: &str| format!("\"set\": \"key\",\n                \"leaf\": \"{leaf}\"");
    let [server, client] = ["etcd-server", "etcd-client"].map(key);
    assert!(plan.contains(&server) && plan.contains(&client), "{plan}");
    let crossed = plan.replace(&server, "SERVER").replace(&client, &server);
    std::fs::write(&path, crossed.replace("SERVER", &client)).expect("a plan");
    let halt = trial.renew().await.expect_err("a torn pair");
    let told = halt.why.strip_prefix(
        "master-1: /var/lib/etcd/cert/etcd-server.pem and \
         /var/lib/etcd/cert/etcd-server-key.pem (public keys ",
    );
    let told = told.unwrap_or_else(|| panic!("{halt}"));
    let (keys, why) = told.split_once(") ").expect("what is wrong with them");
    assert_eq!(why, "would not belong together any more; the plan is wrong, so begin a new run");
    let (one, other) = keys.split_once(" and ").expect("both keys");
    assert_ne!(one, other);
    assert!(halt.is_unchanged, "{halt}");
    assert_eq!(trial.sim.files(), trial.before);
}

#[tokio::test]
async fn rights_that_were_not_given_are_seen_before_any_restart_and_given_by_the_next_try() {
    for ending in ["peer-ca.pem", "etcd-server-key.pem"] {
        let trial = crossed();
        trial.sim.faults().plan(Fault::RootOnly { host: host(1), ending });
        let halt = trial.renew().await.expect_err("no rights");
        let told = format!("etcd (uid 102) cannot read /var/lib/etcd/cert/{ending} (0600 root)");
        assert!(halt.why.contains(&told), "{halt}");
        let stopped = trial.sim.state().calls.iter().any(|call| call.contains("1 stop etcd"));
        assert!(!stopped, "a member that could not start again was left alone");
        trial.sim.faults().clear();
        trial.renew().await.expect("the rest");
        trial.assert_renewed();
        assert_writer_never_waited(&trial);
    }
}
