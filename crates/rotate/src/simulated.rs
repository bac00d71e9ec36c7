//! A cluster in memory, for tests: machines with files and programs that load their trust when
//! they start and their pairs at each handshake, members that need each other, a writer that
//! counts what it cannot write, a clock of its own, and faults at any call.
//!
//! Certificates are real; who accepts whom is decided by them and by nothing else.

mod api_server;
mod clock;
mod door;
mod etcd;
mod fault;
mod look;
mod machine;
mod product;
mod site;
mod trust;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use jiff::Timestamp;

pub(crate) use fault::Fault;
pub(crate) use look::look;
pub(crate) use machine::{File, Machine};

use crate::{Facts, HostName, facts::Content};
use api_server::Api;
use etcd::Etcd;
use fault::Faults;
use trust::Judge;

pub(crate) struct Simulated {
    state: Mutex<State>,
    faults: Faults,
}

pub(crate) struct State {
    pub now: Timestamp,
    pub machines: BTreeMap<HostName, Machine>,
    pub etcd: Etcd,
    pub writer: Writer,
    pub api: Api,
    /// Programs that could not talk to each other, or would not have after a restart.
    pub illegal: BTreeSet<String>,
    /// Everything that was asked, shortly.
    pub calls: Vec<String>,
    /// When programs that were started begin to answer.
    wakes: BTreeSet<Timestamp>,
    judge: Judge,
}

/// A client with a connection to each member that it can have one with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    pub longest_gap: Duration,
    pub restarts: u32,
    gap: Duration,
}

impl Simulated {
    /// The cluster of the facts, running since before them.
    pub(crate) fn of(facts: &Facts) -> Self {
        let machines = facts.hosts.iter().map(|(name, host)| (name.clone(), Machine::of(host)));
        let mut state = State {
            now: facts.now,
            machines: machines.collect(),
            etcd: Etcd::default(),
            writer: Writer::default(),
            api: Api::default(),
            illegal: BTreeSet::new(),
            calls: Vec::new(),
            wakes: BTreeSet::new(),
            judge: Judge::default(),
        };
        state.load_all();
        state.settle();
        Self { state: Mutex::new(state), faults: Faults::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the state")
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Every file of every machine with its attributes, for comparing.
    pub(crate) fn files(&self) -> BTreeMap<(HostName, std::path::PathBuf), File> {
        let state = self.state();
        let files = state.machines.iter().flat_map(|(host, machine)| {
            machine.files.iter().map(|(path, file)| ((host.clone(), path.clone()), file.clone()))
        });
        files.collect()
    }
}

impl State {
    /// Time goes by; the writer writes, or does not. Who accepts whom is looked at anew only when
    /// somebody wakes: whoever changes something else does so himself.
    pub(crate) fn advance(&mut self, time: Duration) {
        if self.etcd.is_writable {
            self.writer.gap = Duration::ZERO;
        } else {
            self.writer.gap += time;
            self.writer.longest_gap = self.writer.longest_gap.max(self.writer.gap);
        }
        self.now += time;
        if self.wakes.first().is_some_and(|wake| *wake <= self.now) {
            self.wakes.retain(|wake| *wake > self.now);
            self.settle();
        }
        self.etcd.work_on(self.now);
    }
}

/// Bytes for a test's own file.
pub(crate) fn text(text: &str) -> Content {
    Content::new(text.as_bytes().to_vec())
}
