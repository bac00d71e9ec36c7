//! What others left behind, on three masters with a real etcd that lets peers in by name: a key that is
//! not its certificate's, and files of several rotations.

use testkit::lab::{Ages, Authority, Lab, Machine, Pair, Shape, Timing};

use crate::pki::{DAY, ROTATED, Told, assert_same, command, files, pki, run};

const CERT: &str = "/var/lib/etcd/cert";

async fn refused(lab: &Lab) -> String {
    said_no(lab, "renew").await
}

/// What it says when it is refused.
async fn said_no(lab: &Lab, verb: &str) -> String {
    let Told { code, out, err } = run(command(lab, verb, &["--yes"])).await;
    assert_eq!(code, Some(1), "{out}\n{err}");
    out + &err
}

async fn renewed(lab: &Lab, arguments: &[&str]) -> String {
    let told = pki(lab, "renew", &[&["--yes"], arguments].concat()).await;
    assert_eq!(told.lines().last(), Some(ROTATED), "{told}");
    pki(lab, "verify", &[]).await;
    // Begins only when a write is acknowledged.
    lab.writer().await;
    told
}

/// Over what is there, so that owner and mode stay.
fn write(machine: &Machine, name: &str, text: &str) {
    machine.must(&format!("cat > {CERT}/{name} <<'END'\n{text}END\n"));
}

fn etcds(lab: &Lab) -> Vec<String> {
    lab.machines().iter().map(|machine| machine.must("pgrep -x etcd")).collect()
}

/// The subject of all peers, by which members let each other in. The like for clients is only
/// planned for in a test of its own: etcd 3.4's gateway, which the lab writes through, is shut by it.
const PEER: &str = "etcd-peer";

/// All members start anew with a flag and pairs by which they go by names.
fn let_peers_in_by_name(lab: &Lab) {
    for machine in lab.machines() {
        let peer = lab.peer_authority().leaf(PEER, None, &[machine.address], &[], DAY * 400);
        write_pair(machine, &own(machine), &peer);
        machine.must(&format!(
            "sed -i 's/--peer-client-cert-auth/& --peer-cert-allowed-cn={PEER}/' \
             /etc/systemd/system/etcd.service && systemctl stop etcd"
        ));
    }
    for machine in lab.machines() {
        machine.must("systemctl start --no-block etcd");
    }
}

/// What a member's own pair is called.
fn own(machine: &Machine) -> String {
    let own =
        machine.must(&format!("cd {CERT} && ls {}-name-*.pem | grep -v key", machine.address));
    own.trim().trim_end_matches(".pem").to_owned()
}

fn write_pair(machine: &Machine, name: &str, pair: &Pair) {
    write(machine, &format!("{name}.pem"), &pair.certificate);
    write(machine, &format!("{name}-key.pem"), &pair.key);
}

#[tokio::test]
async fn a_broken_pair_is_repaired_and_a_mixture_is_swept_when_that_is_asked_for() {
    let ages = Ages { authority: DAY * 365 * 4, leaf: DAY * 400 };
    let shape = Shape { ages, timing: Timing::Default, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let [one, two, _] = lab.machines() else { panic!("three masters") };
    let_peers_in_by_name(&lab);
    lab.writer().await;
    pki(&lab, "status", &[]).await;
    pki(&lab, "verify", &[]).await;

    let running = etcds(&lab);
    let stranger = lab.authority().leaf("etcd-server", None, &[two.address], &[], DAY * 365);
    write(two, "etcd-server-key.pem", &stranger.key);
    let told = refused(&lab).await;
    assert!(told.contains("etcd-server-key.pem do not belong together"), "{told}");
    assert!(told.contains("--repair"), "{told}");
    let told = renewed(&lab, &["--repair", "--stop-timeout", "20s"]).await;
    let note = format!("etcd lets in by name (--peer-cert-allowed-cn={PEER}): every certificate");
    assert!(told.contains(&note), "{told}");
    assert_eq!(etcds(&lab), running, "no process was started anew");
    let repaired = files(&lab);
    let told = said_no(&lab, "rollback").await;
    assert!(told.contains("etcd-server-key.pem (public keys "), "{told}");
    assert!(told.contains("did not belong together when the run began"), "{told}");
    assert!(told.contains("doorward pki rollback R1 --reissue"), "{told}");
    assert_same(&repaired, &lab);

    // A script that knows of no overlap made one master new, and died.
    let (ca, peers) = (Authority::new("CA@1", DAY * 900), Authority::new("Peer-CA@1", DAY * 900));
    for (authority, file, name, addresses) in [
        (&ca, "etcd-server", "etcd-server", &[one.address][..]),
        (&ca, "etcd-client", "etcd-client", &[]),
        (&peers, &own(one), PEER, &[one.address]),
    ] {
        write_pair(one, file, &authority.leaf(name, None, addresses, &[], DAY * 400));
    }
    write(one, "ca.pem", &ca.pem);
    write(one, "peer-ca.pem", &peers.pem);
    one.must("systemctl stop etcd; systemctl start --no-block etcd");
    let told = refused(&lab).await;
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
