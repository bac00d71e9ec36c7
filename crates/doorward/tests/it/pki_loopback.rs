//! `doorward pki` where no namespaces can be made: three members of etcd on this machine, one
//! sshd, and an inventory that names folders and commands for each. What is told of them on
//! machines of their own is told in [`pki_renew`](super::pki_renew).

use std::process::Command;

use testkit::lab::{Ages, loopback::Loopback};

use crate::pki::{ROTATED, assert_nothing_lost, pki, restarts};

#[tokio::test]
async fn members_that_share_a_machine_are_rotated_and_walked_back() {
    let Some(lab) = Loopback::start(Ages::default()).await else { return };
    let before = files(&lab);
    let writer = lab.writer().await;
    let told = pki(&lab, "renew", &["--yes"]).await;
    assert!(told.contains("Mode cross"), "{told}");
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    assert_eq!(restarts(&told), 3, "{told}");
    assert_nothing_lost("cross, on one machine", 3, &writer.report().await);
    pki(&lab, "verify", &[]).await;

    let writer = lab.writer().await;
    let told = pki(&lab, "rollback", &["--yes"]).await;
    assert!(told.ends_with("etcd CA and certs are as they were before R1.\n"), "{told}");
    assert_nothing_lost("walked back, on one machine", restarts(&told), &writer.report().await);
    assert_eq!(files(&lab), before);
}

/// What every file of every member is, with its attributes.
fn files(lab: &Loopback) -> String {
    let look = "for file in member-*/cert/*; do stat -c '%n %a %U:%G %.9Y' $file; \
                sha256sum <$file; done";
    let output = Command::new("sh").args(["-ec", look]).current_dir(lab.folder()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
