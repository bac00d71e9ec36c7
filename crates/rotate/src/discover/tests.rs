mod candidates;
mod settings;
mod units;

use std::collections::BTreeMap;

use super::*;
use crate::{
    Endpoint, HostName, Process,
    component::Port,
    example::{self, Ack, DIRECTORY, KUBERNETES, file},
    inventory::{Override, Role},
    site::Unit,
};

/// A host and what it answers.
struct Machine {
    host: Host,
    layout: Layout,
    survey: Survey,
    files: Files,
    listings: Listings,
}

impl Machine {
    fn new() -> Self {
        let host = Host {
            name: HostName("master-1".into()),
            address: "10.0.0.1".into(),
            port: None,
            roles: [Role::Etcd, Role::ControlPlane].into(),
            state_dir: "/var/lib/pki".into(),
            overrides: BTreeMap::new(),
        };
        let (survey, files, listings) = Default::default();
        Self { host, layout: Layout::Auto, survey, files, listings }
    }

    fn runs(mut self, program: Program, process: Process) -> Self {
        self.survey.processes.push((program, process));
        self
    }

    fn unit(mut self, name: &str, properties: &[(&str, &str)]) -> Self {
        let properties = properties.iter().map(|&(name, value)| (name.into(), value.into()));
        self.survey.units.push(Unit { name: name.into(), properties: properties.collect() });
        self
    }

    fn manifest(mut self, path: &str, text: &str) -> Self {
        self.survey.manifests.push((path.into(), text.into()));
        self
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), file(path, text));
        self
    }

    fn listed(mut self, folder: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.listings.insert(folder.into(), names);
        self
    }

    fn says(mut self, program: Program, said: Override) -> Self {
        self.host.overrides.insert(program, said);
        self
    }

    fn look(&self) -> Look<'_> {
        let Self { host, layout, survey, files, listings } = self;
        Look { host, layout: *layout, survey, files, listings }
    }

    fn component(&self, program: Program) -> Component {
        programs(&self.look())
            .components
            .into_iter()
            .find(|found| found.program == program)
            .expect("it was found")
    }

    fn layout(&self) -> Layout {
        layout::of(&programs(&self.look()).components, &self.survey, &self.listings)
    }
}

fn etcd_process(arguments: &str) -> Process {
    example::process(77, &arguments.split_whitespace().collect::<Vec<_>>())
}

fn trust(found: &Component, purpose: Purpose) -> &Path {
    &found.trusts.iter().find(|trust| trust.purpose == purpose).expect("it is told").path
}

fn pair(found: &Component, purpose: Purpose) -> (&Path, &Path) {
    let pair = found.pairs.iter().find(|pair| pair.purpose == purpose).expect("it is told");
    (&pair.certificate, &pair.key)
}

fn endpoints(found: &Component) -> Vec<(Port, String)> {
    let text = |endpoint: &Endpoint| (endpoint.port, endpoint.address.to_string());
    found.endpoints.iter().map(text).collect()
}

const ACK_FLAGS: &str = "/usr/bin/etcd --data-dir=data.etcd --client-cert-auth \
    --trusted-ca-file=/var/lib/etcd/cert/ca.pem --cert-file=/var/lib/etcd/cert/etcd-server.pem \
    --key-file=/var/lib/etcd/cert/etcd-server-key.pem --peer-client-cert-auth \
    --peer-trusted-ca-file=/var/lib/etcd/cert/peer-ca.pem \
    --peer-cert-file=/var/lib/etcd/cert/10.0.0.1-name-1.pem \
    --peer-key-file=/var/lib/etcd/cert/10.0.0.1-name-1-key.pem \
    --listen-client-urls https://10.0.0.1:2379 --listen-peer-urls https://10.0.0.1:2380";

#[test]
fn acks_etcd_tells_its_files_on_its_command_line() {
    let machine = Machine::new()
        .runs(Program::Etcd, etcd_process(ACK_FLAGS))
        .unit("etcd.service", &[("MainPID", "77")]);
    let etcd = machine.component(Program::Etcd);
    assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/var/lib/etcd/cert/ca.pem"));
    assert_eq!(trust(&etcd, Purpose::EtcdPeer), Path::new("/var/lib/etcd/cert/peer-ca.pem"));
    let (certificate, key) = pair(&etcd, Purpose::EtcdPeer);
    assert_eq!(certificate, Path::new("/var/lib/etcd/cert/10.0.0.1-name-1.pem"));
    assert_eq!(key, Path::new("/var/lib/etcd/cert/10.0.0.1-name-1-key.pem"));
    assert_eq!(
        endpoints(&etcd),
        [(Port::Client, "10.0.0.1:2379".into()), (Port::Peer, "10.0.0.1:2380".into())]
    );
    assert_eq!(etcd.run_by, RunBy::Systemd { unit: "etcd.service".into() });
    assert_eq!(etcd.found_in, "the unit etcd.service");
    assert_eq!(machine.layout(), Layout::Ack);
}

#[test]
fn variables_stand_below_flags_and_relative_paths_begin_where_the_process_is() {
    let mut process = etcd_process("etcd --cert-file pki/flag.pem --key-file pki/flag.key");
    let variables = [
        ("ETCD_CERT_FILE", "/env/unused.pem"),
        ("ETCD_TRUSTED_CA_FILE", "pki/ca.pem"),
        ("ETCD_LISTEN_CLIENT_URLS", "https://0.0.0.0:2379,http://127.0.0.1:2381"),
    ];
    process.environment =
        variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let etcd = Machine::new().runs(Program::Etcd, process).component(Program::Etcd);
    let (certificate, _) = pair(&etcd, Purpose::EtcdServer);
    assert_eq!(certificate, Path::new("/var/lib/etcd/pki/flag.pem"));
    assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/var/lib/etcd/pki/ca.pem"));
    assert_eq!(etcd.endpoints[0].address.to_string(), "127.0.0.1:2379");
    assert!(etcd.endpoints[1].is_plain);
    assert_eq!(etcd.run_by, RunBy::Unknown);
}

#[test]
fn a_configuration_file_stands_instead_of_etcds_flags() {
    let machine = Machine::new()
        .runs(Program::Etcd, etcd_process("etcd --config-file=/etc/etcd.yml --cert-file=/not/heeded.pem"))
        .file(
            "/etc/etcd.yml",
            "name: a\nlisten-client-urls: https://10.0.0.1:2379\nclient-transport-security:\n  cert-file: /data/etcd/pki/server.crt\n  key-file: /data/etcd/pki/server.key\n  client-cert-auth: true\n  trusted-ca-file: /data/etcd/pki/ca.crt\npeer-transport-security: {trusted-ca-file: /data/etcd/pki/peer-ca.crt}\n",
        );
    assert!(machine.look().configuration_files().contains(&"/etc/etcd.yml".into()));
    let etcd = machine.component(Program::Etcd);
    assert_eq!(pair(&etcd, Purpose::EtcdServer).0, Path::new("/data/etcd/pki/server.crt"));
    assert_eq!(trust(&etcd, Purpose::EtcdPeer), Path::new("/data/etcd/pki/peer-ca.crt"));
    assert_eq!(etcd.found_in, "--config-file /etc/etcd.yml");
    assert_eq!(machine.layout(), Layout::Custom);
}

const ETCD_POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system}
spec:
  containers:
  - name: etcd
    command: [etcd, --cert-file=/pki/server.crt, --key-file=/pki/server.key, --trusted-ca-file=/ca/bundle.crt,
      '--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2379', '--listen-metrics-urls=http://127.0.0.1:2381']
    volumeMounts: [{name: certs, mountPath: /pki}, {name: ca, mountPath: /ca, subPath: ca}]
  volumes:
  - {name: certs, hostPath: {path: /etc/kubernetes/pki/etcd}}
  - {name: ca, hostPath: {path: /srv}}
";

#[test]
fn a_static_pods_paths_are_called_as_on_the_host_whether_it_runs_or_not() {
    let stopped = Machine::new().manifest("/etc/kubernetes/manifests/etcd.yaml", ETCD_POD);
    let mut process = etcd_process(
        "etcd --cert-file=/pki/server.crt --key-file=/pki/server.key --trusted-ca-file=/ca/bundle.crt \
         --listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2379",
    );
    (process.is_contained, process.working_directory) = (true, "/".into());
    let running = Machine::new()
        .manifest("/etc/kubernetes/manifests/etcd.yaml", ETCD_POD)
        .runs(Program::Etcd, process);
    for machine in [stopped, running] {
        let etcd = machine.component(Program::Etcd);
        let (certificate, key) = pair(&etcd, Purpose::EtcdServer);
        assert_eq!(certificate, Path::new("/etc/kubernetes/pki/etcd/server.crt"));
        assert_eq!(key, Path::new("/etc/kubernetes/pki/etcd/server.key"));
        assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/srv/ca/bundle.crt"));
        assert_eq!(etcd.found_in, "the static pod /etc/kubernetes/manifests/etcd.yaml");
        assert!(matches!(&etcd.run_by, RunBy::StaticPod { container, .. } if container == "etcd"));
        assert_eq!(machine.layout(), Layout::Kubeadm);
    }
}

#[test]
fn a_unit_tells_what_it_would_start() {
    let machine = Machine::new()
        .unit(
            "etcd.service",
            &[
                ("ExecStart", "{ path=/opt/bin/etcd ; argv[]=/opt/bin/etcd --cert-file=${PKI}/server.crt $MORE ; ignore_errors=no ; pid=0 }"),
                ("Environment", "PKI=/etc/etcd/pki"),
                ("EnvironmentFiles", "/etc/etcd/etcd.env (ignore_errors=no)"),
                ("MainPID", "0"),
            ],
        )
        .file("/etc/etcd/etcd.env", "# etcd\nMORE=--key-file=/etc/etcd/pki/server.key\nETCD_TRUSTED_CA_FILE=\"/etc/etcd/pki/ca.crt\"\n");
    assert!(machine.look().configuration_files().contains(&"/etc/etcd/etcd.env".into()));
    let etcd = machine.component(Program::Etcd);
    assert_eq!(etcd.process, None);
    let (certificate, key) = pair(&etcd, Purpose::EtcdServer);
    assert_eq!(certificate, Path::new("/etc/etcd/pki/server.crt"));
    assert_eq!(key, Path::new("/etc/etcd/pki/server.key"));
    assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/etc/etcd/pki/ca.crt"));
    assert_eq!(machine.layout(), Layout::Etcdadm);
}

#[test]
fn where_nothing_runs_the_layouts_folder_is_looked_into() {
    let names = ["10.0.0.1-name-1-key.pem", "10.0.0.1-name-1.pem", "10.0.0.2-name-2.pem", "ca.pem"];
    let machine = Machine::new().listed("/var/lib/etcd/cert", &names);
    let etcd = machine.component(Program::Etcd);
    let (certificate, key) = pair(&etcd, Purpose::EtcdPeer);
    assert_eq!(certificate, Path::new("/var/lib/etcd/cert/10.0.0.1-name-1.pem"));
    assert_eq!(key, Path::new("/var/lib/etcd/cert/10.0.0.1-name-1-key.pem"));
    assert_eq!(machine.layout(), Layout::Ack);
}

#[test]
fn what_the_inventory_says_stands_above_what_is_found() {
    let said = Override {
        files: [("trusted-ca-file".to_owned(), "/own/ca.pem".into())].into(),
        stop: Some("stop it".into()),
        start: Some("start it".into()),
        is_running: Some("is it".into()),
        endpoint: Some("https://127.0.0.1:12379".into()),
        ..Override::default()
    };
    let machine = Machine::new()
        .runs(Program::Etcd, etcd_process(ACK_FLAGS))
        .unit("etcd.service", &[("MainPID", "77")])
        .says(Program::Etcd, said);
    let etcd = machine.component(Program::Etcd);
    assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/own/ca.pem"));
    assert_eq!(trust(&etcd, Purpose::EtcdPeer), Path::new("/var/lib/etcd/cert/peer-ca.pem"));
    assert_eq!(endpoints(&etcd)[0], (Port::Client, "127.0.0.1:12379".into()));
    assert!(matches!(&etcd.run_by, RunBy::Commands { start, .. } if start == "start it"));
}

#[test]
fn the_api_server_and_the_kubelet_tell_theirs() {
    let apiserver = "kube-apiserver --advertise-address=10.0.0.1 --client-ca-file=/k/apiserver-ca.crt \
        --tls-cert-file=/k/apiserver.crt --tls-private-key-file=/k/apiserver.key \
        --etcd-cafile=/k/etcd/ca.pem --etcd-certfile=/k/etcd/etcd-client.pem --etcd-keyfile=/k/etcd/etcd-client-key.pem \
        --service-account-key-file=/k/sa.pub --service-account-key-file=/k/old.pub --feature-gates A=true";
    let machine = Machine::new()
        .runs(Program::KubeApiserver, etcd_process(apiserver))
        .runs(
            Program::Kubelet,
            etcd_process("kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf"),
        )
        .file(
            "/var/lib/kubelet/config.yaml",
            "kind: KubeletConfiguration\nauthentication: {x509: {clientCAFile: /k/ca.crt}}\nstaticPodPath: /etc/kubernetes/manifests\n",
        );
    let found = machine.component(Program::KubeApiserver);
    assert_eq!(endpoints(&found), [(Port::Client, "10.0.0.1:6443".into())]);
    assert_eq!(pair(&found, Purpose::ApiserverEtcd).0, Path::new("/k/etcd/etcd-client.pem"));
    let ca = found.trusts.iter().find(|trust| trust.purpose == Purpose::ApiserverEtcd).unwrap();
    assert_eq!(ca.reread, Reread::AtStart, "etcd's CA is read once");
    let accounts =
        found.trusts.iter().filter(|trust| trust.purpose == Purpose::ServiceAccount).count();
    assert_eq!(accounts, 2);
    let kubelet = machine.component(Program::Kubelet);
    assert_eq!(trust(&kubelet, Purpose::KubeletServing), Path::new("/k/ca.crt"));
    assert_eq!(
        pair(&kubelet, Purpose::KubeletServing).0,
        Path::new("/var/lib/kubelet/pki/kubelet.crt")
    );
    assert_eq!(kubelet.kubeconfigs, [PathBuf::from("/etc/kubernetes/kubelet.conf")]);
}

#[test]
fn a_host_without_a_sign_of_what_it_should_run_is_told_of() {
    let Programs { components, notes, .. } = programs(&Machine::new().look());
    assert_eq!(components, []);
    assert!(notes[0].starts_with("no sign of etcd"), "{notes:?}");
    assert!(notes[1].starts_with("no sign of kube-apiserver"), "{notes:?}");
}

#[test]
fn a_kubeconfig_may_name_files() {
    let text = "clusters: [{name: c, cluster: {server: x, certificate-authority: ca.crt}}]\nusers: [{name: u, user: {client-certificate: /p/current.pem, client-key: /p/current.pem}}]";
    let found = references::of(Path::new("/etc/kubernetes/kubelet.conf"), text.as_bytes());
    assert_eq!(found.authorities, [PathBuf::from("/etc/kubernetes/ca.crt")]);
    let current = PathBuf::from("/p/current.pem");
    assert_eq!(found.pairs, [(current.clone(), current)]);
}

/// Facts of an ACK master, as if only flags had been heeded.
fn ack_by_flags() -> Facts {
    let mut facts = Ack::default().facts();
    for host in facts.hosts.values_mut() {
        host.authority_keys.clear();
        for component in &mut host.components {
            component.pairs.retain(|pair| pair.reread != Reread::Never);
        }
    }
    facts
}

#[test]
fn keys_of_authorities_and_pairs_of_people_are_found_beside() {
    let mut facts = ack_by_flags();
    // Trusts the same authority, and signs nothing.
    let seen = facts.hosts.get_mut(&example::host(1)).unwrap();
    let trusted = PathBuf::from(format!("{DIRECTORY}/a-ca.pem"));
    let authority = seen.files[&PathBuf::from(format!("{DIRECTORY}/ca.pem"))].clone();
    seen.files.insert(trusted.clone(), authority);
    beside::add(&mut facts);
    let host = &facts.hosts[&example::host(1)];
    let at = |name: &str| PathBuf::from(format!("{DIRECTORY}/{name}"));
    assert_eq!(host.authority_keys[&at("ca.pem")], at("ca-key.pem"));
    assert_eq!(host.authority_keys[&at("peer-ca.pem")], at("peer-ca-key.pem"));
    assert!(!host.authority_keys.contains_key(&trusted), "{:?}", host.authority_keys);
    let etcd = &host.components[0];
    let apiserver = &host.components[1];
    // The API server reads its copy; the original beside etcd is nobody's.
    let idle = |found: &Component| {
        let pairs = found.pairs.iter().filter(|pair| pair.reread == Reread::Never);
        pairs.map(|pair| pair.certificate.clone()).collect::<Vec<_>>()
    };
    assert_eq!(idle(apiserver), [at("etcd-client.pem")]);
    assert_eq!(idle(etcd), [] as [PathBuf; 0]);
    assert_eq!(trust(apiserver, Purpose::ApiserverEtcd), Path::new(KUBERNETES).join("ca.pem"));
}

#[test]
fn another_masters_pair_is_known_for_what_it_is_there() {
    let mut facts = ack_by_flags();
    let theirs: Vec<_> = facts.hosts[&example::host(2)]
        .files
        .iter()
        .filter(|(path, _)| path.to_string_lossy().contains("10.0.0.2-name-2"))
        .map(|(path, file)| (path.clone(), file.clone()))
        .collect();
    assert_eq!(theirs.len(), 2);
    facts.hosts.get_mut(&example::host(1)).unwrap().files.extend(theirs);
    let mut alone = facts.clone();
    alone.hosts.remove(&example::host(2));
    // Also when the other one cannot say what it has it for.
    for mut facts in [facts, alone] {
        beside::add(&mut facts);
        beside::settle_purposes(&mut facts);
        let mut pairs = facts.hosts[&example::host(1)].components[0].pairs.iter();
        let copy = pairs.find(|pair| pair.certificate.ends_with("10.0.0.2-name-2.pem")).unwrap();
        assert_eq!((copy.purpose, copy.reread), (Purpose::EtcdPeer, Reread::Never));
    }
}

#[test]
fn a_trust_file_that_nobody_reads_is_a_copy() {
    let mut facts = ack_by_flags();
    let host = facts.hosts.get_mut(&example::host(1)).unwrap();
    let ca = host.files[Path::new(&format!("{DIRECTORY}/peer-ca.pem"))].content.clone().unwrap();
    let text = String::from_utf8(ca.bytes().to_vec()).unwrap();
    host.files
        .insert("/etc/kubernetes/pki/peer.pem".into(), file("/etc/kubernetes/pki/peer.pem", &text));
    beside::add(&mut facts);
    let copies: Vec<_> = facts.hosts[&example::host(1)].components[0]
        .trusts
        .iter()
        .filter(|trust| trust.reread == Reread::Never)
        .collect();
    let [copy] = copies.as_slice() else { panic!("{copies:?}") };
    assert_eq!(copy.path, Path::new("/etc/kubernetes/pki/peer.pem"));
    assert_eq!(copy.purpose, Purpose::EtcdPeer);
}

#[test]
fn copies_of_what_only_the_other_hosts_trust_any_more_are_known_too() {
    let mut facts = ack_by_flags();
    let other = ack_by_flags();
    // A script made etcd's own files new on one master, and left the copies.
    let new = other.hosts[&example::host(1)].clone();
    let host = facts.hosts.get_mut(&example::host(1)).unwrap();
    host.components.retain(|component| component.program == Program::Etcd);
    let names = new.files.keys().filter(|path| path.starts_with(DIRECTORY));
    host.files.extend(names.map(|path| (path.clone(), new.files[path].clone())));
    beside::add(&mut facts);
    let etcd = &facts.hosts[&example::host(1)].components[0];
    let at = |name: &str| PathBuf::from(format!("{KUBERNETES}/{name}"));
    assert!(etcd.trusts.iter().any(|trust| trust.path == at("ca.pem")), "{:?}", etcd.trusts);
    assert!(etcd.pairs.iter().any(|pair| pair.certificate == at("etcd-client.pem")));
}

/// What is told before a change.
fn cautions(machine: &Machine) -> Vec<String> {
    let found = programs(&machine.look()).components;
    caution::cautions(&machine.look(), &found)
}

#[test]
fn a_unit_that_nobody_starts_again_and_a_clock_that_nobody_keeps_are_told() {
    let machine = |restart| {
        let mut machine = Machine::new()
            .runs(Program::Etcd, etcd_process(ACK_FLAGS))
            .unit("etcd.service", &[("MainPID", "77"), ("Restart", restart)]);
        machine.survey.is_clock_kept = Some(restart != "no");
        machine
    };
    assert_eq!(cautions(&machine("on-failure")), [] as [&str; 0]);
    assert_eq!(
        cautions(&machine("no")),
        [
            "nobody keeps its clock right (NTP is not synchronized)",
            "etcd.service has no Restart=: if etcd ends by itself, nobody starts it again",
        ]
    );
}

#[test]
fn a_container_without_a_pod_is_asked_what_it_sees() {
    let mut process = etcd_process(
        "etcd --cert-file=/ssl/member.pem --key-file=/ssl/member-key.pem --trusted-ca-file=/ca.pem",
    );
    (process.is_contained, process.working_directory) = (true, "/".into());
    let mut machine = Machine::new()
        .runs(Program::Etcd, process)
        .unit("etcd.service", &[("MainPID", "70"), ("Restart", "always")]);
    let seen =
        [("/", "/docker/ab/merged"), ("/ssl", "/etc/ssl/etcd/ssl"), ("/ca.pem", "/srv/ca.pem")];
    let seen = seen.map(|(inside, outside)| (inside.into(), outside.into()));
    machine.survey.mounts.insert(77, seen.into());
    let etcd = machine.component(Program::Etcd);
    assert_eq!(pair(&etcd, Purpose::EtcdServer).0, Path::new("/etc/ssl/etcd/ssl/member.pem"));
    assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/srv/ca.pem"));
    assert_eq!(etcd.run_by, RunBy::Systemd { unit: "etcd.service".into() });
    assert_eq!(machine.layout(), Layout::Custom);
    assert_eq!(
        cautions(&machine),
        ["the container of etcd has /ca.pem mounted as single files: it sees new ones only when \
          it is started anew"]
    );
}

#[test]
fn a_pair_that_is_mounted_file_by_file_is_read_at_start_alone() {
    let pod = ETCD_POD
        .replace("{name: certs, mountPath: /pki}", "{name: certs, mountPath: /pki/server.crt}")
        .replace("path: /etc/kubernetes/pki/etcd}", "path: /srv/server.crt}");
    let machine = Machine::new().manifest("/etc/kubernetes/manifests/etcd.yaml", &pod);
    let etcd = machine.component(Program::Etcd);
    let server = etcd.pairs.iter().find(|pair| pair.purpose == Purpose::EtcdServer).unwrap();
    assert_eq!(server.certificate, Path::new("/srv/server.crt"));
    assert_eq!(server.reread, Reread::AtStart);
    let told = cautions(&machine);
    assert!(told[0].contains("has /pki/server.crt mounted as single files"), "{told:?}");
    // Folders are mounted too, etcd's data among them.
    let machine = Machine::new().manifest(
        "/etc/kubernetes/manifests/etcd.yaml",
        &ETCD_POD.replace("--cert-file", "--data-dir=/pki, --cert-file"),
    );
    assert_eq!(cautions(&machine), [""; 0]);
}

#[test]
fn certificates_elsewhere_are_those_that_were_not_read_already() {
    let facts = Ack::default().facts();
    let (path, known) = facts.hosts[&example::host(1)]
        .files
        .iter()
        .find(|(path, _)| path.ends_with("etcd-client.pem"))
        .map(|(path, file)| (path.clone(), file.clone()))
        .unwrap();
    let text = String::from_utf8(known.content.as_ref().unwrap().bytes().to_vec()).unwrap();
    let survey = Survey {
        elsewhere: vec![
            (path.clone(), text.clone()),
            ("/data/real.pem".into(), text.clone()),
            ("/opt/copy.pem".into(), text),
        ],
        ..Survey::default()
    };
    let linked = FileSeen { target: "/data/real.pem".into(), ..known.clone() };
    let files = Files::from([(path, known), ("/etc/link.pem".into(), linked)]);
    let found = elsewhere(&survey, &files);
    let [(path, certificates)] = &Vec::from_iter(found)[..] else { panic!("one is elsewhere") };
    assert_eq!((path.as_path(), certificates.len()), (Path::new("/opt/copy.pem"), 1));
}

#[test]
fn a_unit_that_starts_a_container_tells_what_is_in_it() {
    let machine = Machine::new().unit(
        "etcd.service",
        &[
            (
                "ExecStart",
                "{ path=/usr/bin/docker ; argv[]=/usr/bin/docker run --rm --net=host \
                 -v /etc/ssl/certs:/etc/ssl/certs:ro --volume=/data/ssl:/ssl:ro \
                 --mount type=bind,source=/data/ca,target=/ca -v cache:/cache \
                 quay.io/coreos/etcd:v3.4.13 /usr/local/bin/etcd --cert-file=/ssl/member.pem \
                 --key-file=/ssl/member-key.pem --trusted-ca-file=/ca/ca.pem ; ignore_errors=no }",
            ),
            ("Environment", "\"ETCD_NAME=a b\" ETCD_PEER_TRUSTED_CA_FILE=/ca/peers.pem"),
            ("MainPID", "0"),
        ],
    );
    let etcd = machine.component(Program::Etcd);
    let (certificate, key) = pair(&etcd, Purpose::EtcdServer);
    assert_eq!(certificate, Path::new("/data/ssl/member.pem"));
    assert_eq!(key, Path::new("/data/ssl/member-key.pem"));
    assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/data/ca/ca.pem"));
    assert_eq!(trust(&etcd, Purpose::EtcdPeer), Path::new("/data/ca/peers.pem"));
}

#[test]
fn a_unit_that_says_nothing_of_files_leaves_it_to_the_layout() {
    let machine = Machine::new()
        .unit("etcd.service", &[("ExecStart", "argv[]=/usr/local/bin/etcd ;"), ("MainPID", "0")])
        .listed("/etc/ssl/etcd/ssl", &["ca.pem", "member-master-1.pem"]);
    let etcd = machine.component(Program::Etcd);
    let member = Path::new("/etc/ssl/etcd/ssl/member-master-1.pem");
    assert_eq!(pair(&etcd, Purpose::EtcdServer).0, member);
    assert_eq!(etcd.run_by, RunBy::Systemd { unit: "etcd.service".into() });
    assert_eq!(machine.layout(), Layout::Kubespray);
}

mod product;
