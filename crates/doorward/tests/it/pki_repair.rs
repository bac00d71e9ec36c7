//! What others left behind, on three masters with a real etcd: a key that is not its
//! certificate's, and files of several rotations.

use std::process::{Command, Output};

use testkit::lab::{Ages, Authority, Lab, Machine, Shape, Timing};

use crate::BINARY;

const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
const CERT: &str = "/var/lib/etcd/cert";
const ROTATED: &str = "etcd CA and certs have successfully rotated!";

/// Exit code and all that was said.
async fn pki(lab: &Lab, verb: &str, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(BINARY);
    command.args(["pki", verb]).args(arguments).arg("--inventory").arg(lab.inventory());
    if verb == "renew" {
        command.arg("--yes").arg("--state").arg(lab.folder().join("state"));
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = output;
    let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.code().unwrap(), told.concat())
}

async fn renewed(lab: &Lab, arguments: &[&str]) {
    let (code, told) = pki(lab, "renew", arguments).await;
    assert_eq!((code, told.lines().last()), (0, Some(ROTATED)), "{told}");
    let (code, told) = pki(lab, "verify", &[]).await;
    assert_eq!(code, 0, "{told}");
    // Begins only when a write is acknowledged.
    lab.writer().await;
}

/// Over what is there, so that owner and mode stay.
fn write(machine: &Machine, name: &str, text: &str) {
    machine.must(&format!("cat > {CERT}/{name} <<'END'\n{text}END\n"));
}

fn etcds(lab: &Lab) -> Vec<String> {
    lab.machines().iter().map(|machine| machine.must("pgrep -x etcd")).collect()
}

#[tokio::test]
async fn a_broken_pair_is_repaired_and_a_mixture_is_swept_when_that_is_asked_for() {
    let ages = Ages { authority: DAY * 365 * 4, leaf: DAY * 400 };
    let shape = Shape { ages, timing: Timing::Default, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let [one, two, _] = lab.machines() else { panic!("three masters") };

    let running = etcds(&lab);
    let stranger = lab.authority().leaf("etcd-server", None, &[two.address], &[], DAY * 365);
    write(two, "etcd-server-key.pem", &stranger.key);
    let (code, told) = pki(&lab, "renew", &[]).await;
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("etcd-server-key.pem do not belong together"), "{told}");
    assert!(told.contains("--repair"), "{told}");
    renewed(&lab, &["--repair", "--stop-timeout", "20s"]).await;
    assert_eq!(etcds(&lab), running, "no process was started anew");

    // A script that knows of no overlap made one master new, and died.
    let (ca, peers) = (Authority::new("CA@1", DAY * 900), Authority::new("Peer-CA@1", DAY * 900));
    let own = one.must(&format!("cd {CERT} && ls *-name-*.pem | grep -v key | head -n 1"));
    let own = own.trim().trim_end_matches(".pem");
    let at = [one.address];
    for (authority, name, addresses) in
        [(&ca, "etcd-server", &at[..]), (&ca, "etcd-client", &[]), (&peers, own, &at)]
    {
        let made = authority.leaf(name, None, addresses, &[], DAY * 400);
        write(one, &format!("{name}.pem"), &made.certificate);
        write(one, &format!("{name}-key.pem"), &made.key);
    }
    write(one, "ca.pem", &ca.pem);
    write(one, "peer-ca.pem", &peers.pem);
    one.must("systemctl stop etcd; systemctl start --no-block etcd");
    let (code, told) = pki(&lab, "renew", &[]).await;
    assert_eq!(code, 1, "{told}");
    for part in [
        "master-1: etcd to clients: trusts CA@1, presents a leaf of CA@1; etcd to peers: trusts \
         Peer-CA@1, presents a leaf of Peer-CA@1",
        "master-2: etcd to clients: trusts CA, presents a leaf of CA; etcd to peers",
        "--mode sweep",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    renewed(&lab, &["--mode", "sweep"]).await;
}
