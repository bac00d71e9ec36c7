use std::path::PathBuf;

use jiff::SignedDuration;

use crate::{
    Facts, Finding, HostFacts, Program, Purpose, Reread, Trust,
    component::Port,
    example::{Ack, DIRECTORY, TestCa, file, healthy, host, kubeadm::Kubeadm},
    facts::{Handshake, Served},
    health::{Health, MemberHealth},
    inventory::Layout,
    plan::{Mode, Plan, Wish, decide},
    site::{Member, Room},
};

struct Cluster {
    facts: Facts,
    health: Health,
    wish: Wish,
}

fn cluster() -> Cluster {
    let facts = Ack::default().facts();
    Cluster { health: healthy(&facts), facts, wish: Wish::default() }
}

impl Cluster {
    fn host(&mut self, number: usize) -> &mut HostFacts {
        self.facts.hosts.get_mut(&host(number)).expect("a host")
    }

    fn member(&mut self, number: usize) -> &mut MemberHealth {
        let member = self.health.members.get_mut(&host(number)).expect("a member");
        member.as_mut().expect("healthy")
    }

    fn decide(&self) -> Result<Plan, Vec<Finding>> {
        decide(&self.facts, &self.health, &self.wish)
    }

    fn refused(&self) -> String {
        let findings = self.decide().expect_err("refused");
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    fn notes(&self) -> String {
        self.decide().expect("a plan").notes.join("\n")
    }
}

#[test]
fn one_master_unreachable_before_start() {
    let mut cluster = cluster();
    cluster.host(3).unreached = Some("SSH refused".into());
    assert_eq!(
        cluster.refused(),
        "master-3: SSH refused. Nothing was changed. A CA cannot be rotated with a master missing: \
         it would be locked out. Fix SSH, or --exclude master-3 with its consequences."
    );
    cluster.wish.exclude.push(host(3));
    let plan = cluster.decide().expect("a plan");
    assert_eq!(plan.pending, [host(3)]);
    assert!(plan.notes[0].starts_with("master-3 is left out"), "{:?}", plan.notes);
    assert!(!plan.to_string().contains("lock master-3"));
}

#[test]
fn a_member_on_a_host_that_is_not_in_the_inventory() {
    let mut cluster = cluster();
    let peer_urls = vec!["https://10.0.0.4:2380".to_owned()];
    let fourth = Member { id: 9, name: "m4".into(), peer_urls, ..Member::default() };
    for number in 1..=3 {
        cluster.member(number).members.push(fourth.clone());
    }
    let told = "etcd has 4 members, and the inventory has hosts of 3 only; not found: m4 \
                (https://10.0.0.4:2380). Who is missing would be locked out.";
    assert!(cluster.refused().starts_with(told), "{}", cluster.refused());

    cluster.wish.allow_degraded = true;
    assert!(cluster.notes().contains(told), "{}", cluster.notes());
    cluster.wish.allow_degraded = false;
    // Who is not found may be the one on a host that says nothing, which is told of for itself.
    for number in 1..=2 {
        cluster.member(number).members.pop();
    }
    let silent = cluster.health.members.get_mut(&host(3)).expect("a member");
    *silent = Err("connection refused".into());
    assert!(!cluster.refused().contains("has hosts of"), "{}", cluster.refused());
}

#[test]
fn where_nobody_can_be_asked_that_is_the_reason() {
    let mut cluster = cluster();
    for number in 1..=3 {
        let why = Some("no SSH to it: Connection refused".into());
        *cluster.host(number) = HostFacts { unreached: why, ..HostFacts::default() };
    }
    let text = cluster.refused();
    assert!(text.starts_with("master-1: no SSH to it: Connection refused. Fix SSH"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn a_host_that_is_left_out_must_be_one_of_the_inventorys() {
    let mut cluster = cluster();
    cluster.wish.exclude.push(host(9));
    assert_eq!(
        cluster.refused(),
        "--exclude master-9: the inventory has no such host; it has master-1, master-2, master-3"
    );
}

#[test]
fn expired_with_two_of_three_reachable_goes_on_and_with_one_does_not() {
    let facts = Ack { ca_days: -3, ..Ack::default() }.facts();
    let mut cluster = Cluster { health: Health::default(), facts, wish: Wish::default() };
    cluster.host(3).unreached = Some("SSH refused".into());
    cluster.host(3).components.clear();
    let plan = cluster.decide().expect("a plan");
    assert_eq!((plan.mode, plan.pending), (Mode::Sweep, vec![host(3)]));

    cluster.host(2).unreached = Some("SSH refused".into());
    cluster.host(2).components.clear();
    let text = cluster.refused();
    assert!(text.contains("only 1 of 3 members can be reached"), "{text}");
}

#[test]
fn no_sweep_leaves_a_host_behind_that_still_works_with_the_others() {
    let mut cluster = cluster();
    let stranger = TestCa::new("Peer-CA", &Ack::default());
    let path = format!("{DIRECTORY}/peer-ca.pem");
    cluster.host(1).files.insert(path.clone().into(), file(&path, &stranger.pem));
    cluster.wish.mode = Some(Mode::Sweep);
    assert_eq!(cluster.decide().expect("a plan").mode, Mode::Sweep);
    cluster.host(3).unreached = Some("SSH refused".into());
    let text = cluster.refused();
    assert!(text.contains("A CA cannot be rotated with a master missing"), "{text}");
}

#[test]
fn a_clock_that_is_off() {
    let mut cluster = cluster();
    cluster.host(2).clock_ahead = SignedDuration::from_secs(-613);
    assert_eq!(
        cluster.refused(),
        "master-2: its clock is 613 s behind. A new certificate may be \"not yet valid\" there. Set \
         the clock (NTP), or raise --max-skew"
    );
    cluster.host(2).clock_ahead = SignedDuration::from_secs(7);
    assert!(cluster.notes().contains("master-2: its clock is 7 s ahead."));
    cluster.host(2).clock_ahead = SignedDuration::from_secs(613);
    cluster.wish.max_skew = Some(std::time::Duration::from_secs(700));
    cluster.decide().expect("as allowed");
}

#[test]
fn a_member_that_is_down() {
    let mut cluster = cluster();
    let why = "exit 1, \"no such file\"".to_owned();
    cluster.health.members.insert(host(3), Err(why));
    assert_eq!(
        cluster.refused(),
        "etcd master-3 is down (exit 1, \"no such file\"). Restarting another would leave 1 of 3. \
         Repair it first."
    );
    cluster.wish.allow_degraded = true;
    assert!(cluster.notes().contains("Restarting another would leave 1 of 3."));
}

/// What is wrong with a member, and what must be said of it.
type Sickness = (fn(&mut MemberHealth), &'static str);

#[test]
fn a_cluster_that_is_not_well_is_told_by_name() {
    let sick: [Sickness; 5] = [
        (|member| member.alarms.push("NOSPACE".into()), "master-2: etcd has the alarm NOSPACE"),
        (|member| member.status.is_learner = true, "master-2: etcd is a learner here"),
        (|member| member.status.leader = 0, "master-2: etcd knows no leader"),
        (|member| member.status.index = 5000, "master-2: etcd is 4900 entries behind"),
        (|member| member.status.cluster = 8, "the members of etcd name different clusters (7, 8)"),
    ];
    for (make_sick, part) in sick {
        let mut cluster = cluster();
        make_sick(cluster.member(2));
        let text = cluster.refused();
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn files_that_cannot_be_written() {
    let mut cluster = cluster();
    let path = PathBuf::from(format!("{DIRECTORY}/etcd-server.pem"));
    let seen = cluster.host(1).files.get_mut(&path).expect("a file");
    seen.attributes.fixed = Some("it is immutable (chattr -i takes that away)".into());
    let text = cluster.refused();
    assert!(
        text.starts_with(
            "master-1: /var/lib/etcd/cert/etcd-server.pem: cannot be written: it is immutable"
        ),
        "{text}"
    );

    let mut cluster = self::cluster();
    let seen = cluster.host(1).files.get_mut(&path).expect("a file");
    seen.content = None;
    seen.problem = Some("its link leads nowhere".into());
    let text = cluster.refused();
    assert!(text.contains("etcd-server.pem: its link leads nowhere"), "{text}");

    let mut cluster = self::cluster();
    let seen = cluster.host(1).files.get_mut(&path).expect("a file");
    seen.attributes.hard_links = 2;
    assert!(cluster.notes().contains("has 2 names (hard links)"));
}

#[test]
fn a_full_disk() {
    let mut cluster = cluster();
    let room = Room { bytes: 0, inodes: 100 };
    cluster.health.rooms.insert((host(2), DIRECTORY.into()), room);
    let text = cluster.refused();
    assert!(text.starts_with("master-2: /var/lib/etcd/cert: 0 bytes"), "{text}");
    assert!(text.contains("need 64 KiB"), "{text}");
    assert!(text.contains("Nothing was changed"), "{text}");
}

#[test]
fn a_key_that_is_not_its_certificates() {
    let mut cluster = cluster();
    let other = Ack::default().facts();
    let path = PathBuf::from(format!("{DIRECTORY}/etcd-server-key.pem"));
    let foreign = other.hosts[&host(1)].files[&path].clone();
    cluster.host(2).files.insert(path, foreign);
    let text = cluster.refused();
    assert!(
        text.starts_with(
            "master-2: /var/lib/etcd/cert/etcd-server.pem and \
             /var/lib/etcd/cert/etcd-server-key.pem do not belong together (public keys "
        ),
        "{text}"
    );
    assert!(text.ends_with("or have new ones made with --repair"), "{text}");
    cluster.wish.mode = Some(Mode::Sweep);
    cluster.decide().expect("a sweep makes all anew");
}

#[test]
fn a_process_that_does_not_use_what_lies_there() {
    let mut cluster = cluster();
    let other = Ack::default().facts();
    let chain = |facts: &Facts, name: &str| {
        let path = PathBuf::from(format!("{DIRECTORY}/{name}.pem"));
        let content = facts.hosts[&host(1)].files[&path].content.clone().expect("a file");
        crate::pem::certificates(content.bytes())
    };
    let serve = |leaf: Vec<crate::certificate::Certificate>,
                 trust: Vec<crate::certificate::Certificate>| Served {
        program: Program::Etcd,
        port: Port::Client,
        outcome: Ok(Handshake {
            chain: leaf.into_iter().map(|one| one.der).collect(),
            accepted_authorities: trust.into_iter().map(|one| one.subject_der).collect(),
            is_client_trusted: None,
        }),
    };
    let (leaf, ca) = (chain(&cluster.facts, "etcd-server"), chain(&cluster.facts, "ca"));
    cluster.host(1).served = vec![serve(leaf.clone(), ca.clone())];
    cluster.decide().expect("a plan");

    cluster.host(1).served = vec![serve(chain(&other, "etcd-server"), ca)];
    let text = cluster.refused();
    assert!(
        text.contains("etcd-server.pem: etcd serves another certificate than this one"),
        "{text}"
    );

    let peers = chain(&other, "peer-ca");
    cluster.host(1).served = vec![serve(leaf, peers)];
    let text = cluster.refused();
    assert!(text.contains("ca.pem: etcd was started with other authorities"), "{text}");
}

#[test]
fn what_others_manage_is_theirs() {
    let mut cluster = cluster();
    cluster.host(1).layout = Layout::Rke2;
    let text = cluster.refused();
    assert!(text.contains("rke2 owns these files, and its server is not found here"), "{text}");
    assert!(text.contains("systemctl stop rke2-server; rke2 certificate rotate"), "{text}");
}

#[test]
fn service_account_keys_that_are_the_authoritys() {
    let mut cluster = cluster();
    let ca = TestCa::of(&cluster.facts);
    let public = rcgen::KeyPair::from_pem(&ca.key_pem).expect("a key").public_key_pem();
    let path = "/etc/kubernetes/pki/sa.pub";
    cluster.host(1).files.insert(path.into(), file(path, &public));
    cluster.host(1).components[1].trusts.push(Trust {
        purpose: Purpose::ServiceAccount,
        path: path.into(),
        reread: Reread::AtStart,
    });
    let text = cluster.refused();
    assert!(text.contains("sa key and CA key are the same key"), "{text}");
    assert!(text.contains("would void every service-account token"), "{text}");
}

#[test]
fn one_authority_for_all_of_kubernetes_and_etcd_is_not_changed_for_etcd_alone() {
    let mut cluster = cluster();
    let ca = TestCa::of(&cluster.facts);
    let (leaf, _) = ca.leaf("kube-apiserver", &[], 300);
    let path = "/etc/kubernetes/pki/apiserver.crt";
    cluster.host(1).files.insert(path.into(), file(path, &leaf));
    let text = cluster.refused();
    assert!(
        text.starts_with(
            "\"CA\" also signs 1 other certificates: master-1: /etc/kubernetes/pki/apiserver.crt"
        ),
        "{text}"
    );
    cluster.wish.mode = Some(Mode::SameKey);
    assert!(cluster.notes().contains("they stay good"));
}

#[test]
fn a_single_member_means_a_short_absence() {
    let facts = Ack { masters: 1, ..Ack::default() }.facts();
    let cluster = Cluster { health: healthy(&facts), facts, wish: Wish::default() };
    assert!(cluster.notes().contains("There is one member only"));
}

#[test]
fn a_database_that_is_near_its_quota() {
    let mut cluster = cluster();
    cluster.member(2).status.stored = 1700 << 20;
    let text = "master-2: etcd stores 1700 MiB of the 2048 MiB that it may";
    assert!(cluster.notes().contains(text), "{}", cluster.notes());
    let mut quota = |bytes: u64| {
        let etcd = &mut cluster.host(2).components[0];
        etcd.settings.set("quota-backend-bytes", &bytes.to_string());
        cluster.notes()
    };
    let [none, raised] = [0, 8 << 30].map(&mut quota);
    assert!(none.contains("of the 2048 MiB"), "{none}");
    assert!(!raised.contains("MiB"), "{raised}");
    quota(1 << 30);
    assert!(cluster.notes().contains("of the 1024 MiB"), "{}", cluster.notes());
}

#[test]
fn names_that_etcd_lets_in_are_kept() {
    let mut cluster = cluster();
    for number in 1..=3 {
        let etcd = &mut cluster.host(number).components[0];
        etcd.settings.set("client-cert-allowed-hostname", "etcd-client");
    }
    let plan = cluster.decide().expect("a plan");
    let notes: Vec<_> = plan.notes.iter().filter(|note| note.contains("lets in by name")).collect();
    assert_eq!(
        notes,
        ["etcd lets in by name (--client-cert-allowed-hostname=etcd-client): every certificate \
          keeps its names."]
    );
    let client = plan.leaves.iter().find(|leaf| leaf.id == "etcd-client").expect("a leaf");
    assert_eq!(client.subject, "CN=etcd-client");
}

#[test]
fn labels_that_cannot_be_kept_are_told_where_they_decide() {
    let mut cluster = cluster();
    assert!(!cluster.notes().contains("SELinux"));
    cluster.host(1).is_enforcing = true;
    for file in cluster.host(1).files.values_mut() {
        file.attributes.label = Some("system_u:object_r:cert_t:s0".into());
    }
    assert!(!cluster.notes().contains("SELinux"), "labels are kept");
    let path = PathBuf::from(format!("{DIRECTORY}/ca.pem"));
    cluster.host(1).files.get_mut(&path).expect("a file").attributes.label = None;
    assert!(cluster.notes().contains("/var/lib/etcd/cert/ca.pem shows no label"));
}

#[test]
fn what_others_write_over_is_theirs() {
    let mut cluster = cluster();
    let path = PathBuf::from(format!("{DIRECTORY}/etcd-server.pem"));
    let seen = cluster.host(1).files.get_mut(&path).expect("a file");
    let own = seen.content.clone().expect("content");
    let text = String::from_utf8_lossy(own.bytes()).into_owned();
    let text = format!("# This file is managed by Puppet. Do not edit.\n{text}");
    seen.content = Some(crate::facts::Content::new(text.into_bytes()));
    let text = cluster.refused();
    assert!(text.contains("etcd-server.pem: says that puppet manages it"), "{text}");

    let mut cluster = self::cluster();
    let seen = cluster.host(1).files.get_mut(&path).expect("a file");
    seen.links = vec![(path.clone(), "..data/tls.crt".into())];
    let text = cluster.refused();
    assert!(text.contains("etcd-server.pem: comes from a Secret or ConfigMap"), "{text}");
}

#[test]
fn what_matters_before_a_change_is_told_in_the_plan() {
    let mut cluster = cluster();
    cluster.host(2).cautions.push("etcd.service has no Restart=".into());
    assert!(cluster.notes().contains("master-2: etcd.service has no Restart="));
}

#[test]
fn others_who_hold_the_client_pair_are_listed_and_let_alone() {
    let mut cluster = cluster();
    let ca = TestCa::of(&cluster.facts);
    let certificates = |text: &str| crate::pem::certificates(text.as_bytes());
    let copy = {
        let path = PathBuf::from(format!("{DIRECTORY}/etcd-client.pem"));
        let content = cluster.host(1).files[&path].content.clone().expect("content");
        crate::pem::certificates(content.bytes())
    };
    let own = certificates(&ca.leaf("prometheus", &[], 300).0);
    let stranger = certificates(&TestCa::new("other", &Ack::default()).pem);
    let host = cluster.host(1);
    host.elsewhere.insert("/opt/prometheus/etcd-client.pem".into(), copy);
    host.elsewhere.insert("/srv/backup/prometheus.crt".into(), own);
    host.elsewhere.insert("/root/ca.pem".into(), certificates(&ca.pem));
    host.elsewhere.insert("/etc/other.pem".into(), stranger);
    assert!(
        cluster.notes().contains(
            "master-1: /opt/prometheus/etcd-client.pem, /root/ca.pem, /srv/backup/prometheus.crt \
             hold certificates of the same authorities, are not touched, and will be refused once \
             the old authority goes"
        ),
        "{}",
        cluster.notes()
    );
    let plan = cluster.decide().expect("a plan").to_string();
    assert!(!plan.contains("/opt/prometheus/etcd-client.pem ←"), "{plan}");
    assert!(!plan.contains("/etc/other.pem"), "{plan}");

    cluster.wish.mode = Some(Mode::SameKey);
    let notes = cluster.notes();
    assert!(
        notes.contains("master-1: /opt/prometheus/etcd-client.pem hold certificates")
            && notes.contains("stay good until their own end"),
        "{notes}"
    );
}

#[test]
fn static_pods_without_a_kubelet_are_not_restarted() {
    let facts = Kubeadm { ca_days: 54, ..Kubeadm::default() }.facts();
    let mut cluster = Cluster { health: healthy(&facts), facts, wish: Wish::default() };
    let components = &mut cluster.host(2).components;
    let kubelet = components.iter_mut().find(|one| one.program == Program::Kubelet);
    kubelet.expect("it is there").process = None;
    assert_eq!(
        cluster.refused(),
        "master-2: kubelet does not run, and nothing else starts etcd, kube-apiserver again. \
         Nothing was changed. Start it (systemctl start kubelet), and see first why it ended"
    );
    cluster.wish.mode = Some(Mode::Leaf);
    cluster.decide().expect("no pod is started anew for its leaves alone");
}
