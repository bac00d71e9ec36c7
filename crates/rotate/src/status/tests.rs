use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    Handshake, Pair, Program, Purpose, Reread,
    component::Port,
    example::{self, Ack, DAY, DIRECTORY, KUBERNETES, TestCa, file, host},
    facts::{self, Content},
    pem,
};

fn within() -> SignedDuration {
    DAY * 60
}

fn healthy() -> Ack {
    Ack { ca_days: 400, ..Ack::default() }
}

/// Facts in which every program presents and accepts what its files say.
fn facts(ack: &Ack) -> Facts {
    let mut facts = ack.facts();
    for seen in facts.hosts.values_mut() {
        let served =
            [(Port::Client, "etcd-server.pem", "ca.pem"), (Port::Peer, "-name-", "peer-ca.pem")]
                .map(|(port, leaf, authority)| {
                    let one = |part: &str| {
                        let path = seen.files.keys().find(|path| {
                            let name = path.to_string_lossy();
                            name.contains(part)
                                && !name.contains("-key")
                                && name.starts_with(DIRECTORY)
                        });
                        let path = path.expect("the example has it");
                        pem::certificates(content(seen, path).bytes()).remove(0)
                    };
                    let authority = match authority {
                        "ca.pem" => {
                            pem::certificates(content(seen, &at("ca.pem")).bytes()).remove(0)
                        }
                        other => one(other),
                    };
                    let handshake = Handshake {
                        chain: vec![one(leaf).der],
                        accepted_authorities: vec![authority.subject_der],
                        is_client_trusted: None,
                    };
                    facts::Served { program: Program::Etcd, port, outcome: Ok(handshake) }
                });
        seen.served = served.into();
    }
    facts
}

fn at(name: &str) -> PathBuf {
    PathBuf::from(format!("{DIRECTORY}/{name}"))
}

fn content<'a>(seen: &'a HostFacts, path: &std::path::Path) -> &'a Content {
    seen.files[path].content.as_ref().expect("it was read")
}

fn put(facts: &mut Facts, number: usize, path: &std::path::Path, text: &str) {
    let seen = facts.hosts.get_mut(&host(number)).expect("a master");
    seen.files.insert(path.to_owned(), file(&path.to_string_lossy(), text));
}

fn row(status: &Status, number: usize, path: &std::path::Path) -> Certificate {
    let found = status
        .certificates
        .iter()
        .find(|row| row.host == host(number) && row.file.as_deref() == Some(path));
    found.expect("it has a row").clone()
}

#[test]
fn all_is_well_where_nothing_ends_soon_and_processes_present_their_files() {
    let status = Status::of(&facts(&healthy()), within());
    assert_eq!(status.problems, []);
    assert_eq!(status.condition, None);
    assert!(status.certificates.iter().all(|row| row.state == State::Ok), "{status:#?}");
    assert_eq!(row(&status, 1, &at("etcd-server.pem")).served, Served::Same);
    assert_eq!(status.exit_code(), 0);
}

#[test]
fn a_leaf_of_fifty_years_ends_with_its_authority_of_five() {
    let status = Status::of(&facts(&Ack::default()), within());
    let server = row(&status, 1, &at("etcd-server.pem"));
    assert_eq!(server.state, State::Warn);
    assert_eq!(server.effective, Some(example::now() + DAY * 50));
    assert!(server.expires > server.effective);
    assert_eq!((server.authority.as_deref(), server.authority_years), (Some("CA"), Some(5)));
    assert_eq!(server.problem.as_deref(), Some("its authority CA ends first"));
    assert_eq!(status.exit_code(), 1);
    let asked_later = Status::of(&facts(&Ack::default()), DAY * 40);
    assert_eq!(asked_later.exit_code(), 0, "it warns from when it is asked to");
}

#[test]
fn fourteen_days_are_critical_and_after_the_end_it_is_expired() {
    for (days, state) in [(13, State::Critical), (-3, State::Expired)] {
        let status = Status::of(&facts(&Ack { leaf_days: days, ..healthy() }), DAY);
        assert_eq!(row(&status, 2, &at("etcd-server.pem")).state, state);
        assert_eq!(status.exit_code(), 2);
        assert_eq!(status.condition.is_some(), state == State::Expired);
    }
}

#[test]
fn what_begins_only_later_points_at_a_clock() {
    let facts = Facts { now: example::now() - DAY * 400, ..facts(&healthy()) };
    let status = Status::of(&facts, within());
    let server = row(&status, 1, &at("etcd-server.pem"));
    assert_eq!(server.state, State::NotYetValid);
    let problem = server.problem.expect("it is told");
    assert!(problem.ends_with("is a clock wrong?"), "{problem}");
    assert_eq!(status.exit_code(), 2);
}

#[test]
fn those_that_end_first_stand_first() {
    let mut facts = facts(&healthy());
    let short = TestCa::new("CA", &healthy()).leaf("short", &[], 20);
    put(&mut facts, 3, &at("etcd-client.pem"), &short.0);
    put(&mut facts, 3, &at("etcd-client-key.pem"), &short.1);
    let status = Status::of(&facts, within());
    assert_eq!(status.certificates[0].file, Some(at("etcd-client.pem")));
    let problem = status.certificates[0].problem.as_deref();
    assert!(problem.is_some_and(|text| text.contains("is on none of the hosts")), "{problem:?}");
}

#[test]
fn a_process_that_presents_another_than_its_file_differs() {
    let mut facts = facts(&healthy());
    let ca = TestCa::new("CA", &healthy());
    let (certificate, key) = ca.leaf("etcd-server", &[], 500);
    put(&mut facts, 1, &at("etcd-server.pem"), &certificate);
    put(&mut facts, 1, &at("etcd-server-key.pem"), &key);
    let status = Status::of(&facts, within());
    let server = row(&status, 1, &at("etcd-server.pem"));
    assert_eq!(server.state, State::Differs);
    assert_eq!(server.served, Served::Other(Some(example::now() + DAY * 45 * 365)));
    assert_eq!(status.exit_code(), 3);
}

#[test]
fn a_key_of_another_certificate_differs() {
    let mut facts = facts(&healthy());
    let other = TestCa::new("CA", &healthy());
    put(&mut facts, 1, &at("etcd-client-key.pem"), &other.key_pem);
    let client = row(&Status::of(&facts, within()), 1, &at("etcd-client.pem"));
    assert_eq!(client.state, State::Differs);
    let says = format!("{DIRECTORY}/etcd-client-key.pem is not its key (public keys ");
    let told = client.problem.unwrap();
    assert!(told.starts_with(&says), "{told}");
    let mark = crate::halves::key_mark(&pem::certificates(other.pem.as_bytes())[0].public_info);
    assert!(told.ends_with(&format!(" and {mark})")), "{told}: whose key it is");
}

#[test]
fn a_file_that_is_not_there_is_missing() {
    let mut facts = facts(&healthy());
    let path = PathBuf::from(format!("{KUBERNETES}/etcd-client.pem"));
    let seen = facts.hosts.get_mut(&host(2)).unwrap();
    seen.files.get_mut(&path).unwrap().content = None;
    let status = Status::of(&facts, within());
    assert_eq!(row(&status, 2, &path).state, State::Missing);
    assert_eq!(status.certificates[0].file, Some(path), "it stands first");
    assert_eq!(status.exit_code(), 3);
}

#[test]
fn a_host_that_cannot_be_reached_is_worse_than_all_else() {
    let mut facts = facts(&healthy());
    let unreached = Some("master-3: SSH refused".to_owned());
    facts.hosts.insert(host(3), HostFacts { unreached, ..HostFacts::default() });
    assert_eq!(Status::of(&facts, within()).exit_code(), 4);
}

#[test]
fn what_a_process_accepts_is_compared_with_its_trust_file() {
    let accepts = |authorities: Vec<Vec<u8>>| {
        let mut facts = facts(&healthy());
        let seen = facts.hosts.get_mut(&host(1)).unwrap();
        seen.served[0].outcome.as_mut().unwrap().accepted_authorities = authorities;
        let status = Status::of(&facts, within());
        assert_eq!(status.exit_code(), 3);
        status.problems.into_iter().map(|problem| problem.text).collect::<Vec<_>>().join("; ")
    };
    assert!(accepts(Vec::new()).contains("accepts nobody at its client port"));
    let other = accepts(vec![b"another".to_vec()]);
    assert!(other.contains("does not accept CA yet"), "{other}");
    assert!(other.contains("still accepts an authority"), "{other}");
}

#[test]
fn a_program_that_is_down_or_silent_is_a_problem() {
    let mut facts = facts(&healthy());
    facts.hosts.get_mut(&host(1)).unwrap().components[0].process = None;
    facts.hosts.get_mut(&host(2)).unwrap().served[1].outcome = Err("refused".into());
    let status = Status::of(&facts, within());
    let texts: Vec<_> = status.problems.iter().map(|problem| problem.text.as_str()).collect();
    assert_eq!(texts, ["etcd does not run", "etcd does not shake hands at its peer port: refused"]);
    let server = row(&status, 1, &at("etcd-server.pem"));
    assert_eq!(server.served, Served::Unknown("etcd does not run".into()));
}

#[test]
fn authorities_tell_who_holds_their_keys_and_who_trusts_them() {
    let status = Status::of(&facts(&healthy()), within());
    let [first, second] = status.authorities.as_slice() else { panic!("{status:#?}") };
    assert_eq!((first.name.as_str(), second.name.as_str()), ("CA", "Peer-CA"));
    assert_eq!(first.key_on, [host(1), host(2), host(3)]);
    let trusters: Vec<_> = first.trusted_by.iter().map(|one| (one.program, &one.host)).collect();
    assert_eq!(trusters.len(), 3);
    assert!(trusters.iter().all(|(program, _)| *program == Program::Etcd));
}

#[test]
fn an_authority_that_has_ended_is_told_while_something_hangs_on_it() {
    let dead = |name| TestCa::new(name, &Ack { ca_days: -3, ..healthy() });
    let state = |facts: &Facts, name: &str| {
        let status = Status::of(facts, within());
        status.authorities.iter().find(|one| one.name == name).expect("it is listed").state
    };
    assert_eq!(state(&facts(&Ack { ca_days: -3, ..healthy() }), "CA"), State::Expired);

    let mut facts = facts(&healthy());
    let long_ago = dead("Long ago");
    let both = format!("{}{}", TestCa::of(&facts).pem, long_ago.pem);
    put(&mut facts, 1, &at("ca.pem"), &both);
    assert_eq!(state(&facts, "Long ago"), State::Ok);
    put(&mut facts, 1, &at("console.pem"), &long_ago.leaf("console", &[], 400).0);
    assert_eq!(state(&facts, "Long ago"), State::Expired);
}

#[test]
fn a_kubeconfigs_certificate_is_a_line_too() {
    let mut facts = facts(&healthy());
    let ca = TestCa::new("kubernetes", &healthy());
    let (certificate, key) = ca.leaf("kubernetes-admin", &[], 200);
    let [authority, certificate, key] =
        [&ca.pem, &certificate, &key].map(|text| STANDARD.encode(text));
    let text = format!(
        "clusters:\n- cluster:\n    certificate-authority-data: {authority}\nusers:\n- user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
    );
    let path = PathBuf::from("/etc/kubernetes/admin.conf");
    put(&mut facts, 1, &path, &text);
    facts.hosts.get_mut(&host(1)).unwrap().idle_kubeconfigs.push(path.clone());
    let status = Status::of(&facts, within());
    let admin = row(&status, 1, &path);
    assert_eq!((admin.kind, admin.program), (Kind::Kubeconfig, None));
    assert_eq!(admin.name, "kubernetes-admin");
    assert_eq!(admin.authority.as_deref(), Some("kubernetes"));
    assert_eq!(admin.state, State::Ok);
}

/// As `facts`, with `CA` issued anew with its key on the first master.
fn reissued() -> (Facts, TestCa) {
    let mut facts = facts(&healthy());
    let anew = TestCa::of(&facts).again(900);
    put(&mut facts, 1, &at("ca.pem"), &anew.pem);
    (facts, anew)
}

#[test]
fn of_authorities_with_one_name_the_programs_file_tells_which_it_trusts() {
    let (facts, anew) = reissued();
    let status = Status::of(&facts, within());
    let new = pem::certificates(anew.pem.as_bytes()).remove(0).fingerprint;
    let of = |is_new: bool| {
        let mut all = status.authorities.iter();
        let found = all.find(|one| one.name == "CA" && (one.fingerprint == new) == is_new);
        found.unwrap().trusted_by.iter().map(|by| by.host.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(true), [host(1)]);
    assert_eq!(of(false), [host(2), host(3)]);
}

#[test]
fn a_file_of_authorities_that_is_younger_than_its_process_is_noted() {
    let (mut facts, _) = reissued();
    let seen = facts.hosts.get_mut(&host(1)).unwrap();
    let started = seen.components[0].process.as_ref().unwrap().started;
    seen.files.get_mut(&at("ca.pem")).unwrap().attributes.modified = started + DAY;
    let status = Status::of(&facts, within());
    let notes: Vec<_> = status.hosts.iter().flat_map(|host| &host.notes).collect();
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.contains("etcd was started before") && note.contains("ca.pem"), "{note}");
    assert_eq!(status.exit_code(), 0, "it may well have been written with the same bytes");
}

/// A pair of the kubelet on the first master, as it keeps it; `days` of its year are left.
fn kubelets(days: i64, is_link: bool) -> Certificate {
    let mut facts = facts(&healthy());
    let ca = TestCa::new("kubernetes", &healthy());
    let path = PathBuf::from("/var/lib/kubelet/pki/kubelet-client-current.pem");
    let (certificate, key) = ca.leaf("system:node:master-1", &[], days);
    put(&mut facts, 1, &PathBuf::from("/etc/kubernetes/pki/ca.crt"), &ca.pem);
    put(&mut facts, 1, &path, &format!("{certificate}{key}"));
    let seen = facts.hosts.get_mut(&host(1)).unwrap();
    if is_link {
        let dated = path.with_file_name("kubelet-client-2026-01-01-00-00-00.pem");
        seen.files.get_mut(&path).unwrap().links = vec![(path.clone(), dated)];
    }
    let mut kubelet = seen.components[0].clone();
    (kubelet.program, kubelet.trusts, kubelet.endpoints) =
        (Program::Kubelet, Vec::new(), Vec::new());
    let (purpose, reread) = (Purpose::KubeletClient, Reread::Always);
    kubelet.pairs = vec![Pair { purpose, certificate: path.clone(), key: path.clone(), reread }];
    seen.components.push(kubelet);
    row(&Status::of(&facts, within()), 1, &path)
}

#[test]
fn what_a_kubelet_renews_by_itself_is_no_trouble_until_it_is_overdue() {
    assert_eq!(kubelets(50, true).state, State::Ok, "it has asked, or will within days");
    assert_eq!(kubelets(50, false).state, State::Warn, "nobody renews a plain file");
    assert_eq!(kubelets(20, true).state, State::Warn);
    assert_eq!(kubelets(10, true).state, State::Critical);
    assert_eq!(kubelets(-1, true).state, State::Expired);
}

#[test]
fn a_pair_for_calling_peers_is_not_what_the_port_presents() {
    let mut facts = facts(&healthy());
    let seen = facts.hosts.get_mut(&host(1)).unwrap();
    let own = seen.components[0].pairs.iter().find(|pair| pair.purpose == Purpose::EtcdPeer);
    let own = own.unwrap().clone();
    let calling = Pair { certificate: at("call.pem"), key: at("call-key.pem"), ..own };
    seen.components[0].pairs.push(calling);
    let authority = TestCa::of(&facts);
    let (certificate, key) = authority.leaf("caller", &[], 900);
    put(&mut facts, 1, &at("call.pem"), &certificate);
    put(&mut facts, 1, &at("call-key.pem"), &key);
    let status = Status::of(&facts, within());
    let calling = row(&status, 1, &at("call.pem"));
    assert_eq!((calling.served, calling.state), (Served::NotAsked, State::Ok));
}

#[test]
fn every_certificate_of_every_file_is_listed() {
    let mut facts = facts(&healthy());
    let ca = content(&facts.hosts[&host(1)], &at("ca.pem")).bytes().to_vec();
    let peer_ca = content(&facts.hosts[&host(1)], &at("peer-ca.pem")).bytes().to_vec();
    let both = String::from_utf8([ca, peer_ca].concat()).unwrap();
    put(&mut facts, 1, &at("ca.pem"), &both);
    let all = files(&facts, &Status::of(&facts, within()));
    let of_file: Vec<_> =
        all.iter().filter(|one| one.host == host(1) && one.path == at("ca.pem")).collect();
    assert_eq!(of_file.len(), 2);
    let server = all.iter().find(|one| one.path == at("etcd-server.pem")).unwrap();
    assert_eq!(server.served, Some(Served::Same));
    let is_key = |one: &&File| one.path.to_string_lossy().contains("-key");
    assert_eq!(all.iter().filter(is_key).count(), 0, "keys are not listed");
}

#[test]
fn idle_copies_are_shown_as_such() {
    let status = Status::of(&facts(&healthy()), within());
    let client = row(&status, 1, &at("etcd-client.pem"));
    assert_eq!(client.kind, Kind::Copy(Purpose::EtcdClient));
    assert_eq!(client.served, Served::NotAsked);
}

/// An API server on the first master that shows itself a certificate with so many days left, and
/// everybody else another one.
fn with_loopback(name: &str, days: i64) -> Facts {
    let mut facts = facts(&healthy());
    let (own, _) = TestCa::new("own", &Ack { ca_days: days, ..healthy() }).leaf(
        &format!("{name}@1795334400"),
        &[name.to_owned()],
        days,
    );
    let seen = facts.hosts.get_mut(&host(1)).unwrap();
    seen.loopback = pem::certificates(own.as_bytes()).into_iter().map(|one| one.der).collect();
    facts
}

fn loopback(status: &Status) -> Option<&Certificate> {
    status.certificates.iter().find(|row| row.kind == Kind::Loopback)
}

#[test]
fn what_an_api_server_has_in_memory_is_a_line_and_only_a_restart_makes_another() {
    const NAME: &str = "apiserver-loopback-client";
    let status = Status::of(&with_loopback(NAME, 300), within());
    let row = loopback(&status).expect("a line");
    assert_eq!((&row.host, row.program), (&host(1), Some(Program::KubeApiserver)));
    assert_eq!((row.name.as_str(), &row.file), ("apiserver-loopback-client@1795334400", &None));
    assert_eq!((row.expires, row.effective), (row.effective, Some(example::now() + DAY * 300)));
    assert_eq!((row.state, &row.problem), (State::Ok, &None));
    assert_eq!(status.exit_code(), 0);

    for (days, state, code) in
        [(50, State::Warn, 1), (10, State::Critical, 2), (-1, State::Expired, 2)]
    {
        let status = Status::of(&with_loopback(NAME, days), within());
        let row = loopback(&status).expect("a line");
        let says = "only a restart of kube-apiserver makes another";
        assert_eq!((row.state, row.problem.as_deref()), (state, Some(says)));
        assert_eq!(row.place(), "memory of kube-apiserver");
        assert_eq!(status.exit_code(), code);
    }
}

#[test]
fn an_api_server_that_answers_to_that_name_as_to_any_other_has_no_such_line() {
    let other_name = Status::of(&with_loopback("kubernetes", 300), within());
    assert_eq!(loopback(&other_name), None);
    let mut facts = with_loopback("apiserver-loopback-client", 300);
    let seen = facts.hosts.get_mut(&host(1)).unwrap();
    let handshake = Handshake { chain: seen.loopback.clone(), ..Handshake::default() };
    let (program, outcome) = (Program::KubeApiserver, Ok(handshake));
    seen.served.push(facts::Served { program, port: Port::Client, outcome });
    assert_eq!(loopback(&Status::of(&facts, within())), None);
}
