//! Handshakes and questions over the streams that a host lends.

use rustls_pki_types::pem::PemObject;
use testkit::lab::{Authority, Pair};

use super::*;
use crate::{
    facts::Content,
    site::{Member, MemberStatus},
};

const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn identity(pair: &Pair) -> Identity {
    Identity {
        chain: vec![certificate(&pair.certificate)],
        key: Content::new(pair.key.clone().into_bytes()),
    }
}

fn address(machine: &Machine, port: u16) -> SocketAddr {
    SocketAddr::from((machine.address, port))
}

#[tokio::test]
async fn a_handshake_tells_what_is_presented_and_whom_it_accepts() {
    let Some(bed) = Bed::new().await else { return };
    let files = ["/var/lib/etcd/cert/etcd-server.pem", "/var/lib/etcd/cert/ca.pem"];
    let [server, ca] = files.map(|path| certificate(&bed.machine().must(&format!("cat {path}"))));
    let client_port = address(bed.machine(), 2379);
    let seen = bed.site.handshake(&bed.host, client_port, None, None).await.unwrap();
    assert_eq!(seen.chain, [server]);
    assert_eq!(seen.is_client_trusted, None);
    let (_, ca) = x509_parser::parse_x509_certificate(&ca).unwrap();
    assert_eq!(seen.accepted_authorities, [ca.subject().as_raw()]);
}

#[tokio::test]
async fn both_ports_judge_a_client_by_their_own_authority() {
    let Some(bed) = Bed::new().await else { return };
    let (ours, peers) = (bed.lab.authority(), bed.lab.peer_authority());
    let stranger = Authority::new("CA", DAY);
    let leaf = |authority: &Authority| identity(&authority.leaf("probe", None, &[], &[], DAY));
    let trusts = async |port, client: &Identity| {
        let address = address(bed.machine(), port);
        let seen = bed.site.handshake(&bed.host, address, None, Some(client)).await.unwrap();
        assert_eq!(seen.chain.len(), 1);
        seen.is_client_trusted.unwrap()
    };
    assert!(trusts(2379, &leaf(ours)).await);
    assert!(!trusts(2379, &leaf(peers)).await);
    assert!(!trusts(2379, &leaf(&stranger)).await);
    assert!(trusts(2380, &leaf(peers)).await);
    assert!(!trusts(2380, &leaf(ours)).await);
}

#[tokio::test]
async fn a_leaf_that_changes_is_seen_at_the_next_handshake() {
    let Some(bed) = Bed::new().await else { return };
    let new = bed.lab.authority().leaf("etcd-server", None, &[bed.machine().address], &[], DAY);
    for (name, content) in
        [("etcd-server-key.pem", &new.key), ("etcd-server.pem", &new.certificate)]
    {
        let seen = bed.read(&format!("/var/lib/etcd/cert/{name}")).await;
        let file = FileWrite {
            path: seen.path,
            content: Content::new(content.clone().into_bytes()),
            attributes: seen.attributes,
            keep_time: false,
        };
        bed.site.write(&bed.host, &file).await.unwrap();
    }
    let seen =
        bed.site.handshake(&bed.host, address(bed.machine(), 2379), None, None).await.unwrap();
    assert_eq!(seen.chain, [certificate(&new.certificate)]);
}

#[tokio::test]
async fn where_nothing_listens_or_no_tls_is_spoken_is_told() {
    let Some(bed) = Bed::new().await else { return };
    let error = async |port| {
        let address = address(bed.machine(), port);
        bed.site.handshake(&bed.host, address, None, None).await.unwrap_err().to_string()
    };
    let nothing = error(4).await;
    assert!(nothing.contains("Connection refused"), "{nothing}");
    let ssh = error(22).await;
    assert!(ssh.contains("speaks no TLS"), "{ssh}");
}

#[tokio::test]
async fn etcd_answers_what_a_rotation_asks() {
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    let site = Ssh::new(&inventory(&lab)).unwrap();
    let client = identity(lab.client());
    let roots = [certificate(&lab.authority().pem)];
    let ask = async |machine: &Machine, ask| {
        let host = HostName(machine.name.clone());
        site.etcd(&host, address(machine, 2379), &client, &roots, ask).await
    };
    let [one, two, _] = lab.machines() else { panic!("three masters") };
    assert_eq!(ask(one, EtcdAsk::Health).await, Ok(EtcdAnswer::Done));
    assert_eq!(ask(one, EtcdAsk::Alarms).await, Ok(EtcdAnswer::Alarms(Vec::new())));
    let Ok(EtcdAnswer::Members { cluster, members }) = ask(one, EtcdAsk::Members).await else {
        panic!("no members")
    };
    let member = |machine: &Machine| -> &Member {
        let url = format!("https://{}:2379", machine.address);
        members.iter().find(|member| member.client_urls == [url.clone()]).unwrap()
    };
    assert_eq!(members.len(), 3);
    assert_eq!(member(two).name, format!("{}-name-2", two.address));

    let status = async |machine| -> MemberStatus {
        let Ok(EtcdAnswer::Status(status)) = ask(machine, EtcdAsk::Status).await else {
            panic!("no status")
        };
        status
    };
    let before = status(one).await;
    assert_eq!((before.cluster, before.member), (cluster, member(one).id));
    assert!(before.version.starts_with("3.") && before.applied > 0 && !before.is_learner);
    let leader = lab.machines().iter().find(|m| member(m).id == before.leader).unwrap();
    let other = lab.machines().iter().find(|m| member(m).id != before.leader).unwrap();
    let to = member(other).id;
    let refused = ask(other, EtcdAsk::MoveLeader { to }).await.unwrap_err().to_string();
    assert!(refused.contains("not leader"), "{refused}");
    assert_eq!(ask(leader, EtcdAsk::MoveLeader { to }).await, Ok(EtcdAnswer::Done));
    testkit::wait_until(testkit::LIMIT, || async { status(one).await.leader == to }).await;
    assert!(status(one).await.term > before.term);

    let file = lab.folder().join("snapshot.db");
    let ask_snapshot = EtcdAsk::Snapshot { to: file.clone() };
    let Ok(EtcdAnswer::Snapshot { bytes, digest }) = ask(one, ask_snapshot).await else {
        panic!("no snapshot")
    };
    let content = std::fs::read(&file).unwrap();
    assert_eq!((bytes, digest), (content.len() as u64, Content::new(content).digest()));
}

#[tokio::test]
async fn etcd_is_believed_only_with_a_certificate_of_the_roots_and_says_whom_it_refuses() {
    let Some(bed) = Bed::new().await else { return };
    let at = address(bed.machine(), 2379);
    let ask = async |client: &Pair, roots: &[CertificateDer<'static>]| {
        let client = identity(client);
        bed.site.etcd(&bed.host, at, &client, roots, EtcdAsk::Health).await
    };
    let client = bed.lab.client();
    assert_eq!(ask(client, &[]).await, Ok(EtcdAnswer::Done));
    let peers = [certificate(&bed.lab.peer_authority().pem)];
    let error = ask(client, &peers).await.unwrap_err();
    assert!(
        matches!(&error, SiteError::Refused { why, .. } if why.contains("UnknownIssuer")),
        "{error}"
    );
    let stranger = Authority::new("CA", DAY).leaf("etcd-client", None, &[], &[], DAY);
    let error = ask(&stranger, &[]).await.unwrap_err();
    let SiteError::Refused { why, .. } = &error else { panic!("{error:?}") };
    assert!(why.contains("it refuses our certificate"), "{why}");
}

#[tokio::test]
async fn etcd_without_quorum_is_not_healthy() {
    let Some(lab) = Lab::start(Shape { masters: 2, ..Shape::default() }).await else { return };
    let site = Ssh::new(&inventory(&lab)).unwrap();
    let [one, two] = lab.machines() else { panic!("two masters") };
    two.must("systemctl stop etcd");
    let client = identity(lab.client());
    let host = HostName(one.name.clone());
    let at = address(one, 2379);
    let error = site.etcd(&host, at, &client, &[], EtcdAsk::Health).await.unwrap_err();
    assert!(error.to_string().contains("etcdserver: request timed out"), "{error}");
}

#[tokio::test]
async fn the_api_server_is_asked_as_its_clients_ask() {
    let shape = Shape { masters: 1, has_api_servers: true, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let site = Ssh::new(&inventory(&lab)).unwrap();
    let machine = &lab.machines()[0];
    let host = HostName(machine.name.clone());
    let at = address(machine, 6443);
    let file = |name| machine.must(&format!("cat /etc/kubernetes/pki/{name}"));
    let known = identity(&Pair {
        certificate: file("apiserver-kubelet-client.crt"),
        key: file("apiserver-kubelet-client.key"),
    });
    let request = |method, path: &str, content_type| HttpAsk {
        method,
        path: path.to_owned(),
        accept: None,
        content_type,
        body: "{}".to_owned(),
    };
    let read = request("GET", "/api/v1/namespaces/kube-system", None);
    let (status, body) = site.https(&host, at, Some(&known), read.clone()).await.unwrap();
    assert_eq!((status, body.contains("kube-system")), (200, true));
    let object = "/api/v1/namespaces/kube-system/configmaps/pki-probe";
    let patch = request("PATCH", object, Some("application/merge-patch+json"));
    assert_eq!(site.https(&host, at, Some(&known), patch).await.unwrap().0, 404);
    assert_eq!(site.https(&host, at, None, read).await.unwrap().0, 403);

    let trusts = async |client: &Identity| {
        site.handshake(&host, at, None, Some(client)).await.unwrap().is_client_trusted
    };
    assert_eq!(trusts(&known).await, Some(true));
    assert_eq!(trusts(&identity(lab.client())).await, Some(false));

    let survey = site.survey(&host).await.unwrap();
    let found = survey.processes.iter().find(|(program, _)| *program == Program::KubeApiserver);
    let (_, process) = found.unwrap();
    assert_eq!(process.arguments[0], "/usr/local/bin/kube-apiserver");
}

#[tokio::test]
async fn an_sshd_that_forbids_forwarding_is_told_with_the_cure() {
    let Some(bed) = Bed::new().await else { return };
    let config = bed.lab.folder().join("sshd_config");
    let open = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, open + "AllowTcpForwarding no\n").unwrap();
    bed.machine().cut();
    let at = address(bed.machine(), 2379);
    let error = testkit::wait_for(testkit::LIMIT, || async {
        let error = bed.site.handshake(&bed.host, at, None, None).await.unwrap_err();
        matches!(error, SiteError::Refused { .. }).then_some(error)
    })
    .await;
    assert!(error.to_string().contains("AllowTcpForwarding"), "{error}");
}
