//! What units would start, where nothing runs that could be asked.

use super::*;

const UNIT: &str = r#"
[Service]
Environment="ETCD_NAME=a b"
EnvironmentFile=/etc/etcd/one.env
EnvironmentFile=-/etc/etcd/the other.env
ExecStart=/usr/bin/etcd "--trusted-ca-file=/srv/my pki/ca.pem" \
    --cert-file='/srv/my pki/server.pem' --key-file=/srv/my\x20pki/server-key.pem \
    --peer-cert-file=${PEER} $MORE
"#;

/// As `systemctl show` tells of it: the quotes of words are lost.
fn machine(unit: &str) -> Machine {
    let shown = "{ path=/usr/bin/etcd ; argv[]=/usr/bin/etcd --trusted-ca-file=/srv/my pki/ca.pem \
         --cert-file=/srv/my pki/server.pem --key-file=/srv/my pki/server-key.pem \
         --peer-cert-file=${PEER} $MORE ; ignore_errors=no ; start_time=[n/a] ; pid=0 }";
    let files = "/etc/etcd/one.env (ignore_errors=no)\n/etc/etcd/the other.env (ignore_errors=yes)";
    let properties = [
        ("ExecStart", shown),
        ("Environment", "$'ETCD_NAME=a b' A=1"),
        ("EnvironmentFiles", files),
        ("FragmentPath", "/etc/systemd/system/etcd.service"),
        ("DropInPaths", "/etc/systemd/system/etcd.service.d/10-x.conf"),
        ("MainPID", "0"),
    ];
    Machine::new()
        .unit("etcd.service", &properties)
        .file("/etc/systemd/system/etcd.service", unit)
        .file("/etc/systemd/system/etcd.service.d/10-x.conf", "[Service]\nRestart=always\n")
        .file("/etc/etcd/one.env", "PEER=/srv/unused.pem\nMORE='--name c'\n")
        .file("/etc/etcd/the other.env", "# below\nPEER = \"/srv/my pki/peer.pem\"\n")
}

#[test]
fn words_with_blanks_stay_whole() {
    let machine = machine(UNIT);
    let wanted = machine.look().configuration_files();
    for path in [
        "/etc/systemd/system/etcd.service",
        "/etc/systemd/system/etcd.service.d/10-x.conf",
        "/etc/etcd/one.env",
        "/etc/etcd/the other.env",
    ] {
        assert!(wanted.contains(&path.into()), "{path} is not in {wanted:?}");
    }
    let etcd = machine.component(Program::Etcd);
    assert_eq!(trust(&etcd, Purpose::EtcdServer), Path::new("/srv/my pki/ca.pem"));
    let (certificate, key) = pair(&etcd, Purpose::EtcdServer);
    assert_eq!(certificate, Path::new("/srv/my pki/server.pem"));
    assert_eq!(key, Path::new("/srv/my pki/server-key.pem"));
    assert_eq!(etcd.settings.one("peer-cert-file"), Some("/srv/my pki/peer.pem"));
    assert_eq!(etcd.settings.one("name"), Some("c"), "a flag stands above its variable");
}

#[test]
fn a_file_that_was_changed_since_it_was_loaded_is_not_believed() {
    let etcd = machine(&UNIT.replace("server.pem", "newer.pem")).component(Program::Etcd);
    assert_eq!(etcd.settings.one("cert-file"), Some("/srv/my"), "as far as it is shown");
    assert_eq!(etcd.settings.one("name"), Some("c"));
}

#[test]
fn a_process_tells_more_than_its_unit() {
    let mut running = machine(UNIT).runs(Program::Etcd, etcd_process("etcd --cert-file=/now.pem"));
    running.survey.units[0].properties.insert("MainPID".into(), "77".into());
    let etcd = running.component(Program::Etcd);
    assert_eq!(etcd.settings.one("cert-file"), Some("/now.pem"));
    assert_eq!(etcd.settings.one("trusted-ca-file"), None);
}

/// As kubeadm's packages set it up.
#[test]
fn a_kubelet_that_is_down_is_known_by_its_drop_in() {
    const UNIT: &str = "/lib/systemd/system/kubelet.service";
    const DROP_IN: &str = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";
    let command =
        "/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS";
    let shown = format!("{{ path=/usr/bin/kubelet ; argv[]={command} ; ignore_errors=no }}");
    let kubeconfigs = "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf";
    let environment = format!(
        "\"KUBELET_KUBECONFIG_ARGS={kubeconfigs}\" KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
    );
    let machine = Machine::new()
        .unit(
            "kubelet.service",
            &[
                ("ExecStart", &shown),
                ("Environment", &environment),
                ("EnvironmentFiles", "/var/lib/kubelet/kubeadm-flags.env (ignore_errors=yes)"),
                ("FragmentPath", UNIT),
                ("DropInPaths", DROP_IN),
                ("MainPID", "0"),
            ],
        )
        .file(UNIT, "[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\n")
        .file(DROP_IN, &format!("[Service]\nExecStart=\nExecStart={command}\n"))
        .file(
            "/var/lib/kubelet/kubeadm-flags.env",
            "KUBELET_KUBEADM_ARGS=\"--cert-dir=/srv/kubelet --pod-infra-container-image=pause:3.9\"\n",
        );
    let kubelet = machine.component(Program::Kubelet);
    assert_eq!(kubelet.kubeconfigs, [PathBuf::from("/etc/kubernetes/kubelet.conf")]);
    assert_eq!(kubelet.settings.one("config"), Some("/var/lib/kubelet/config.yaml"));
    assert_eq!(pair(&kubelet, Purpose::KubeletServing).0, Path::new("/srv/kubelet/kubelet.crt"));
}
