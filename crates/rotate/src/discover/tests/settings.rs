//! Flags, variables and configuration files, as programs heed them.

use super::*;

const CONFIGURED: &str = "
name: a
data-dir: /data/etcd
quota-backend-bytes: 8589934592
election-timeout: 5000
heartbeat-interval: 500
listen-client-urls: https://10.0.0.1:2379,https://127.0.0.1:2379
client-transport-security:
  client-cert-auth: true
  trusted-ca-file: /data/etcd/pki/ca.crt
peer-transport-security:
  client-cert-auth: true
  trusted-ca-file: /data/etcd/pki/peer-ca.crt
  allowed-cn: [etcd-1, etcd-2]
log-outputs: [stderr]
auto-compaction-mode:
";

fn configured(text: &str) -> Machine {
    let flags = "etcd --config-file=/etc/etcd.yml --quota-backend-bytes=1 --election-timeout=9";
    let mut process = etcd_process(flags);
    process.environment.insert("ETCD_HEARTBEAT_INTERVAL".into(), "9".into());
    Machine::new().runs(Program::Etcd, process).file("/etc/etcd.yml", text)
}

#[test]
fn whatever_a_configuration_file_says_is_known_and_nothing_else_is_heeded() {
    let etcd = configured(CONFIGURED).component(Program::Etcd);
    for (flag, value) in [
        ("data-dir", "/data/etcd"),
        ("quota-backend-bytes", "8589934592"),
        ("election-timeout", "5000"),
        ("heartbeat-interval", "500"),
        ("client-cert-auth", "true"),
        ("peer-client-cert-auth", "true"),
        ("peer-trusted-ca-file", "/data/etcd/pki/peer-ca.crt"),
        ("log-outputs", "stderr"),
    ] {
        assert_eq!(etcd.settings.one(flag), Some(value), "{flag}");
    }
    let names: Vec<_> = etcd.settings.all("peer-cert-allowed-cn").collect();
    assert_eq!(names, ["etcd-1", "etcd-2"]);
    assert_eq!(etcd.settings.one("auto-compaction-mode"), None);
    assert_eq!(etcd.endpoints.len(), 2);
}

#[test]
fn a_variable_may_name_the_configuration_file() {
    let mut process = etcd_process("etcd --quota-backend-bytes=1");
    process.environment.insert("ETCD_CONFIG_FILE".into(), "/etc/etcd.yml".into());
    let machine = Machine::new().runs(Program::Etcd, process).file("/etc/etcd.yml", CONFIGURED);
    let etcd = machine.component(Program::Etcd);
    assert_eq!(etcd.settings.one("quota-backend-bytes"), Some("8589934592"));
    assert_eq!(etcd.found_in, "--config-file /etc/etcd.yml");
}

#[test]
fn a_configuration_file_that_cannot_be_read_keeps_everything_from_being_changed() {
    for text in ["a: [", "- a\n- list"] {
        let machine = configured(text);
        let etcd = machine.component(Program::Etcd);
        assert_eq!(etcd.settings.one("quota-backend-bytes"), None, "etcd does not heed it");
        let doubts = programs(&machine.look()).doubts;
        assert!(doubts[0].starts_with("/etc/etcd.yml: etcd was told of this file"), "{doubts:?}");
        let said = Override {
            files: [("cert-file".to_owned(), "/own/server.pem".into())].into(),
            ..Override::default()
        };
        let told = machine.says(Program::Etcd, said);
        assert_eq!(programs(&told.look()).doubts, [""; 0]);
    }
}

#[test]
fn what_was_said_twice_means_what_was_said_last() {
    let process = etcd_process("etcd --cert-file=/old.pem --key-file=/k --cert-file /new.pem");
    let etcd = Machine::new().runs(Program::Etcd, process).component(Program::Etcd);
    assert_eq!(pair(&etcd, Purpose::EtcdServer).0, Path::new("/new.pem"));
}
