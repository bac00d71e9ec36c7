//! Logins by which nothing can be done: each is refused with its cure. And one that says more than
//! it is asked, which a run reads past.

use std::fs;

use testkit::lab::{Lab, Machine};

use super::refusals::refused;
use crate::pki::says;

pub async fn that_are_none(lab: &Lab) {
    the_user_is_not_root(lab).await;
    the_host_key_is_another(lab).await;
    the_shell_runs_nothing(lab).await;
}

/// Greets whoever comes, in words that could be taken for a script's answer.
pub fn that_talks(machine: &Machine) {
    if testkit::peers::need("bash").is_none() {
        return;
    }
    machine.must(
        "mkdir /run/loud; sed -i 's|^root:.*|root:x:0:0:root:/run/loud:/bin/bash|' /etc/passwd\n\
         echo 'echo Welcome; echo; echo problem; echo \"file x\"' >/run/loud/.bashrc",
    );
}

/// Brings what SSH says at 32 KB a second; all else of the machine's network is as quick as ever.
pub fn over_a_slow_link(machine: &Machine) {
    if testkit::peers::need("tc").is_none() {
        return;
    }
    machine.must(
        "tc qdisc add dev eth0 root handle 1: htb default 1\n\
         tc class add dev eth0 parent 1: classid 1:1 htb rate 1gbit\n\
         tc class add dev eth0 parent 1: classid 1:2 htb rate 256kbit\n\
         tc filter add dev eth0 parent 1: protocol ip u32 match ip sport 22 0xffff flowid 1:2",
    );
}

async fn the_user_is_not_root(lab: &Lab) {
    for machine in lab.machines() {
        machine.must(
            "cp -p /etc/passwd /run/passwd\n\
             sed -i 's|^etcd:.*|etcd:x:991:991::/:/bin/sh|' /etc/passwd\n\
             echo 'etcd:*:19000:0:99999:7:::' >>/etc/shadow",
        );
    }
    // sshd looks for the keys as the user.
    lab.machines()[0].must(&format!("chmod 755 {}", lab.folder().display()));
    let config = replaced(&lab.ssh_config(), "User root", "User etcd");
    let told = refused(lab).await;
    says(&told, "master-1: ");
    says(&told, "not root");
    says(&told, "spec.ssh.user");
    fs::write(lab.ssh_config(), config).unwrap();
    for machine in lab.machines() {
        machine.must("cp -p /run/passwd /etc/passwd; sed -i '/^etcd:/d' /etc/shadow");
    }
}

async fn the_host_key_is_another(lab: &Lab) {
    let three = lab.machines()[2].address.to_string();
    let known = lab.folder().join("known_hosts");
    let operator = fs::read_to_string(lab.folder().join("operator.pub")).unwrap();
    let text = fs::read_to_string(&known).unwrap();
    let line = text.lines().find(|line| line.starts_with(&three)).unwrap();
    let text = replaced(&known, line, &format!("{three} {}", operator.trim_end()));
    let told = refused(lab).await;
    says(&told, &format!("master-3: the host key of {three} is not the known one"));
    says(&told, "ssh-keygen -R");
    fs::write(&known, text).unwrap();
}

/// A shell that starts no other one.
async fn the_shell_runs_nothing(lab: &Lab) {
    if testkit::peers::need("rbash").is_none() {
        return;
    }
    let three = &lab.machines()[2];
    three.must("sed -i '/^root:/s|/bin/sh$|/bin/rbash|' /etc/passwd");
    let told = refused(lab).await;
    says(&told, "master-3: the login shell of ");
    says(&told, "runs no script (exec sh -s); it says: ");
    says(&told, "restricted");
    three.must("sed -i '/^root:/s|/bin/rbash$|/bin/sh|' /etc/passwd");
}

/// What the file held before.
fn replaced(path: &std::path::Path, old: &str, new: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text.replace(old, new)).unwrap();
    text
}
