use std::path::Path;

use super::*;
use crate::plan::{Act, Change};
use crate::{
    example::{Ack, DAY, healthy, host, kubeadm::Kubeadm, now},
    material, render,
};

fn plan(ack: &Ack, wish: &Wish) -> Plan {
    let facts = ack.facts();
    decide(&facts, &healthy(&facts), wish).unwrap_or_else(|against| panic!("{against:?}"))
}

/// Compares with the plan's text as it was last read and found right; `DOORWARD_BLESS=1` writes it.
fn golden(name: &str, plan: &Plan) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan/decide/plans");
    let path = format!("{folder}/{name}.txt");
    let text = plan.to_string();
    if std::env::var_os("DOORWARD_BLESS").is_some() {
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&path, &text).expect("the plan's text");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, known, "{path}: read the new text, then run again with DOORWARD_BLESS=1");
}

#[test]
fn an_authority_near_its_end_is_crossed_by_default() {
    golden("ack-cross", &plan(&Ack::default(), &Wish::default()));
}

#[test]
fn with_authorities_that_last_only_leaves_are_renewed() {
    golden(
        "ack-leaf",
        &plan(&Ack { ca_days: 4 * 365, leaf_days: 20, ..Ack::default() }, &Wish::default()),
    );
}

#[test]
fn without_the_authoritys_key_it_takes_a_bundle() {
    golden("ack-bundle", &plan(&Ack { has_ca_keys: false, ..Ack::default() }, &Wish::default()));
}

#[test]
fn with_the_same_key_good_leaves_stay() {
    let wish = Wish { mode: Some(Mode::SameKey), ..Wish::default() };
    golden("ack-same-key", &plan(&Ack::default(), &wish));
}

#[test]
fn an_expired_authority_is_replaced_in_one_sweep() {
    golden("ack-sweep", &plan(&Ack { ca_days: -3, ..Ack::default() }, &Wish::default()));
}

#[test]
fn the_same_facts_give_the_same_plan_and_it_can_be_written_down() {
    let facts = Ack::default().facts();
    let health = healthy(&facts);
    let one = decide(&facts, &health, &Wish::default()).expect("a plan");
    assert_eq!(decide(&facts, &health, &Wish::default()).expect("a plan"), one);
    let text = serde_json::to_string(&one).expect("JSON");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), one);
    assert!(!text.contains("PRIVATE"));
}

#[test]
fn every_place_of_every_mode_can_be_rendered() {
    let cases = [
        (Ack::default(), None),
        (Ack::default(), Some(Mode::SameKey)),
        (Ack { has_ca_keys: false, ..Ack::default() }, None),
        (Ack { ca_days: 4 * 365, leaf_days: 20, ..Ack::default() }, None),
        (Ack { ca_days: -3, ..Ack::default() }, None),
        (Ack { one_ca: true, ..Ack::default() }, None),
    ];
    for (ack, mode) in cases {
        let facts = ack.facts();
        let wish = Wish { mode, ..Wish::default() };
        let plan = decide(&facts, &healthy(&facts), &wish).expect("a plan");
        let material = material::make(&plan, &facts, now()).expect("material");
        for change in changes(&plan) {
            for place in &change.places {
                let original = facts.hosts[&change.host].files[&place.path].content.clone();
                let original = original.as_ref().map(|content| content.bytes());
                render::place(place, original, &plan, &material).expect("content");
            }
        }
    }
}

fn changes(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.steps.iter().flat_map(|step| match &step.act {
        Act::Change(change) => std::slice::from_ref(change),
        Act::Sweep { changes, .. } => changes,
        _ => &[],
    })
}

#[test]
fn the_leader_comes_last() {
    let facts = Ack::default().facts();
    let mut health = healthy(&facts);
    for member in health.members.values_mut() {
        member.as_mut().expect("healthy").status.leader = 1;
    }
    let plan = decide(&facts, &health, &Wish::default()).expect("a plan");
    let flipped: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| step.phase == crate::plan::Phase::Flip)
        .filter_map(|step| match &step.act {
            Act::Change(change) if change.program == crate::Program::Etcd => Some(&change.host),
            _ => None,
        })
        .collect();
    assert_eq!(flipped, [&host(2), &host(3), &host(1)]);
}

#[test]
fn dates_are_as_wished_and_no_leaf_outlives_its_authority() {
    let wish = Wish { validity: Some(jiff::Span::new().years(50)), ..Wish::default() };
    let long = plan(&Ack::default(), &wish);
    assert_eq!(long.authorities[0].not_after.to_string(), "2076-11-22T08:00:00Z");
    assert!(long.leaves.iter().all(|leaf| leaf.not_after == long.authorities[0].not_after));

    let unasked = plan(&Ack::default(), &Wish::default());
    assert_eq!(unasked.authorities[0].not_after, now() + DAY * 5 * 365, "as the old one");
    assert!(unasked.leaves.iter().all(|leaf| leaf.not_after <= now() + DAY * 5 * 365));

    let leaf = plan(&Ack { ca_days: 900, ..Ack::default() }, &wish);
    assert!(leaf.leaves.iter().all(|leaf| leaf.not_after == now() + DAY * 900));
}

#[test]
fn one_authority_for_clients_and_peers_is_one() {
    let plan = plan(&Ack { one_ca: true, ..Ack::default() }, &Wish::default());
    let ids: Vec<&str> = plan.authorities.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["ca"]);
    assert!(plan.leaves.iter().all(|leaf| leaf.authority == "ca"));
}

#[test]
fn names_that_members_listen_on_or_tell_are_added() {
    let mut facts = Ack::default().facts();
    let components = &mut facts.hosts.get_mut(&host(1)).expect("a host").components;
    components[0].endpoints[0].address = "10.9.9.9:2379".parse().expect("an address");
    let servers = "https://10.0.0.1:2379,https://etcd-1.example:2379";
    components[1].settings.set("etcd-servers", servers);
    let mut health = healthy(&facts);
    let told = health.members.get_mut(&host(2)).expect("a member").as_mut().expect("healthy");
    told.members[1].peer_urls = vec!["https://[fd00::2]:2380".into()];

    let plan = decide(&facts, &health, &Wish::default()).expect("a plan");
    let added =
        |id: &str| plan.leaves.iter().find(|leaf| leaf.id == id).expect(id).added_names.clone();
    assert_eq!(added("etcd-server"), ["10.9.9.9", "etcd-1.example"]);
    assert_eq!(added("10.0.0.2-name-2"), ["fd00::2"]);
    assert_eq!(added("etcd-client"), Vec::<String>::new(), "a client stays without names");
    let told = "\nNote: etcd-server gets the names it lacked: 10.9.9.9, etcd-1.example.\n";
    assert!(plan.to_string().contains(told), "{plan}");
}

#[test]
fn modes_that_cannot_be_are_refused_with_the_reason() {
    let refused = |ack: Ack, mode, compromised| {
        let wish = Wish { mode: Some(mode), compromised, ..Wish::default() };
        let facts = ack.facts();
        decide(&facts, &healthy(&facts), &wish).expect_err("refused")[0].to_string()
    };
    let keyless = || Ack { has_ca_keys: false, ..Ack::default() };
    for (mode, ack, compromised, part) in [
        (Mode::Leaf, keyless(), false, "the key of \"CA\" is on none of the masters"),
        (Mode::Cross, keyless(), false, "the key of \"CA\" is on none of the masters"),
        (Mode::SameKey, Ack::default(), true, "a key that others know is not kept"),
        (
            Mode::Cross,
            Ack { path_length: Some(0), ..Ack::default() },
            false,
            "allows no authority below itself",
        ),
        (Mode::Cross, Ack { ca_days: -1, ..Ack::default() }, false, "--mode cross is not possible"),
    ] {
        let text = refused(ack, mode, compromised);
        assert!(text.contains(part), "{mode}: {text}");
    }
}

#[test]
fn an_authority_that_allows_none_below_takes_a_bundle() {
    let plan = plan(&Ack { path_length: Some(0), ..Ack::default() }, &Wish::default());
    assert_eq!(plan.mode, Mode::Bundle);
    assert!(plan.why.contains("allows no authority below itself"), "{}", plan.why);
}

#[test]
fn a_key_that_others_know_is_replaced_though_it_would_last() {
    let wish = Wish { compromised: true, ..Wish::default() };
    let plan = plan(&Ack { ca_days: 4000, ..Ack::default() }, &wish);
    assert_eq!(plan.mode, Mode::Cross);
}

#[test]
fn dead_leaves_under_a_good_authority_need_no_restart() {
    let plan = plan(&Ack { ca_days: 1500, leaf_days: -3, ..Ack::default() }, &Wish::default());
    assert_eq!(plan.mode, Mode::Leaf);
    assert!(plan.why.contains("expired 3 d 0 h ago"), "{}", plan.why);
    assert!(plan.why.ends_with("No restart needed"), "{}", plan.why);
    assert!(changes(&plan).all(|change| !change.restart));
}

#[test]
fn what_is_down_is_started_once_its_dead_leaf_is_replaced() {
    let ack = Ack { ca_days: 1500, leaf_days: -3, ..Ack::default() };
    let mut facts = ack.facts();
    facts.hosts.get_mut(&host(2)).expect("a host").components[0].process = None;
    let plan = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    let restarted: Vec<_> =
        changes(&plan).filter(|change| change.restart).map(|change| &change.host).collect();
    assert_eq!(restarted, [&host(2)]);
}

/// A plan for kubeadm's layout.
fn kubeadm_plan(cluster: &Kubeadm, wish: &Wish) -> Plan {
    let facts = cluster.facts();
    decide(&facts, &healthy(&facts), wish).unwrap_or_else(|against| panic!("{against:?}"))
}

fn all(mode: Option<Mode>) -> Wish {
    Wish { mode, kubernetes: true, ..Wish::default() }
}

#[test]
fn kubeadms_etcd_alone_leaves_kubernetes_as_it_is() {
    golden("kubeadm-etcd", &kubeadm_plan(&Kubeadm::default(), &Wish::default()));
    let wish = Wish { mode: Some(Mode::Cross), ..Wish::default() };
    golden("kubeadm-etcd-cross", &kubeadm_plan(&Kubeadm::default(), &wish));
}

#[test]
fn leaves_of_kubernetes_are_renewed_with_etcds() {
    golden("kubeadm-leaf", &kubeadm_plan(&Kubeadm::default(), &all(None)));
}

#[test]
fn the_authority_of_kubernetes_changes_into_an_overlap() {
    golden("kubeadm-cross", &kubeadm_plan(&Kubeadm::default(), &all(Some(Mode::Cross))));
}

#[test]
fn with_the_same_key_no_file_of_kubernetes_needs_a_place_of_its_own() {
    golden("kubeadm-same-key", &kubeadm_plan(&Kubeadm::default(), &all(Some(Mode::SameKey))));
}

#[test]
fn a_dead_cluster_of_kubeadm_is_made_anew() {
    let dead = Kubeadm { ca_days: -3, leaf_days: -300, ..Kubeadm::default() };
    golden("kubeadm-sweep", &kubeadm_plan(&dead, &all(None)));
}

#[test]
fn every_place_of_kubeadm_can_be_rendered() {
    for mode in [None, Some(Mode::Cross), Some(Mode::SameKey)] {
        let facts = Kubeadm::default().facts();
        let plan = decide(&facts, &healthy(&facts), &all(mode)).expect("a plan");
        let material = material::make(&plan, &facts, now()).expect("material");
        for change in changes(&plan) {
            for place in &change.places {
                let file = facts.hosts[&change.host].files.get(&place.path);
                let content = file.and_then(|file| file.content.clone());
                let original = content.as_ref().map(|content| content.bytes());
                render::place(place, original, &plan, &material).expect("content");
            }
        }
    }
}

#[test]
fn the_file_that_signs_stays_a_single_certificate() {
    let plan = kubeadm_plan(&Kubeadm::default(), &all(Some(Mode::Cross)));
    let signing = std::path::Path::new("/etc/kubernetes/pki/ca.crt");
    let settings: Vec<_> = changes(&plan)
        .flat_map(|change| &change.places)
        .filter(|place| place.path == signing)
        .flat_map(|place| &place.settings)
        .collect();
    assert!(!settings.is_empty());
    assert!(settings.iter().all(|setting| {
        matches!(setting, crate::plan::Setting::Trust { stage: crate::plan::Stage::New, .. })
    }));
}

#[test]
fn what_cannot_change_without_cutting_kubelets_off_is_refused() {
    let refused = |cluster: Kubeadm, mode| {
        let facts = cluster.facts();
        decide(&facts, &healthy(&facts), &all(mode)).expect_err("refused")[0].to_string()
    };
    let keyless = Kubeadm { has_ca_keys: false, ..Kubeadm::default() };
    let text = refused(keyless, None);
    assert!(text.contains("every kubelet and pod that knows only it would be cut off"), "{text}");

    let units = Kubeadm { has_units: true, ..Kubeadm::default() };
    let text = refused(units, Some(Mode::Cross));
    assert!(text.contains("give its --client-ca-file a file of its own first"), "{text}");
}

#[test]
fn one_authority_for_kubernetes_and_etcd_is_crossed_kept_by_its_key_or_swept_when_it_is_dead() {
    let decided = |ca_days, mode| {
        let cluster = Kubeadm { ca_days, leaf_days: 20, one_ca: true, ..Kubeadm::default() };
        let facts = cluster.facts();
        let plan = decide(&facts, &healthy(&facts), &all(mode));
        plan.map(|plan| (after(&facts, &plan), plan))
    };
    let text = decided(50, Some(Mode::Bundle)).expect_err("refused")[0].to_string();
    assert!(text.contains("every kubelet and pod that knows only it would be cut off"), "{text}");
    for (ca_days, asked, mode) in [
        (50, None, Mode::Cross),
        (50, Some(Mode::SameKey), Mode::SameKey),
        (-3, None, Mode::Sweep),
        (-3, Some(Mode::SameKey), Mode::Sweep),
    ] {
        let (after, plan) =
            decided(ca_days, asked).unwrap_or_else(|no| panic!("{asked:?}: {no:?}"));
        assert_eq!(plan.mode, mode, "{asked:?}");
        assert_eq!(expiry::condition(&after).class, expiry::Class::Sound, "{asked:?}");
    }
}

fn one_ca() -> Kubeadm {
    Kubeadm { ca_days: 50, leaf_days: 40, one_ca: true, ..Kubeadm::default() }
}

#[test]
fn where_etcd_and_kubernetes_have_one_authority_etcd_leaves_it_and_kubernetes_overlaps() {
    golden("kubeadm-one-ca-cross", &kubeadm_plan(&one_ca(), &all(None)));
}

#[test]
fn one_authority_is_not_exchanged_for_etcd_alone() {
    let facts = one_ca().facts();
    let refused = decide(&facts, &healthy(&facts), &Wish::default()).expect_err("refused");
    let text = refused[0].to_string();
    assert!(text.starts_with("\"kubernetes\" also signs "), "{text}");
    assert!(text.contains("master-3: /etc/kubernetes/pki/apiserver.crt"), "{text}");
    for way in ["doorward pki renew --kubernetes;", "doorward pki renew --mode same-key"] {
        assert!(text.contains(way), "{text}");
    }
}

#[test]
fn etcd_and_kubernetes_that_go_by_one_file_keep_its_key() {
    let mut facts = one_ca().facts();
    for trust in facts.hosts.values_mut().flat_map(|host| &mut host.components[0].trusts) {
        trust.path = "/etc/kubernetes/pki/ca.crt".into();
    }
    let decided = |mode| decide(&facts, &healthy(&facts), &all(mode));
    let refused = decided(None).expect_err("refused");
    assert_eq!(refused.len(), 3, "one a host: {refused:?}");
    let text = refused[0].to_string();
    let start = "master-1: /etc/kubernetes/pki/ca.crt: etcd and Kubernetes go by this one file";
    assert!(text.starts_with(start), "{text}");
    assert!(text.ends_with("doorward pki renew --kubernetes --mode same-key"), "{text}");
    let plan = decided(Some(Mode::SameKey)).expect("a plan");
    assert_eq!(expiry::condition(&after(&facts, &plan)).class, expiry::Class::Sound);
}

#[test]
fn a_copy_of_the_admins_kubeconfig_is_renewed_along() {
    let mut facts = Kubeadm::default().facts();
    let [admin, copy] = ["/etc/kubernetes/admin.conf", "/root/.kube/config"].map(Path::new);
    for host in facts.hosts.values_mut() {
        let seen = host.files[admin].clone();
        host.files.insert(copy.into(), crate::FileSeen { path: copy.into(), ..seen });
        host.idle_kubeconfigs.push(copy.into());
    }
    let plan = decide(&facts, &healthy(&facts), &all(None)).expect("a plan");
    let after = after(&facts, &plan);
    for (name, host) in &after.hosts {
        let [ours, theirs] = [admin, copy].map(|path| &host.files[path].content);
        assert_eq!(ours, theirs, "{name}");
        assert_ne!(ours, &facts.hosts[name].files[admin].content, "{name}");
    }
}

/// The facts as they are once a plan was carried out.
fn after(facts: &Facts, plan: &Plan) -> Facts {
    let material = material::make(plan, facts, now()).expect("material");
    let mut facts = facts.clone();
    for change in changes(plan) {
        let files = &mut facts.hosts.get_mut(&change.host).expect("a host").files;
        for place in &change.places {
            let file = files.entry(place.path.clone()).or_default();
            let original = file.content.as_ref().map(|content| content.bytes());
            file.content = Some(render::place(place, original, plan, &material).expect("content"));
        }
    }
    facts
}

#[test]
fn a_plan_carried_out_leaves_a_sound_cluster() {
    let ack = Ack::default();
    for (mode, facts) in [
        (None, ack.facts()),
        (Some(Mode::Bundle), ack.facts()),
        (Some(Mode::SameKey), ack.facts()),
        (None, Ack { ca_days: -3, ..Ack::default() }.facts()),
    ] {
        let wish = Wish { mode, ..Wish::default() };
        let plan = decide(&facts, &healthy(&facts), &wish).expect("a plan");
        let facts = after(&facts, &plan);
        assert_eq!(expiry::condition(&facts).class, expiry::Class::Sound, "{mode:?}");
        let next = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
        assert_eq!(next.mode, Mode::Leaf, "{mode:?}: {}", next.why);
        assert!(next.authorities.is_empty(), "no authority is due again");
    }
}

#[test]
fn a_host_that_was_left_out_follows_alone() {
    let facts = Ack::default().facts();
    let wish = Wish { exclude: vec![host(3)], ..Wish::default() };
    let first = decide(&facts, &healthy(&facts), &wish).expect("a plan");
    assert_eq!(first.pending, [host(3)]);
    let facts = after(&facts, &first);

    let mut health = healthy(&facts);
    health.members.insert(host(3), Err("certificate signed by unknown authority".into()));
    let second = decide(&facts, &health, &Wish::default()).expect("a plan");
    assert_eq!(
        second.why,
        "master-3 was left behind: \"CA\" gives way to \"CA@1795334400\", \"Peer-CA\" gives way to \
         \"Peer-CA@1795334400\", as on the others"
    );
    assert!(changes(&second).all(|change| change.host == host(3)));
    assert!(changes(&second).all(|change| change.restart));
    let facts = after(&facts, &second);
    assert_eq!(expiry::condition(&facts).class, expiry::Class::Sound);
    let trust = |number: usize| {
        let path = std::path::Path::new("/var/lib/etcd/cert/peer-ca.pem");
        facts.hosts[&host(number)].files[path].content.clone()
    };
    assert_eq!(trust(1), trust(3));
}

#[test]
fn a_host_that_a_sweep_could_not_reach_follows_when_it_is_back() {
    let found = Ack { ca_days: -3, ..Ack::default() }.facts();
    let mut reached = found.clone();
    let away = reached.hosts.get_mut(&host(3)).expect("a host");
    *away = crate::HostFacts { unreached: Some("no route".into()), ..Default::default() };
    let sweep = decide(&reached, &Health::default(), &Wish::default()).expect("a plan");
    assert_eq!((sweep.mode, &sweep.pending), (Mode::Sweep, &vec![host(3)]));

    let mut back = after(&reached, &sweep);
    back.hosts.insert(host(3), found.hosts[&host(3)].clone());
    let mut health = healthy(&back);
    health.members.insert(host(3), Err("certificate has expired".into()));
    let plan = decide(&back, &health, &Wish::default()).expect("a plan");
    assert!(plan.why.starts_with("master-3 was left behind"), "{}", plan.why);
    assert!(changes(&plan).all(|change| change.host == host(3)));
    assert_eq!(expiry::condition(&after(&back, &plan)).class, expiry::Class::Sound);
}

#[test]
fn a_run_that_was_cut_off_is_no_host_left_behind() {
    let facts = Ack::default().facts();
    let mut plan = plan(&Ack::default(), &Wish::default());
    plan = decide(&facts, &healthy(&facts), &Wish { mode: Some(plan.mode), ..Wish::default() })
        .expect("a plan");
    // Two members present new leaves, and all still trust the old authority.
    let is_leaf_of_3 = |step: &crate::plan::Step| matches!(&step.act, Act::Change(change) if change.host == host(3));
    plan.steps.retain(|step| step.phase == crate::plan::Phase::Leaves && !is_leaf_of_3(step));
    let facts = after(&facts, &plan);
    let next = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    assert!(!next.why.contains("left behind"), "{}", next.why);
}

#[test]
fn the_overlap_of_kubernetes_ends_when_that_is_asked_for_and_nobody_needs_it() {
    let facts = Kubeadm::default().facts();
    let plan = decide(&facts, &healthy(&facts), &all(Some(Mode::Cross))).expect("a plan");
    let mut facts = after(&facts, &plan);
    let bundle = std::path::PathBuf::from("/etc/kubernetes/pki/ca-bundle.crt");
    for facts in facts.hosts.values_mut() {
        // As the manifest says by now.
        facts.components[1].trusts[0].path = bundle.clone();
    }
    let unasked = decide(&facts, &healthy(&facts), &all(None)).expect("a plan");
    assert!(changes(&unasked).all(|change| change.places.iter().all(|place| place.path != bundle)));

    let wish = Wish { drop_old: true, ..all(None) };
    let drop = decide(&facts, &healthy(&facts), &wish).expect("a plan");
    assert_eq!(drop.why, "the overlap ends: \"kubernetes\" gives way to \"kubernetes@1795334400\"");
    golden("kubeadm-drop", &drop);
    let dropped = after(&facts, &drop);
    let content = dropped.hosts[&host(1)].files[&bundle].content.clone().expect("content");
    let names: Vec<_> =
        crate::pem::certificates(content.bytes()).iter().map(|one| one.name().to_owned()).collect();
    assert_eq!(names, ["kubernetes@1795334400"]);
    decide(&dropped, &healthy(&dropped), &wish).expect_err("there is nothing left to drop");
}

#[test]
fn the_overlap_goes_on_while_somebody_holds_an_old_leaf() {
    let facts = Kubeadm::default().facts();
    let plan = decide(&facts, &healthy(&facts), &all(Some(Mode::Cross))).expect("a plan");
    let mut done = after(&facts, &plan);
    let kubelet = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    let path = std::path::Path::new("/etc/kubernetes/pki/apiserver-kubelet-client.crt");
    let old = facts.hosts[&host(1)].files[path].clone();
    done.hosts.get_mut(&host(2)).expect("a host").files.insert(kubelet.into(), old);
    let wish = Wish { drop_old: true, ..all(None) };
    let refused = decide(&done, &healthy(&done), &wish).expect_err("a kubelet needs it");
    let text = refused[0].to_string();
    assert!(
        text.starts_with("\"kubernetes\" also signs 1 other certificates: master-2: "),
        "{text}"
    );
    assert!(text.ends_with("They would be refused when it is dropped; renew them first"), "{text}");
}

#[test]
fn copies_of_other_members_pairs_change_along_and_get_no_names_from_where_they_lie() {
    let mut facts = Ack::default().facts();
    let names = ["10.0.0.2-name-2.pem", "10.0.0.2-name-2-key.pem"];
    let [certificate, key] =
        names.map(|name| std::path::PathBuf::from(format!("{}/{name}", crate::example::DIRECTORY)));
    let files = [&certificate, &key].map(|path| facts.hosts[&host(2)].files[path].clone());
    let first = facts.hosts.get_mut(&host(1)).expect("a host");
    for file in files {
        first.files.insert(file.path.clone(), file);
    }
    first.components[0].pairs.push(crate::Pair {
        purpose: crate::Purpose::EtcdPeer,
        certificate: certificate.clone(),
        key,
        reread: crate::Reread::Never,
    });
    let plan = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    let leaf = plan.leaves.iter().find(|leaf| leaf.id == "10.0.0.2-name-2").expect("the leaf");
    assert_eq!((leaf.added_names.len(), leaf.kept_at.len()), (0, 2));
    let done = after(&facts, &plan);
    let content = |number: usize| done.hosts[&host(number)].files[&certificate].content.clone();
    assert_eq!(content(1), content(2));
}

mod external;
mod half_done;
mod owned;
