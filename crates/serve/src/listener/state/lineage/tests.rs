use std::sync::Arc;

use model::CertificateList;

use super::*;
use crate::fixture;

/// Written as `NAME=HOST,HOST`.
fn matched(wanted: &[&str], former: &[&str]) -> Vec<Option<usize>> {
    let listener = Arc::new(fixture::listener(CertificateList::default()));
    let server = |text: &&str| {
        let (name, hosts) = text.split_once('=').unwrap();
        let hosts = hosts.split(',').filter(|host| !host.is_empty());
        Server {
            name: name.into(),
            hosts: hosts.map(|host| Name::parse(host).unwrap()).collect(),
            listener: listener.clone(),
        }
    };
    let servers = |texts: &[&str]| texts.iter().map(server).collect::<Vec<_>>();
    match_up(&servers(wanted), &servers(former))
}

#[test]
fn a_server_is_known_by_its_name_and_hosts_wherever_it_stands() {
    assert_eq!(matched(&["b=b.test", "a=a.test"], &["a=a.test", "b=b.test"]), [Some(1), Some(0)]);
    assert_eq!(matched(&["a=a.test"], &[]), [None]);
    assert_eq!(matched(&["new=a.test"], &["a=a.test"]), [None]);
}

#[test]
fn one_may_change_its_hosts() {
    assert_eq!(matched(&["a=a.test,b.test"], &["a=a.test"]), [Some(0)]);
    assert_eq!(matched(&["a="], &["a=a.test"]), [Some(0)]);
}

#[test]
fn of_servers_called_alike_each_stays_itself_when_one_goes() {
    assert_eq!(matched(&["s=y.test"], &["s=x.test", "s=y.test"]), [Some(1)]);
    let changed = ["s=z.test", "s=y.test", "s=w.test"];
    assert_eq!(matched(&changed, &["s=x.test", "s=y.test"]), [Some(0), Some(1), None]);
    assert_eq!(matched(&["s=", "s="], &["s=", "s="]), [Some(0), Some(1)]);
}
