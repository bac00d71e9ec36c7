//! What keeps a renewal from beginning. All on one lab, one after another, since a refusal leaves
//! everything as it was; in the end nothing speaks against it any more, and it goes through.

use std::{fs, process::Command};

use testkit::lab::{Lab, Machine};

use super::{lab, logins};
use crate::pki::{
    Heard, ROTATED, Told, assert_nothing_lost, assert_same, command, command_of, files, pki,
    restarts, run, says,
};

const CERT: &str = "/var/lib/etcd/cert";
/// The copies that API servers read.
const COPIES: &str = "/etc/kubernetes/pki/etcd";

#[tokio::test]
async fn a_renewal_refuses_what_it_cannot_do_and_changes_nothing() {
    let Some(lab) = lab().await else { return };
    // Nobody can write meanwhile.
    a_member_has_no_space(&lab).await;
    let writer = lab.writer().await;
    a_master_is_not_named(&lab).await;
    a_master_is_unreachable(&lab).await;
    a_member_is_down(&lab).await;
    a_disk_is_full(&lab).await;
    a_link_dangles(&lab).await;
    a_key_is_anothers(&lab).await;
    a_clock_is_wrong(&lab).await;
    logins::that_are_none(&lab).await;
    logins::that_talks(&lab.machines()[0]);
    logins::over_a_slow_link(&lab.machines()[1]);
    an_authoritys_key_is_gone(&lab).await;
    let told = two_operators_begin_at_once(&lab).await;
    assert_nothing_lost("refused, then renewed", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;
}

/// What it says when it refuses. Every file is as it was, also those that it keeps there.
pub async fn refused(lab: &Lab) -> String {
    let before = files(lab);
    let Told { code, out, err } = run(command(lab, "renew", &["--yes"])).await;
    assert_eq!(code, Some(1), "{out}\n{err}");
    assert!(err.contains("Nothing was changed."), "{err}");
    assert_same(&before, lab);
    for machine in lab.machines() {
        assert!(machine.run("test -e /var/lib/pki/lock.d").is_err(), "{} is locked", machine.name);
    }
    err
}

async fn a_member_has_no_space(lab: &Lab) {
    let mut etcd = lab.etcd();
    let (member, _) = etcd.members().await.unwrap().pop_first().unwrap();
    etcd.has_no_space(&member, true).await.unwrap();
    says(&refused(lab).await, "etcd has the alarm NOSPACE on member ");
    etcd.has_no_space(&member, false).await.unwrap();
}

async fn a_master_is_not_named(lab: &Lab) {
    let all = fs::read_to_string(lab.inventory()).unwrap();
    let two: Vec<&str> = all.lines().filter(|line| !line.contains("master-3")).collect();
    fs::write(lab.inventory(), two.join("\n")).unwrap();
    let told = refused(lab).await;
    let three = lab.machines()[2].address;
    says(&told, "etcd has 3 members, and the inventory has hosts of 2 only; not found: ");
    says(&told, &format!("(https://{three}:2380). Who is missing would be locked out."));
    fs::write(lab.inventory(), all).unwrap();
}

async fn a_master_is_unreachable(lab: &Lab) {
    let three = &lab.machines()[2];
    three.shut();
    let told = refused(lab).await;
    says(&told, &format!("master-3: no SSH to {}: ", three.address));
    says(&told, "Connection refused");
    says(&told, "A CA cannot be rotated with a master missing: it would be locked out.");
    says(&told, "Fix SSH, or --exclude master-3 with its consequences.");
    three.open();
}

async fn a_member_is_down(lab: &Lab) {
    let three = &lab.machines()[2];
    three.must("systemctl stop etcd");
    let last = three.must("tail -n 1 /run/units/etcd.service.log");
    let told = refused(lab).await;
    says(&told, "etcd master-3 is down (");
    says(&told, last.trim_end());
    says(&told, "Restarting another would leave 1 of 3. Repair it first.");
    three.must("systemctl start etcd");
    lab.healthy(three).await;
}

async fn a_disk_is_full(lab: &Lab) {
    let two = &lab.machines()[1];
    let small = SmallDisk::under(two, CERT);

    two.must(&format!("head -c 1M /dev/zero >{CERT}/more || true"));
    says(&refused(lab).await, &format!("master-2: {CERT}: 0 bytes and "));
    two.must(&format!("rm {CERT}/more"));

    // It has those that it uses, and one.
    small.again(&format!("nr_inodes=$(stat -f -c '%c - %d + 1' {CERT} | xargs expr)"));
    says(&refused(lab).await, "bytes and 1 inodes free, need 64 KiB and 8");

    small.again("nr_inodes=1000,ro");
    let told = refused(lab).await;
    let read_only = "cannot be written: its file system is read-only";
    says(&told, &format!("master-2: {CERT}/ca.pem: {read_only}"));
    small.again("rw");

    // Not every kernel has such marks on a file system in memory.
    match two.run(&format!("chattr +i {CERT}/ca.pem")) {
        Ok(_) => {
            let told = refused(lab).await;
            says(&told, &format!("{CERT}/ca.pem: cannot be written: it is immutable (chattr +i)"));
            two.must(&format!("chattr -i {CERT}/ca.pem"));
        }
        Err(error) => eprintln!("no file can be made immutable here: {error}"),
    }
    small.away();
}

async fn a_link_dangles(lab: &Lab) {
    let three = &lab.machines()[2];
    let file = format!("{COPIES}/etcd-client.pem");
    three.must(&format!("mv {file} {file}.good; ln -s /nowhere/client.pem {file}"));
    let told = refused(lab).await;
    says(
        &told,
        &format!("master-3: {file}: the link leads to /nowhere/client.pem, which is not there"),
    );
    three.must(&format!("mv -T {file}.good {file}"));
}

async fn a_key_is_anothers(lab: &Lab) {
    let three = &lab.machines()[2];
    let [certificate, key] = ["", "-key"].map(|end| format!("{COPIES}/etcd-client{end}.pem"));
    three.must(&format!("cp -p {key} {key}.good; cat {CERT}/etcd-server-key.pem >{key}"));
    let told = refused(lab).await;
    says(&told, &certificate);
    says(&told, &key);
    three.must(&format!("mv {key}.good {key}"));
}

/// Nor is a key of another authority's taken for it. What nobody can sign for is replaced.
async fn an_authoritys_key_is_gone(lab: &Lab) {
    let [one, others @ ..] = lab.machines() else { panic!("three masters") };
    one.must(&format!("mv {CERT}/ca-key.pem /run"));
    for other in others {
        other.must(&format!(
            "cp -p {CERT}/ca-key.pem /run; cat {CERT}/peer-ca-key.pem >{CERT}/ca-key.pem"
        ));
    }
    let told = pki(lab, "plan", &[]).await;
    says(
        &told,
        "Mode bundle: the key of \"CA\" is on none of the masters, so nothing can be signed in its \
         name; a new CA is needed (2 rolling restarts).",
    );
    let told = run(command(lab, "renew", &["--yes", "--mode", "leaf"])).await;
    assert_eq!(told.code, Some(1), "{told:?}");
    says(&told.err, "the key of \"CA\" is on none of the masters");
    for machine in lab.machines() {
        machine.must(&format!("mv /run/ca-key.pem {CERT}"));
    }
}

/// Machines of the lab share their kernel's clock, which no namespace sets apart; what they are
/// asked for is the command `date`.
async fn a_clock_is_wrong(lab: &Lab) {
    let two = &lab.machines()[1];
    two.must(
        "printf '%s\\n' '#!/bin/sh' 'exec /bin/date -d \"-613 seconds\" \"$@\"' \
         >/usr/local/sbin/date; chmod 755 /usr/local/sbin/date",
    );
    let told = refused(lab).await;
    assert!(told.contains("master-2: its clock is 61"), "{told}");
    says(&told, "s behind. A new certificate may be \"not yet valid\" there.");
    two.must("rm /usr/local/sbin/date");
}

/// The first is held where it has all locks and has changed nothing; then it is killed. What the
/// second one was told is still so, until it breaks the lock in the right one's name.
async fn two_operators_begin_at_once(lab: &Lab) -> String {
    let mut first = Heard::begin(lab, "renew", &["--yes"]).await;
    first.until(|line| line.contains("make and check")).await;
    let pid = first.pid();
    let held = Command::new("kill").args(["-STOP", &pid.to_string()]).status();
    assert!(held.unwrap().success());
    let before = files(lab);
    let second =
        |arguments: &[&str]| command_of("second", lab, "renew", &[&["--yes"], arguments].concat());
    let held = format!("pid {pid} since ");
    for arguments in [&[][..], &["--break-lock", "R7"]] {
        let told = run(second(arguments)).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        says(&told.err, "R1 by ");
        says(&told.err, &held);
        says(&told.err, "holds the lock on master-1");
        says(&told.err, "--break-lock R1");
        says(&told.err, "Nothing was changed.");
        assert_same(&before, lab);
    }
    first.kill().await;
    let told = run(second(&["--break-lock", "R1"])).await;
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(told.out.lines().last(), Some(ROTATED), "{told:?}");
    told.out
}

/// A file system of a folder's own, with little room, that holds what the folder held.
struct SmallDisk<'m> {
    machine: &'m Machine,
    folder: &'static str,
}

impl<'m> SmallDisk<'m> {
    fn under(machine: &'m Machine, folder: &'static str) -> Self {
        machine.must(&format!(
            "mount -t tmpfs -o size=400k small /mnt && cp -a {folder}/. /mnt && \
             chown --reference={folder} /mnt && chmod --reference={folder} /mnt && \
             mount --move /mnt {folder}"
        ));
        Self { machine, folder }
    }

    fn again(&self, options: &str) {
        self.machine.must(&format!("mount -o remount,{options} {}", self.folder));
    }

    fn away(self) {
        self.machine.must(&format!("umount {}", self.folder));
    }
}
