//! Masters that no installer left alone: folders of their own, links, files that hold more than
//! they need. One whole run there and back again.

use std::fs;

use testkit::lab::{Authority, Lab, Machine};

use super::lab;
use crate::pki::{DAY, ROTATED, assert_nothing_lost, assert_same, files, pki, restarts, says};

const UNIT: &str = "/etc/systemd/system/etcd.service";
const CERT: &str = "/var/lib/etcd/cert";
/// Of an API server.
const CLIENT: &str = "/etc/kubernetes/pki/etcd/etcd-client.pem";

#[tokio::test]
async fn what_no_installer_made_is_written_through_and_comes_back_the_same() {
    let Some(lab) = lab().await else { return };
    let [one, two, three] = lab.machines() else { panic!("three masters") };
    let stranger = Authority::new("Somebody", DAY * 365).pem;
    let dead = Authority::new("Long ago", -DAY).pem;
    for (machine, rearrange, folder) in [
        (one, own_folder as fn(&Lab, &Machine), "/etc/etcd/own"),
        (two, linked_folder, CERT),
        (three, linked_files, CERT),
    ] {
        machine.must("systemctl stop etcd");
        rearrange(&lab, machine);
        let trust = &format!("{folder}/ca.pem");
        more_in_trust(machine, trust, &stranger, &dead);
        machine.must("systemctl start etcd");
        lab.healthy(machine).await;
    }
    append(three, CLIENT, &format!("# the console's\n{stranger}"));

    let (before, shapes) = (files(&lab), shapes(&lab));
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    says(&told, "/etc/etcd/own/ca.pem ← ");
    says(&told, "etcd.yml");
    assert_nothing_lost("custom layouts", restarts(&told), &writer.report().await);
    pki(&lab, "verify", &[]).await;
    assert_eq!(self::shapes(&lab), shapes, "owners, modes and links");
    for (machine, trust) in [
        (one, "/etc/etcd/own/ca.pem"),
        (two, "/usr/local/pki/etcd/ca.pem"),
        (three, "/usr/local/pki/authority.pem"),
    ] {
        let text = machine.must(&format!("cat {trust}"));
        says(&text, "# who may come in\r\n");
        says(&text, stranger.trim_end());
        says(&text, dead.trim_end());
        says(&text, "\n-----BEGIN CERTIFICATE-----");
        assert!(!text.contains("----------BEGIN"), "{text}");
    }
    says(&three.must(&format!("cat {CLIENT}")), &format!("# the console's\n{stranger}"));

    let told = pki(&lab, "rollback", &["--yes"]).await;
    assert!(told.ends_with("etcd CA and certs are as they were before R1.\n"), "{told}");
    assert_same(&before, &lab);
}

/// Named by flags.
fn own_folder(_: &Lab, machine: &Machine) {
    machine.must(&format!(
        "mkdir -p /etc/etcd/own && cp -a {CERT}/. /etc/etcd/own && rm -r {CERT} && \
         sed -i 's#{CERT}#/etc/etcd/own#g' {UNIT} && \
         chmod 400 /etc/etcd/own/etcd-server-key.pem && chgrp root /etc/etcd/own/*-name-1-key.pem"
    ));
}

/// Named by a configuration file, behind a link to their folder.
fn linked_folder(lab: &Lab, machine: &Machine) {
    machine.must(&format!(
        "mkdir -p /usr/local/pki /etc/etcd && mv {CERT} /usr/local/pki/etcd && \
         ln -s /usr/local/pki/etcd {CERT} && \
         sed -i -e '/^ExecStart=/,/[^\\]$/d' -e 's/^User=.*/&\\nExecStart=\\/usr\\/local\\/bin\\/etcd \
         --config-file=\\/etc\\/etcd\\/etcd.yml/' {UNIT}"
    ));
    let members = lab.machines().iter().zip(1..).map(|(one, number)| {
        let ip = one.address;
        format!("{ip}-name-{number}=https://{ip}:2380")
    });
    let (cluster, ip) = (members.collect::<Vec<_>>().join(","), machine.address);
    let security = |ca: &str, pair: &str| {
        format!(
            "  client-cert-auth: true\n  trusted-ca-file: {CERT}/{ca}.pem\n  \
             cert-file: {CERT}/{pair}.pem\n  key-file: {CERT}/{pair}-key.pem\n"
        )
    };
    let text = format!(
        "name: {ip}-name-2\ndata-dir: /var/lib/etcd/data.etcd\nelection-timeout: 1000\n\
         heartbeat-interval: 100\nlisten-client-urls: https://{ip}:2379\n\
         advertise-client-urls: https://{ip}:2379\nlisten-peer-urls: https://{ip}:2380\n\
         initial-advertise-peer-urls: https://{ip}:2380\ninitial-cluster: {cluster}\n\
         client-transport-security:\n{}peer-transport-security:\n{}",
        security("ca", "etcd-server"),
        security("peer-ca", &format!("{ip}-name-2"))
    );
    fs::write(machine.path("/etc/etcd/etcd.yml"), text).unwrap();
}

/// One behind a link, one behind two.
fn linked_files(_: &Lab, machine: &Machine) {
    machine.must(&format!(
        "mkdir -p /usr/local/pki && cd {CERT} && \
         mv ca.pem /usr/local/pki/authority.pem && ln -s authority.pem /usr/local/pki/current.pem && \
         ln -s /usr/local/pki/current.pem ca.pem && \
         mv etcd-server.pem /usr/local/pki/server.pem && \
         ln -s ../../../../usr/local/pki/server.pem etcd-server.pem"
    ));
}

/// Comments, the other line ends, strangers, and no end of the last line.
fn more_in_trust(machine: &Machine, path: &str, stranger: &str, dead: &str) {
    let own = machine.must(&format!("cat {path}")).replace('\n', "\r\n");
    let text = format!("# who may come in\r\n{own}\n{stranger}{}", dead.trim_end());
    // Through whatever links, and as it was but for its content.
    machine.must(&format!("printf '%s' '{text}' | dd of={path} 2>/dev/null"));
}

fn append(machine: &Machine, path: &str, text: &str) {
    machine.must(&format!("cat >>{path} <<'END'\n{text}END\n"));
}

/// What the files of every master are like, but for their content.
fn shapes(lab: &Lab) -> Vec<String> {
    let look = "cd / && find var/lib/etcd/cert etc/kubernetes etc/etcd usr/local/pki 2>/dev/null | \
                sort | xargs stat -c '%N %a %U:%G'";
    lab.machines().iter().map(|machine| machine.must(look)).collect()
}
