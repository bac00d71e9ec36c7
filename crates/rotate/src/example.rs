//! Clusters as they are found, for tests: three masters in ACK's layout. No test touches a machine.

pub(crate) mod external;
pub(crate) mod kubeadm;
pub(crate) mod rancher;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};

use crate::{
    Component, Endpoint, Facts, FileSeen, HostFacts, HostName, Pair, Process, Program, Purpose,
    Reread, RunBy, Trust,
    component::Port,
    facts::{Attributes, Content},
    health::{Health, MemberHealth},
    settings::Settings,
    site::{Member, MemberStatus},
};

pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const DIRECTORY: &str = "/var/lib/etcd/cert";
pub(crate) const KUBERNETES: &str = "/etc/kubernetes/pki/etcd";

pub(crate) fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().expect("a time")
}

/// What the cluster is like; the default is healthy, with CAs that end in 50 days, as five years
/// after its making.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub masters: usize,
    pub ca_days: i64,
    pub leaf_days: i64,
    pub has_ca_keys: bool,
    pub path_length: Option<u8>,
    /// One CA for clients and peers.
    pub one_ca: bool,
}

impl Default for Ack {
    fn default() -> Self {
        Self {
            masters: 3,
            ca_days: 50,
            leaf_days: 45 * 365,
            has_ca_keys: true,
            path_length: None,
            one_ca: false,
        }
    }
}

pub(crate) fn host(number: usize) -> HostName {
    HostName(format!("master-{number}"))
}

pub(crate) fn address(number: usize) -> String {
    format!("10.0.0.{number}")
}

impl Ack {
    pub(crate) fn facts(&self) -> Facts {
        let ca = TestCa::new("CA", self);
        let peer_ca = match self.one_ca {
            true => ca.clone(),
            false => TestCa::new("Peer-CA", self),
        };
        let addresses: Vec<String> = (1..=self.masters).map(address).collect();
        let mut server_names = addresses.clone();
        server_names.push("ext1.example.com".into());
        let server = ca.leaf("etcd-server", &server_names, self.leaf_days);
        let client = ca.leaf("etcd-client", &[], self.leaf_days);
        let hosts = (1..=self.masters).map(|number| {
            let member = format!("{}-name-{number}", address(number));
            let peer = peer_ca.leaf(
                &member,
                &[address(number), format!("{member}.local")],
                self.leaf_days,
            );
            let mut facts =
                HostFacts { components: components(number, &member), ..HostFacts::default() };
            let mut add = |path: &str, content: &str| {
                facts.files.insert(path.into(), file(path, content));
            };
            let client_files = [("etcd-client.pem", &client.0), ("etcd-client-key.pem", &client.1)];
            for directory in [DIRECTORY, KUBERNETES] {
                add(&format!("{directory}/ca.pem"), &ca.pem);
                for (name, content) in client_files {
                    add(&format!("{directory}/{name}"), content);
                }
            }
            add(&format!("{DIRECTORY}/peer-ca.pem"), &peer_ca.pem);
            add(&format!("{DIRECTORY}/etcd-server.pem"), &server.0);
            add(&format!("{DIRECTORY}/etcd-server-key.pem"), &server.1);
            add(&format!("{DIRECTORY}/{member}.pem"), &peer.0);
            add(&format!("{DIRECTORY}/{member}-key.pem"), &peer.1);
            if self.has_ca_keys {
                for (name, authority) in [("ca", &ca), ("peer-ca", &peer_ca)] {
                    add(&format!("{DIRECTORY}/{name}-key.pem"), &authority.key_pem);
                    let path = |end: &str| PathBuf::from(format!("{DIRECTORY}/{name}{end}.pem"));
                    facts.authority_keys.insert(path(""), path("-key"));
                }
            }
            (host(number), facts)
        });
        Facts { now: now(), hosts: hosts.collect() }
    }
}

pub(crate) fn file(path: &str, content: &str) -> FileSeen {
    FileSeen {
        path: path.into(),
        links: Vec::new(),
        target: path.into(),
        attributes: Attributes { mode: 0o600, hard_links: 1, ..Attributes::default() },
        content: Some(Content::new(content.as_bytes().to_vec())),
        problem: None,
    }
}

pub(crate) fn process(pid: u32, arguments: &[&str]) -> Process {
    Process {
        pid,
        arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
        environment: BTreeMap::new(),
        working_directory: "/var/lib/etcd".into(),
        uid: 0,
        gid: 0,
        started: now() - DAY * 30,
        is_contained: false,
        group: "/".into(),
    }
}

fn components(number: usize, member: &str) -> Vec<Component> {
    let at = |name: &str| PathBuf::from(format!("{DIRECTORY}/{name}"));
    let copy = |name: &str| PathBuf::from(format!("{KUBERNETES}/{name}"));
    let endpoint = |port, number_of_port: u16| Endpoint {
        port,
        address: format!("{}:{number_of_port}", address(number)).parse().expect("an address"),
        is_plain: false,
    };
    let pair = |purpose, certificate: PathBuf, key: PathBuf, reread| Pair {
        purpose,
        certificate,
        key,
        reread,
    };
    let etcd = Component {
        host: host(number),
        program: Program::Etcd,
        run_by: RunBy::Systemd { unit: "etcd.service".into() },
        process: Some(process(100, &["etcd"])),
        endpoints: vec![endpoint(Port::Client, 2379), endpoint(Port::Peer, 2380)],
        trusts: vec![
            Trust { purpose: Purpose::EtcdServer, path: at("ca.pem"), reread: Reread::AtStart },
            Trust { purpose: Purpose::EtcdPeer, path: at("peer-ca.pem"), reread: Reread::AtStart },
        ],
        pairs: vec![
            pair(
                Purpose::EtcdServer,
                at("etcd-server.pem"),
                at("etcd-server-key.pem"),
                Reread::Always,
            ),
            pair(
                Purpose::EtcdPeer,
                at(&format!("{member}.pem")),
                at(&format!("{member}-key.pem")),
                Reread::Always,
            ),
            pair(
                Purpose::EtcdClient,
                at("etcd-client.pem"),
                at("etcd-client-key.pem"),
                Reread::Never,
            ),
        ],
        kubeconfigs: Vec::new(),
        settings: Settings::default(),
        found_in: "the unit etcd.service".into(),
    };
    let apiserver = Component {
        host: host(number),
        program: Program::KubeApiserver,
        run_by: RunBy::StaticPod {
            manifest: "/etc/kubernetes/manifests/kube-apiserver.yaml".into(),
            container: "kube-apiserver".into(),
        },
        process: Some(process(200, &["kube-apiserver"])),
        endpoints: vec![endpoint(Port::Client, 6443)],
        trusts: vec![Trust {
            purpose: Purpose::ApiserverEtcd,
            path: copy("ca.pem"),
            reread: Reread::AtStart,
        }],
        pairs: vec![pair(
            Purpose::ApiserverEtcd,
            copy("etcd-client.pem"),
            copy("etcd-client-key.pem"),
            Reread::Always,
        )],
        kubeconfigs: Vec::new(),
        settings: Settings::default(),
        found_in: "its static pod".into(),
    };
    vec![etcd, apiserver]
}

/// A CA of a test, with its key.
#[derive(Clone)]
pub(crate) struct TestCa {
    params: CertificateParams,
    pub pem: String,
    pub key_pem: String,
}

impl TestCa {
    pub(crate) fn new(name: &str, like: &Ack) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, (like.ca_days - 5 * 365).min(-30), like.ca_days);
        params.is_ca = IsCa::Ca(match like.path_length {
            Some(length) => BasicConstraints::Constrained(length),
            None => BasicConstraints::Unconstrained,
        });
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).expect("a CA").pem();
        Self { params, pem, key_pem: key.serialize_pem() }
    }

    /// The authority "CA" of a cluster.
    pub(crate) fn of(facts: &Facts) -> Self {
        let read = |name: &str| {
            let file =
                &facts.hosts[&host(1)].files[&PathBuf::from(format!("{DIRECTORY}/{name}.pem"))];
            let content = file.content.as_ref().expect("content");
            String::from_utf8(content.bytes().to_vec()).expect("text")
        };
        Self::held("CA", &read("ca"), &read("ca-key"))
    }

    /// The one whose files these are.
    pub(crate) fn held(name: &str, pem: &str, key_pem: &str) -> Self {
        Self { params: params(name, 0, 1), pem: pem.to_owned(), key_pem: key_pem.to_owned() }
    }

    /// Issued anew with its own key.
    pub(crate) fn again(&self, days: i64) -> Self {
        let key = KeyPair::from_pem(&self.key_pem).expect("its key");
        let mut params = params("CA", -1, days);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).expect("a CA").pem();
        Self { params, pem, key_pem: self.key_pem.clone() }
    }

    /// Certificate and key; without names for a client.
    pub(crate) fn leaf(&self, name: &str, names: &[String], days: i64) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, days.min(0) - 365, days);
        params.subject_alt_names = names.iter().map(|name| alternative_name(name)).collect();
        params.use_authority_key_identifier_extension = true;
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let own = KeyPair::from_pem(&self.key_pem).expect("its key");
        let issuer = Issuer::from_params(&self.params, own);
        let pem = params.signed_by(&key, &issuer).expect("a leaf").pem();
        (pem, key.serialize_pem())
    }
}

fn params(name: &str, from_days: i64, until_days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from_slice(&[7, 7, 7]));
    let at = |days: i64| {
        let seconds = (now() + DAY * i32::try_from(days).expect("days")).as_second();
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.try_into().expect("after 1970"))
    };
    (params.not_before, params.not_after) = (at(from_days), at(until_days));
    params
}

fn alternative_name(name: &str) -> SanType {
    match name.parse() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.try_into().expect("a DNS name")),
    }
}

/// Every member answers, and the last one leads.
pub(crate) fn healthy(facts: &Facts) -> Health {
    let is_etcd = |component: &Component| component.program == Program::Etcd;
    let hosts = facts.hosts.iter().filter(|(_, host)| host.components.iter().any(is_etcd));
    let hosts: Vec<&HostName> = hosts.map(|(name, _)| name).collect();
    let members: Vec<Member> = (1..=hosts.len() as u64)
        .map(|id| Member { id, name: format!("m{id}"), ..Member::default() })
        .collect();
    let status = |member| MemberStatus {
        cluster: 7,
        member,
        leader: hosts.len() as u64,
        term: 2,
        index: 100,
        applied: 100,
        revision: 50,
        version: "3.4.23".into(),
        ..MemberStatus::default()
    };
    let member = |(index, host): (usize, &&HostName)| {
        let health = MemberHealth {
            status: status(index as u64 + 1),
            members: members.clone(),
            alarms: Vec::new(),
        };
        ((*host).clone(), Ok(health))
    };
    Health { members: hosts.iter().enumerate().map(member).collect(), ..Health::default() }
}
