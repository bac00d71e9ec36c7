//! k3s and RKE2.

use super::*;

#[test]
fn k3s_is_told_by_its_unit_and_its_folder() {
    let machine = Machine::new().unit("k3s.service", &[("MainPID", "5")]);
    assert_eq!(machine.layout(), Layout::K3s);
    let server = machine.component(Program::KubeApiserver);
    let (certificate, _) = pair(&server, Purpose::ApiserverServing);
    let tls = Path::new("/var/lib/rancher/k3s/server/tls");
    assert_eq!(certificate, tls.join("serving-kube-apiserver.crt"));
    assert_eq!(endpoints(&server), [(Port::Client, "127.0.0.1:6444".to_owned())]);
    let unit = RunBy::Systemd { unit: "k3s.service".into() };
    let within = RunBy::Within { program: Program::K3s, run_by: Box::new(unit.clone()) };
    assert_eq!(server.run_by, within, "its parts are not restarted by themselves");
    let product = machine.look().product(Layout::K3s).expect("it is one");
    assert_eq!((product.run_by, product.command.as_str()), (unit, "k3s certificate rotate"));
    let notes = programs(&machine.look()).notes;
    assert_eq!(notes, ["the datastore of k3s is no etcd of its own"]);
}

#[test]
fn k3s_says_in_many_places_where_its_folder_is() {
    let unit = |command: &str| {
        let start = format!("{{ path=/opt/k3s ; argv[]={command} ; pid=0 }}");
        Machine::new().unit("k3s.service", &[("ExecStart", start.as_str())])
    };
    let by_flag = unit("/opt/k3s server --data-dir=/by/flag");
    let by_short_flag = unit("/opt/k3s server -d /by/flag");
    let by_config =
        unit("/opt/k3s server").file("/etc/rancher/k3s/config.yaml", "data-dir: /by/flag");
    let by_other_config =
        unit("/opt/k3s server -c /own.yaml").file("/own.yaml", "data-dir: /by/flag");
    let by_part = unit("/opt/k3s server")
        .file("/etc/rancher/k3s/config.yaml", "data-dir: /early\nhttps-listen-port: 7443")
        .listed("/etc/rancher/k3s/config.yaml.d", &["10.yaml", "20.yaml"])
        .file("/etc/rancher/k3s/config.yaml.d/10.yaml", "data-dir: /later")
        .file("/etc/rancher/k3s/config.yaml.d/20.yaml", "data-dir: /by/flag");
    let mut by_variable = unit("/opt/k3s server");
    let environment = ("Environment".to_owned(), "K3S_DATA_DIR=/by/flag".to_owned());
    by_variable.survey.units[0].properties.extend([environment]);
    for machine in [by_flag, by_short_flag, by_config, by_other_config, by_part, by_variable] {
        let product = machine.look().product(Layout::K3s).expect("it is one");
        assert_eq!(product.command, "/opt/k3s certificate rotate --data-dir /by/flag");
        let server = machine.component(Program::KubeApiserver);
        let (certificate, _) = pair(&server, Purpose::ApiserverKubelet);
        assert_eq!(certificate, Path::new("/by/flag/server/tls/client-kube-apiserver.crt"));
    }
}

#[test]
fn the_etcd_of_k3s_says_in_a_file_where_it_listens() {
    let config = "/var/lib/rancher/k3s/server/db/etcd/config";
    let text = "client-transport-security:\n  cert-file: /tls/server-client.crt\n  \
                key-file: /tls/server-client.key\nlisten-client-urls: \
                https://127.0.0.1:2379,https://10.0.0.1:2379\n";
    let machine = Machine::new()
        .unit("k3s.service", &[("MainPID", "5")])
        .runs(Program::K3s, Process { pid: 5, ..etcd_process("/usr/local/bin/k3s server") })
        .file(config, text);
    assert!(machine.look().configuration_files().contains(&config.into()));
    let etcd = machine.component(Program::Etcd);
    assert_eq!(pair(&etcd, Purpose::EtcdServer).0, Path::new("/tls/server-client.crt"));
    let both = ["127.0.0.1:2379", "10.0.0.1:2379"];
    assert_eq!(endpoints(&etcd), both.map(|address| (Port::Client, address.to_owned())));
    assert_eq!(etcd.process.map(|process| process.pid), Some(5), "it is the server's own");
}

#[test]
fn the_programs_of_rke2_are_its_static_pods() {
    let manifest = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: etcd\n    \
                    command: [etcd, --config-file=/var/lib/rancher/rke2/server/db/etcd/config]\n";
    let path = "/var/lib/rancher/rke2/agent/pod-manifests/etcd.yaml";
    let machine = Machine::new()
        .unit("rke2-server.service", &[("ExecStart", "/usr/local/bin/rke2 server")])
        .runs(Program::Rke2, etcd_process("/usr/local/bin/rke2 server"))
        .manifest(path, manifest);
    let container = "etcd".to_owned();
    let pod = RunBy::StaticPod { manifest: path.into(), container };
    assert_eq!(machine.component(Program::Etcd).run_by, pod);
    let product = machine.look().product(Layout::Rke2).expect("it is one");
    assert_eq!(product.command, "/usr/local/bin/rke2 certificate rotate");
    assert_eq!(product.commands(), ["systemctl stop rke2-server", "systemctl start rke2-server"]);
}
