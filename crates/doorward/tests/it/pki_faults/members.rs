//! Members of etcd that get into trouble while a run changes them: what it waits for, what stops
//! it, and how it goes on once they are mended.

use testkit::{
    LIMIT,
    lab::{Lab, Machine},
    wait_for, wait_until,
};

use super::{before_systemctl, lab, machine};
use crate::pki::{Heard, ROTATED, Told, assert_nothing_lost, pki, restarts, says};

const UNIT: &str = "/etc/systemd/system/etcd.service";
const KEY: &str = "/var/lib/etcd/cert/etcd-server-key.pem";

/// One run in which three things are done to members; each stops it, is mended, and it goes on.
#[tokio::test]
async fn what_is_done_to_a_member_stops_the_run_until_it_is_mended() {
    let Some(lab) = lab().await else { return };
    for machine in lab.machines() {
        machine.must("systemctl stop etcd; cd /var/lib/etcd && cp -a data.etcd old.etcd");
        machine.must("systemctl start etcd");
        lab.healthy(machine).await;
    }
    let members = lab.etcd().members().await.unwrap();
    let writer = lab.writer().await;

    a_new_key_is_taken_from_its_reader(&lab).await;

    let mut run = Heard::begin(&lab, "resume", &[]).await;
    let broken = next_restart(&lab, &mut run).await;
    let others = || lab.machines().iter().filter(|other| other.name != broken.name);
    let running: Vec<_> = others().map(pid).collect();
    broken.must(&format!("cp {UNIT} {UNIT}.good"));
    // An address of nobody's (RFC 5737).
    let url = "--listen-client-urls https://";
    broken.must(&format!("sed -i 's#{url}[0-9.]*#{url}192.0.2.1#' {UNIT}"));
    let words = last_words(broken, &stopped(run).await);
    says(&words, "192.0.2.1:2379: bind: cannot assign requested address");

    broken.must(&format!("sed 's#--data-dir=data.etcd#--data-dir=old.etcd#' {UNIT}.good >{UNIT}"));
    let run = Heard::begin(&lab, "resume", &[]).await;
    let words = last_words(broken, &stopped(run).await);
    says(&words, "panic: tocommit(");
    assert_eq!(lab.etcd().members().await.unwrap(), members, "nobody was thrown out");
    assert_eq!(others().map(pid).collect::<Vec<_>>(), running, "nobody else was restarted");
    broken.must(&format!("mv {UNIT}.good {UNIT}"));

    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_nothing_lost("mended three times", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;
}

/// As soon as it is written, and again when the run gives it back.
async fn a_new_key_is_taken_from_its_reader(lab: &Lab) {
    let two = &lab.machines()[1];
    two.must(&format!(
        "old=$(stat -c %i {KEY}); (while [ $(stat -c %i {KEY}) = $old ]; do sleep 0.01; done\n\
         while [ ! -e /run/enough ]; do chown root:root {KEY}; sleep 0.01; done; rm /run/enough) \
         </dev/null >/dev/null 2>&1 &"
    ));
    let out = stopped(Heard::begin(lab, "renew", &["--yes"]).await).await;
    says(&out, &format!("master-2: etcd (uid 991) cannot read {KEY} (0600 root)"));
    says(&out, "Stopped in overlap (old and new CA both accepted).");
    two.must("touch /run/enough; while [ -e /run/enough ]; do sleep 0.01; done");
}

/// What a run that stopped for it quotes of the member's log.
fn last_words(machine: &Machine, out: &str) -> String {
    let (_, words) = out.split_once("etcd does not run: \"").unwrap_or_else(|| panic!("{out}"));
    let (words, _) = words.split_once("\"\n").unwrap();
    says(&machine.must("cat /run/units/etcd.service.log"), words);
    says(out, "etcd has a quorum: 2/3 answer.");
    words.to_owned()
}

/// What it says when it stops half-way.
async fn stopped(run: Heard) -> String {
    let Told { code, out, err } = run.end().await;
    assert_eq!(code, Some(3), "{out}\n{err}");
    says(&out, "Continue: doorward pki resume R1. Undo: doorward pki rollback R1.");
    out
}

/// A member that starts slowly and a leader that falls silent are waited for; a leader that stays
/// silent stops the run. An API server that does not end is killed.
#[tokio::test]
async fn who_is_slow_is_waited_for_and_told_and_who_stays_away_stops_the_run() {
    let Some(lab) = lab().await else { return };
    let [_, two, _] = lab.machines() else { panic!("three masters") };
    before_systemctl(two, "stop*kube-apiserver*", "kill -STOP $(pgrep -x kube-apiserver)");
    let writer = lab.writer().await;
    let limits = ["--yes", "--start-timeout", "60s", "--stop-timeout", "10s"];
    let mut run = Heard::begin(&lab, "renew", &limits).await;

    let slow = is_restarted(&lab, &mut run).await;
    held(&mut run, slow).await;
    follows(&lab, slow).await;
    held(&mut run, leader_beside(&lab, slow).await).await;

    let next = is_restarted(&lab, &mut run).await;
    follows(&lab, next).await;
    held(&mut run, leader_beside(&lab, next).await).await;
    let silent = leader_beside(&lab, next).await;
    signal(silent, "STOP");
    let out = stopped(run).await;
    let halt = out.lines().find(|line| line.starts_with("R1 stopped at ")).unwrap();
    says(halt, &format!("an answer from {}:2379 took longer than 1", silent.address));
    says(halt, "; meanwhile etcd went from term ");
    says(&out, "Stopped in overlap (old and new CA both accepted).");
    says(&out, "etcd has a quorum: 2/3 answer.");
    signal(silent, "CONT");
    follows(&lab, silent).await;

    let told = pki(&lab, "resume", &[]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    says(
        &told,
        "kube-apiserver on master-2 did not end within 10 s of being told to, and was killed.",
    );
    // A leader that says nothing makes its clients wait for their own time limit.
    assert_eq!(writer.report().await.lost, 0);
    pki(&lab, "verify", &[]).await;
}

/// The member that the run restarts next, once its new process is there.
async fn is_restarted<'l>(lab: &'l Lab, run: &mut Heard) -> &'l Machine {
    let machine = next_restart(lab, run).await;
    let old = pid(machine);
    let is_new = |now: &str| !now.is_empty() && now != old;
    wait_until(LIMIT, || async { is_new(&pid(machine)) }).await;
    machine
}

/// It does nothing until the run has told that it waits for it.
async fn held(run: &mut Heard, machine: &Machine) {
    signal(machine, "STOP");
    run.until(|line| line.contains(&machine.name) && line.ends_with(" s)")).await;
    signal(machine, "CONT");
}

/// Until the member knows a leader.
async fn follows(lab: &Lab, machine: &Machine) {
    let member = std::slice::from_ref(machine);
    wait_for(LIMIT, || async { lab.etcd_of(member).leader().await.ok().flatten() }).await;
}

/// The leader; if that is the very member that the run looks at, another one is made to lead.
async fn leader_beside<'l>(lab: &'l Lab, member: &Machine) -> &'l Machine {
    let members = lab.etcd().members().await.unwrap();
    let number_of = |machine: &Machine| {
        let is_its = |url: &String| url.contains(&format!("//{}:", machine.address));
        members.iter().find(|(_, url)| is_its(url)).unwrap().0
    };
    let mut others = lab.machines().iter().filter(|other| other.name != member.name);
    let heir = number_of(others.clone().next().unwrap());
    let leader = wait_for(LIMIT, || async {
        let leader = lab.etcd().leader().await.ok()??;
        if leader != *number_of(member) {
            return Some(leader);
        }
        // Refused while that one is behind.
        let _ = lab.etcd_of(std::slice::from_ref(member)).hand_over(heir).await;
        None
    });
    let leader = leader.await;
    others.find(|other| *number_of(other) == leader).unwrap()
}

/// Where the run is about to restart a member.
async fn next_restart<'l>(lab: &'l Lab, run: &mut Heard) -> &'l Machine {
    let step = run.until(|line| line.contains("etcd on ") && line.ends_with(", restart")).await;
    machine(lab, &step)
}

fn pid(machine: &Machine) -> String {
    machine.run("pgrep -x etcd").unwrap_or_default()
}

fn signal(machine: &Machine, name: &str) {
    machine.must(&format!("kill -{name} {}", pid(machine)));
}
