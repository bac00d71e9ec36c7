//! One machine: its files, what runs on it, and its lock.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::State;
use crate::{
    Component, FileSeen, HostFacts, HostName, Program, Purpose, Reread,
    certificate::Certificate,
    facts::{Attributes, Content},
    journal::LockOwner,
    pem,
};

/// What a file is to a comparison: bytes and all attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub digest: String,
    pub content: Content,
    pub attributes: Attributes,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub files: BTreeMap<PathBuf, File>,
    pub components: Vec<Component>,
    pub running: BTreeMap<Program, Running>,
    /// Pairs that a product took away and has not made anew.
    pub taken: Vec<super::product::Taken>,
    pub lock: Option<LockOwner>,
    /// Its API server notices neither that files change nor what its manifest names by now.
    pub is_deaf: bool,
    pub appended: BTreeMap<PathBuf, Vec<String>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub pid: u32,
    pub started: Timestamp,
    /// From when on somebody listens.
    pub ready: Timestamp,
    /// From when on it takes part; between the two a member replays its log.
    pub whole: Timestamp,
    /// As it was at the start; what is read again by itself may be otherwise by now.
    pub trusts: BTreeMap<Purpose, Vec<Certificate>>,
    /// Files that it was told of otherwise than it was found with.
    pub told: BTreeMap<Purpose, PathBuf>,
}

/// How long an orderly stop takes, and until a program answers.
pub(super) const STOPPING: Duration = Duration::from_millis(200);
pub(super) const STARTING: Duration = Duration::from_millis(700);

impl Machine {
    pub(super) fn of(host: &HostFacts) -> Self {
        let mut machine = Self { components: host.components.clone(), ..Self::default() };
        for (path, seen) in &host.files {
            if let Some(content) = &seen.content {
                machine.put(path, content.clone(), seen.attributes.clone());
            }
        }
        machine
    }

    pub(crate) fn put(&mut self, path: &Path, content: Content, attributes: Attributes) {
        let digest = content.digest();
        self.files.insert(path.to_owned(), File { digest, content, attributes });
    }

    pub(crate) fn component(&self, program: Program) -> Option<&Component> {
        self.components.iter().find(|component| component.program == program)
    }

    pub(crate) fn seen(&self, path: &Path) -> FileSeen {
        let file = self.files.get(path);
        FileSeen {
            path: path.to_owned(),
            links: Vec::new(),
            target: path.to_owned(),
            attributes: file.map(|file| file.attributes.clone()).unwrap_or_default(),
            content: file.map(|file| file.content.clone()),
            problem: file.is_none().then(|| "there is no such file".to_owned()),
        }
    }

    /// The kernel's answer for a user who is not root.
    pub(crate) fn can_read(&self, uid: u32, path: &Path) -> bool {
        let Some(file) = self.files.get(path) else { return false };
        let Attributes { mode, uid: owner, .. } = file.attributes;
        uid == 0 || (owner == uid && mode & 0o400 != 0) || mode & 0o004 != 0
    }

    /// Certificates that a program finds in a file.
    pub(crate) fn certificates(&self, path: &Path) -> Vec<Certificate> {
        self.files.get(path).map(|file| pem::certificates(file.content.bytes())).unwrap_or_default()
    }

    /// Whom a running program trusts by now.
    pub(super) fn trusted(
        &self,
        program: Program,
        purpose: Purpose,
    ) -> Option<Cow<'_, [Certificate]>> {
        let Running { trusts, told, .. } = self.running.get(&program)?;
        let component = self.component(program)?;
        let mut reread = component.trusts.iter().filter(|trust| {
            trust.purpose == purpose && trust.reread == Reread::Always && !self.is_deaf
        });
        match reread.next() {
            Some(trust) => {
                let path = told.get(&purpose).unwrap_or(&trust.path);
                Some(self.certificates(path).into())
            }
            None => Some(trusts.get(&purpose)?.into()),
        }
    }

    /// The file that a static pod's manifest names for clients' authorities.
    fn told(&self, component: &Component) -> Option<PathBuf> {
        if self.is_deaf {
            return None;
        }
        let manifest = self.files.get(component.run_by.manifest()?)?;
        let text = String::from_utf8_lossy(manifest.content.bytes());
        let (_, rest) = text.split_once("--client-ca-file=")?;
        rest.lines().next().map(PathBuf::from)
    }

    /// Both files of a pair, if the program can open them.
    pub(super) fn pair(&self, program: Program, purpose: Purpose) -> Option<(&File, &File)> {
        let component = self.component(program)?;
        let pairs = component.pairs.iter().filter(|pair| pair.purpose == purpose);
        let pair = pairs.min_by_key(|pair| pair.reread == Reread::Never)?;
        let uid = component.process.as_ref().map_or(0, |process| process.uid);
        let may = self.can_read(uid, &pair.certificate) && self.can_read(uid, &pair.key);
        may.then_some((self.files.get(&pair.certificate)?, self.files.get(&pair.key)?))
    }
}

impl State {
    pub(super) fn load_all(&mut self) {
        let started = self.now;
        for machine in self.machines.values_mut() {
            for component in machine.components.clone() {
                if let Some(process) = &component.process {
                    let (pid, began) = (process.pid, process.started);
                    machine.load(component.program, pid, began, [started, started]);
                }
            }
        }
    }

    /// `slow`: how long it is silent, and how long it replays after that.
    pub(super) fn start(&mut self, host: &HostName, program: Program, slow: [Duration; 2]) {
        let ready = self.now + STARTING + slow[0];
        let (now, whole) = (self.now, ready + slow[1]);
        self.wakes.insert(whole);
        let pid = 1000 + u32::try_from(self.calls.len()).expect("few calls");
        self.writer.restarts += 1;
        if let Some(machine) = self.machines.get_mut(host) {
            machine.load(program, pid, now, [ready, whole]);
        }
    }

    pub(super) fn listens(&self, host: &HostName, program: Program) -> bool {
        let running = self.machines.get(host).and_then(|machine| machine.running.get(&program));
        running.is_some_and(|running| running.ready <= self.now)
    }

    /// Hosts on which the program takes part.
    pub(super) fn up(&self, program: Program) -> BTreeSet<HostName> {
        let up = |machine: &Machine| {
            machine.running.get(&program).is_some_and(|running| running.whole <= self.now)
        };
        let up = self.machines.iter().filter(|(_, machine)| up(machine));
        up.map(|(host, _)| host.clone()).collect()
    }
}

impl Machine {
    /// `times`: from when on it listens, and takes part.
    fn load(&mut self, program: Program, pid: u32, started: Timestamp, times: [Timestamp; 2]) {
        let [ready, whole] = times;
        let Some(component) = self.component(program) else { return };
        let told = self.told(component).filter(|_| program == Program::KubeApiserver);
        let told: BTreeMap<_, _> =
            told.map(|path| (Purpose::ApiserverClients, path)).into_iter().collect();
        let trusts = component.trusts.iter().filter(|trust| trust.reread != Reread::Never);
        let trusts = trusts.map(|trust| {
            let path = told.get(&trust.purpose).unwrap_or(&trust.path);
            (trust.purpose, self.certificates(path))
        });
        let trusts = trusts.collect();
        self.running.insert(program, Running { pid, started, ready, whole, trusts, told });
    }
}
