//! One plan on one simulated cluster, with the operator's folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Mutex,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use tempfile::TempDir;

use crate::{
    Facts, FileSeen, Health, HostFacts, HostName, Inventory, Mode, Pair, Plan, Program, Purpose,
    Reread, Step, Trust,
    example::{Ack, DAY, TestCa, file},
    execute::{Executor, Halt, Progress},
    expiry::{Class, condition},
    facts::Attributes,
    finding::Finding,
    inventory::{Host, Layout, SshSettings},
    plan::{Wish, decide},
    run::{RunFolder, Scene},
    simulated::{File, Simulated, look},
};

pub(super) struct Trial {
    pub sim: Simulated,
    pub plan: Plan,
    pub before: BTreeMap<(HostName, PathBuf), File>,
    pub state: TempDir,
    pub screen: Screen,
    /// A host that cannot be reached when a plan is made.
    pub away: Option<HostName>,
    /// Some could not talk to each other before, or may not meanwhile.
    is_excused: bool,
    found: Facts,
    /// Whose stale lock is taken.
    break_lock: Option<String>,
}

/// What the operator saw.
#[derive(Default)]
pub(super) struct Screen(Mutex<Vec<String>>);

impl Screen {
    pub(super) fn text(&self) -> String {
        self.0.lock().expect("no test panics while it reads").join("\n")
    }

    fn say(&self, text: &str) {
        self.0.lock().expect("no test panics while it writes").push(text.to_owned());
    }
}

impl Progress for Screen {
    fn step(&self, _: &Step, what: &str) {
        self.say(what);
    }

    fn note(&self, text: &str) {
        self.say(text);
    }
}

/// The user that etcd runs as.
const ETCD: u32 = 102;

impl Trial {
    pub(super) fn new(ack: &Ack, wish: &Wish) -> Self {
        Self::of(lived_in(ack.facts()), wish)
    }

    pub(super) fn of(found: Facts, wish: &Wish) -> Self {
        Self::without(found, None, wish)
    }

    /// With a host that cannot be reached yet.
    pub(super) fn without(found: Facts, away: Option<HostName>, wish: &Wish) -> Self {
        let sim = Simulated::of(&found);
        let state = folder();
        let (facts, health) = seen(&sim, &found, away.as_ref());
        let plan = decide(&facts, &health, wish).unwrap_or_else(|against| panic!("{against:?}"));
        begin(&state, &plan, &facts, &health);
        sim.faults().count_anew();
        let (before, screen) = (sim.files(), Screen::default());
        let is_excused = plan.mode == Mode::Sweep;
        Self { sim, plan, before, state, screen, away, is_excused, found, break_lock: None }
    }

    /// Another run, planned of how the cluster is by now.
    pub(super) fn begin_anew(&mut self, wish: &Wish) -> Result<(), Vec<Finding>> {
        let (facts, health) = seen(&self.sim, &self.found, self.away.as_ref());
        self.plan = decide(&facts, &health, wish)?;
        begin(&self.state, &self.plan, &facts, &health);
        self.is_excused |= self.plan.mode == Mode::Sweep;
        self.before = self.sim.files();
        Ok(())
    }

    /// As `rollback --reissue` does it.
    pub(super) async fn reissue(&mut self) -> Result<(), Halt> {
        {
            let folder = self.folder();
            self.executor(&folder).give_up().await;
        }
        // New authorities are told apart by the second in which they were planned.
        self.sim.state().advance(Duration::from_secs(1));
        self.begin_anew(&Wish { repair: true, accepts_absence: true, ..Wish::default() })
            .unwrap_or_else(|against| panic!("{against:#?}"));
        self.renew().await
    }

    pub(super) fn breaking(mut self, run: &str) -> Self {
        self.break_lock = Some(run.to_owned());
        self
    }

    fn folder(&self) -> RunFolder {
        RunFolder::open(self.state.path(), None).expect("the run")
    }

    /// Begins the run, or goes on with it; panics if a fault kills it.
    pub(super) async fn renew(&self) -> Result<(), Halt> {
        self.renew_or_die().await.expect("no kill was planned")
    }

    /// None: killed.
    pub(super) async fn renew_or_die(&self) -> Option<Result<(), Halt>> {
        let folder = self.folder();
        let mut executor = self.executor(&folder);
        self.sim.faults().process(executor.forward()).await
    }

    pub(super) async fn roll_back(&self) -> Result<(), Halt> {
        self.roll_back_or_die().await.expect("no kill was planned")
    }

    pub(super) async fn roll_back_or_die(&self) -> Option<Result<(), Halt>> {
        let folder = self.folder();
        let mut executor = self.executor(&folder);
        self.sim.faults().process(executor.back()).await
    }

    /// What the look at the end of a run says now: of all that is new, or of all that was.
    pub(super) async fn verify(&self, is_back: bool) -> Result<(), String> {
        let folder = self.folder();
        let verified = self.executor(&folder).verify_ends(is_back).await;
        verified.map_err(|fault| fault.to_string())
    }

    fn executor<'a>(&'a self, folder: &'a RunFolder) -> Executor<'a, Simulated, Simulated> {
        let who = "root@ops1 pid 1".to_owned();
        let executor = Executor::open(&self.sim, &self.sim, &self.screen, folder, who);
        executor.expect("the run's files").breaking(self.break_lock.clone())
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.screen.text().lines().map(str::to_owned).collect()
    }

    /// As if something else had been found when the run began.
    pub(super) fn found(&self, change: impl FnOnce(&mut Scene)) {
        let folder = self.folder();
        let mut scene = folder.scene().expect("a scene");
        change(&mut scene);
        let text = serde_json::to_vec(&scene).expect("JSON");
        std::fs::write(folder.path().join("scene.json"), text).expect("the run's folder is ours");
    }

    /// Everybody trusts and presents what is new, nothing is left of the run on the hosts, and no
    /// state on the way was an illegal one.
    pub(super) fn assert_renewed(&self) {
        self.assert_clean();
        let state = self.sim.state();
        let mut authorities = BTreeSet::new();
        for (host, machine) in &state.machines {
            let Some(etcd) = machine.running.get(&Program::Etcd) else { continue };
            let trusted = &etcd.trusts[&Purpose::EtcdPeer];
            let pair = state.chain(host, Program::Etcd, Purpose::EtcdPeer).expect("a whole pair");
            let is_new = pair[0].not_before > state.now - DAY * 2;
            assert!(is_new || self.plan.leaves.is_empty(), "{host} presents {:?}", pair[0]);
            authorities.extend(trusted.iter().map(|one| one.fingerprint.clone()));
            if self.plan.mode != Mode::Leaf {
                assert_eq!(trusted.len(), 1, "{host} trusts {trusted:?}");
            }
            if !matches!(self.plan.mode, Mode::Leaf | Mode::SameKey) {
                assert!(trusted[0].not_before > state.now - DAY * 2, "{host} trusts {trusted:?}");
            }
        }
        assert_eq!(authorities.len(), 1, "all members live by one authority");
        drop(state);
        self.assert_healthy();
    }

    /// Whatever there was before: all members present leaves of one authority and trust the same.
    pub(super) fn assert_one_set(&self) {
        self.assert_clean();
        let state = self.sim.state();
        let (mut issuers, mut trusts) = (BTreeSet::new(), BTreeSet::new());
        for (host, machine) in &state.machines {
            let trusted = &machine.running[&Program::Etcd].trusts[&Purpose::EtcdPeer];
            trusts.insert(trusted.iter().map(|one| &one.fingerprint).collect::<BTreeSet<_>>());
            let pair = state.chain(host, Program::Etcd, Purpose::EtcdPeer).expect("a whole pair");
            issuers.insert(pair[0].issuer.clone());
        }
        assert_eq!((issuers.len(), trusts.len()), (1, 1), "{issuers:?}, {trusts:?}");
        drop((issuers, trusts));
        drop(state);
        self.assert_healthy();
    }

    fn assert_healthy(&self) {
        let (facts, health) = seen(&self.sim, &self.found, None);
        assert_eq!(condition(&facts).class, Class::Sound);
        assert!(health.members.values().all(Result::is_ok), "{:?}", health.members);
    }

    /// Every file is what it was, with all its attributes.
    pub(super) fn assert_as_before(&self) {
        self.assert_clean();
        let after = self.sim.files();
        for (key, file) in &self.before {
            assert_eq!(after.get(key), Some(file), "{key:?}");
        }
        let new: Vec<_> = after.keys().filter(|key| !self.before.contains_key(key)).collect();
        assert!(new.iter().all(|(_, path)| path.starts_with("/var/lib/pki")), "{new:?}");
    }

    fn assert_clean(&self) {
        self.assert_sound();
        let state = self.sim.state();
        assert!(state.can_write());
        assert_eq!(state.api.probe, None);
        for (host, machine) in &state.machines {
            assert_eq!(machine.lock, None, "{host}");
            let staged: Vec<_> = machine
                .files
                .keys()
                .filter(|path| path.to_string_lossy().contains(".pki-"))
                .collect();
            assert!(staged.is_empty(), "{host}: {staged:?}");
        }
    }

    /// What holds at every moment, also right after a kill: no state was an illegal one, and keys
    /// are their owner's alone.
    pub(super) fn assert_sound(&self) {
        let state = self.sim.state();
        if !self.is_excused {
            assert!(state.illegal.is_empty(), "{:?}", state.illegal);
        }
        for (host, machine) in &state.machines {
            for (path, file) in &machine.files {
                let is_closed = file.attributes.mode & 0o077 == 0;
                let mut parts = file.content.bytes().windows(11);
                let holds_key = !is_closed && parts.any(|part| part == b"PRIVATE KEY");
                assert!(!holds_key, "{host}:{}", path.display());
            }
        }
    }
}

/// What a person would talk to the API servers with.
fn add_admin(host: &mut HostFacts, authority: &TestCa) {
    let (certificate, key) = authority.leaf("kubernetes-admin", &[], 3000);
    let [certificate, key] = [certificate, key].map(|pem| STANDARD.encode(pem));
    let text = format!("client-certificate-data: {certificate}\nclient-key-data: {key}\n");
    let (admin, trusted) = ("/etc/kubernetes/admin.conf", "/etc/kubernetes/pki/apiserver-ca.crt");
    host.files.insert(admin.into(), file(admin, &text));
    host.files.insert(trusted.into(), file(trusted, &authority.pem));
    host.idle_kubeconfigs.push(admin.into());
    let server = host.components.iter_mut().find(|one| one.program == Program::KubeApiserver);
    server.expect("it has one").trusts.push(Trust {
        purpose: Purpose::ApiserverClients,
        path: trusted.into(),
        reread: Reread::Always,
    });
}

/// In memory where there is such a place: every line of a run is synced, and there are many runs.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

fn seen(sim: &Simulated, found: &Facts, away: Option<&HostName>) -> (Facts, Health) {
    let (mut facts, mut health) = look(sim, found, &inventory(found));
    if let Some(away) = away {
        let unreached = Some("no route to host".to_owned());
        facts.hosts.insert(away.clone(), HostFacts { unreached, ..HostFacts::default() });
        health.members.remove(away);
    }
    (facts, health)
}

fn begin(state: &TempDir, plan: &Plan, facts: &Facts, health: &Health) {
    let scene = Scene::of(facts, health, &inventory(facts));
    let folder = RunFolder::create(state.path(), &[]).expect("a run");
    folder.begin(plan, &scene, facts).expect("a run");
}

/// With copies lying about as ACK's installer leaves them, and with an owner, modes and times that
/// differ from file to file.
pub(super) fn lived_in(mut facts: Facts) -> Facts {
    let now = facts.now;
    let peers: Vec<_> = facts.hosts.values().filter_map(peer_pair).collect();
    let kubernetes = TestCa::new("kubernetes", &Ack { ca_days: 3000, ..Ack::default() });
    for host in facts.hosts.values_mut() {
        add_admin(host, &kubernetes);
        for (pair, files) in &peers {
            host.files.extend(files.iter().map(|file| (file.path.clone(), file.clone())));
            let etcd = &mut host.components[0];
            if !etcd.pairs.iter().any(|known| known.certificate == pair.certificate) {
                etcd.pairs.push(pair.clone());
            }
        }
        let path = "/etc/kubernetes/pki/etcd/ca.pem".into();
        let copy = Trust { purpose: Purpose::EtcdServer, path, reread: Reread::Never };
        host.components[0].trusts.push(copy);
        for (index, file) in host.files.values_mut().enumerate() {
            let is_key = file.path.to_string_lossy().contains("key");
            file.attributes = Attributes {
                mode: if is_key { 0o600 } else { 0o644 },
                uid: ETCD,
                gid: ETCD,
                modified: now - DAY * i32::try_from(100 + index).expect("few files"),
                hard_links: 1,
                label: None,
                fixed: None,
            };
        }
        for component in &mut host.components {
            if let (Program::Etcd, Some(process)) = (component.program, &mut component.process) {
                (process.uid, process.gid) = (ETCD, ETCD);
            }
        }
    }
    facts
}

/// A member's own pair as it lies on the other hosts.
fn peer_pair(host: &HostFacts) -> Option<(Pair, [FileSeen; 2])> {
    let pairs = &host.components[0].pairs;
    let own = pairs.iter().find(|pair| pair.purpose == Purpose::EtcdPeer)?;
    let files = [&own.certificate, &own.key].map(|path| host.files[path].clone());
    Some((Pair { reread: Reread::Never, ..own.clone() }, files))
}

fn inventory(facts: &Facts) -> Inventory {
    let host = |name: &HostName| Host {
        name: name.clone(),
        address: name.0.clone(),
        port: None,
        roles: [].into(),
        state_dir: "/var/lib/pki".into(),
        overrides: BTreeMap::new(),
    };
    Inventory {
        name: "test".to_owned(),
        ssh: SshSettings::default(),
        layout: Layout::Auto,
        hosts: facts.hosts.keys().map(host).collect(),
    }
}
