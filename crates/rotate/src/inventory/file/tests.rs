use std::{collections::BTreeSet, path::Path};

use super::{super::*, *};

fn parse(spec: &str) -> Result<Inventory, String> {
    let base = Base { file: "/ops/prod.yaml".into(), home: Some("/home/ops".into()) };
    let head =
        "apiVersion: doorward.dev/v1alpha1\nkind: ClusterInventory\nmetadata: {name: prod}\n";
    Inventory::parse(&format!("{head}{spec}"), &base).map_err(|error| error.to_string())
}

fn refused(spec: &str) -> String {
    parse(spec).expect_err("it cannot be meant")
}

#[test]
fn hosts_alone_are_enough() {
    let found = parse("spec: {hosts: [{name: master-1, address: 10.0.0.1}, {name: master-2}]}");
    let found = found.unwrap();
    assert_eq!(found.name, "prod");
    assert_eq!(found.layout, Layout::Auto);
    assert_eq!(found.ssh, SshSettings::default());
    let [first, second] = found.hosts.as_slice() else { panic!("{found:?}") };
    assert_eq!(first.address, "10.0.0.1");
    assert_eq!(second.address, "master-2", "the name, where no address is given");
    assert_eq!(first.roles, BTreeSet::from([Role::Etcd, Role::ControlPlane]));
    assert_eq!(first.state_dir, Path::new("/var/lib/pki"));
}

#[test]
fn the_inventory_of_the_page_is_well_written() {
    let page = include_str!("../../../../../docs/pki.md");
    let samples = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let base = Base { file: "/ops/prod.yaml".into(), home: Some("/home/ops".into()) };
    let hosts: Vec<_> =
        samples.map(|sample| Inventory::parse(sample, &base).unwrap().hosts.len()).collect();
    assert_eq!(hosts, [3]);
}

#[test]
fn paths_begin_at_the_files_folder_or_at_home() {
    let ssh = "spec:\n  ssh: {user: root, config: ~/.ssh/config, identityFile: keys/ops}\n  hosts: [{name: a}]";
    let ssh = parse(ssh).unwrap().ssh;
    assert_eq!(ssh.config.unwrap(), Path::new("/home/ops/.ssh/config"));
    assert_eq!(ssh.identity_file.unwrap(), Path::new("/ops/keys/ops"));
}

#[test]
fn a_hosts_own_overrides_stand_above_the_clusters() {
    let found = parse(
        "
spec:
  hosts:
  - name: a
    components:
      etcd: {endpoint: 'https://10.0.0.1:2379', files: {key-file: /own/key.pem}}
  components:
    etcd: {certDir: /data/pki, files: {key-file: /all/key.pem, cert-file: /all/cert.pem}}
",
    );
    let etcd = &found.unwrap().hosts[0].overrides[&Program::Etcd];
    assert_eq!(etcd.cert_dir.as_deref(), Some(Path::new("/data/pki")));
    assert_eq!(etcd.endpoint.as_deref(), Some("https://10.0.0.1:2379"));
    assert_eq!(etcd.files["key-file"], Path::new("/own/key.pem"));
    assert_eq!(etcd.files["cert-file"], Path::new("/all/cert.pem"));
}

#[test]
fn members_on_one_machine_keep_their_state_apart() {
    let found = parse("spec: {hosts: [{name: a, address: m}, {name: b, address: m}, {name: c}]}");
    let dirs: Vec<_> = found.unwrap().hosts.into_iter().map(|host| host.state_dir).collect();
    assert_eq!(dirs, ["/var/lib/pki/a", "/var/lib/pki/b", "/var/lib/pki"].map(PathBuf::from));
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (spec, says) in [
        ("spec: {hosts: []}", "spec.hosts: name at least one host"),
        ("spec: {hosts: [{name: ../x}]}", "spec.hosts[0]: name: \"../x\""),
        ("spec: {hosts: [{name: a, address: '-oProxyCommand=x'}]}", "cannot be given to ssh"),
        ("spec: {ssh: {user: '-l'}, hosts: [{name: a}]}", "spec.ssh: user"),
        ("spec: {ssh: {options: [Compression]}, hosts: [{name: a}]}", "write Name=value"),
        ("spec: {hosts: [{name: a}, {name: a, address: x}]}", "give each its own"),
        ("spec: {hosts: [{name: a, roles: []}]}", "etcd, control-plane or both"),
        (
            "spec: {hosts: [{name: a, components: {etcd: {stop: x}}}]}",
            "etcd: stop, start and isRunning go together",
        ),
        (
            "spec: {hosts: [{name: a, components: {etcd: {endpoint: 'https://db:2379'}}}]}",
            "write https://IP:PORT",
        ),
        ("spec: {hosts: [{name: a}], components: {etcd: {certDir: pki}}}", "no absolute path"),
    ] {
        let error = refused(spec);
        assert!(error.starts_with("/ops/prod.yaml: "), "{error}");
        assert!(error.contains(says), "{spec}: {error}");
    }
}

#[test]
fn a_misspelt_key_is_told_with_its_line_and_the_known_ones() {
    let error = refused("spec:\n  hosts: [{name: a}]\n  layuot: ack\n");
    assert!(error.starts_with("/ops/prod.yaml:6:"), "{error}");
    assert!(error.contains("\"layuot\"") && error.contains("layout"), "{error}");
    let error = refused("spec: {hosts: [{name: a}], layout: rancher}");
    assert!(error.contains("\"rancher\"") && error.contains("kubeadm"), "{error}");
    let error = refused("spec: {hosts: [{name: a}], components: {apiserver: {}}}");
    assert!(error.contains("kube-apiserver"), "{error}");
}

#[test]
fn another_kind_of_file_is_told_apart() {
    let base = Base { file: "x.yaml".into(), home: None };
    let text = "apiVersion: v1\nkind: Pod\nspec: {hosts: [{name: a}]}";
    let error = Inventory::parse(text, &base).unwrap_err().to_string();
    assert_eq!(error, "x.yaml: apiVersion: this is \"v1\"; an inventory has doorward.dev/v1alpha1");
}

#[test]
fn what_is_lacking_is_named() {
    let error = refused("spec: {}");
    assert_eq!(error, "/ops/prod.yaml:4:7: hosts is missing");
    for (text, says) in [
        ("", "x.yaml: kind: the file is empty; an inventory has ClusterInventory"),
        ("kind: Pod\nspecs: 1", "x.yaml: apiVersion: this is \"\""),
    ] {
        let base = Base { file: "x.yaml".into(), home: None };
        let error = Inventory::parse(text, &base).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
}
