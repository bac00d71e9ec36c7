//! Which of several processes, units and static pods of one program are the cluster's: beside
//! the cluster's etcd an application, or Calico, may bring one of its own.
//!
//! What starts the cluster's is called after the program. A process is a unit's by its id or its
//! control group, and a pod's by what no two of a kind can have in common on one machine.

use super::{container, manifest::PodProgram, program_of, told, unit};
use crate::{
    Process, Program, RunBy,
    settings::Settings,
    site::{Survey, Unit},
};

/// Flags whose values one machine cannot have twice. The scripts that find a process again know
/// the same (`scripts/program.sh`).
const OWN: [&str; 5] =
    ["data-dir", "listen-client-urls", "listen-peer-urls", "secure-port", "config-file"];

/// What starts a program.
pub(super) enum Starter<'a> {
    /// With the command that it has a process run, as far as that can be told.
    Unit {
        unit: &'a Unit,
        command: Vec<String>,
    },
    Pod(Box<PodProgram>),
}

/// What of a program is the cluster's on a host.
#[derive(Default)]
pub(super) struct Chosen<'a> {
    pub starter: Option<Starter<'a>>,
    pub process: Option<&'a Process>,
    /// Who is there as well, and let alone.
    pub notes: Vec<String>,
    /// Where it cannot be told.
    pub doubts: Vec<String>,
}

pub(super) fn choose<'a>(
    program: Program,
    survey: &'a Survey,
    starters: Vec<Starter<'a>>,
) -> Chosen<'a> {
    let processes = survey.processes.iter().filter(|(found, _)| *found == program);
    let processes: Vec<&Process> = processes.map(|(_, process)| process).collect();
    let mut chosen = Chosen::default();
    let (mut likely, mut others): (Vec<_>, Vec<_>) =
        starters.into_iter().partition(|starter| starter.is_called(program));
    if likely.is_empty() {
        likely = std::mem::take(&mut others);
    }
    // Of a unit and a pod, one is mostly left over from earlier days: what does not run; the unit
    // where neither does, since a kubelet starts whatever its folder holds.
    let runs = |starter: &Starter<'_>| starter.runs(program, &processes);
    let is_pod = |starter: &Starter<'_>| matches!(starter, Starter::Pod(_));
    if likely.len() > 1 {
        let is_any_running = likely.iter().any(runs);
        let (rather, left): (Vec<_>, Vec<_>) = likely
            .into_iter()
            .partition(|starter| if is_any_running { runs(starter) } else { is_pod(starter) });
        (likely, others) = match rather.is_empty() {
            true => (left, others),
            false => (rather, others.into_iter().chain(left).collect()),
        };
    }
    if likely.len() > 1 {
        let names = likely.iter().map(|one| format!("\n  {}", one.name())).collect::<String>();
        chosen.doubts.push(format!(
            "several things start {program} here, and none of them is known to be the \
             cluster's:{names}\n  {}",
            cure(program)
        ));
    }
    let mut likely = likely.into_iter();
    chosen.starter = likely.next();
    others.extend(likely);
    let own = own(program, chosen.starter.as_ref(), &others, &processes);
    chosen.process = own.first().copied();
    if own.len() > 1 {
        let found = own.iter().map(|one| format!("\n  {}", described(one))).collect::<String>();
        chosen.doubts.push(format!(
            "{} processes may each be the cluster's {program}:{found}\n  {}",
            own.len(),
            cure(program)
        ));
    }
    let is_own = |process: &Process| own.iter().any(|one| one.pid == process.pid);
    let strangers = processes.iter().filter(|process| !is_own(process));
    chosen.notes.extend(strangers.map(|process| {
        format!("another {program} runs here, which is let alone: {}", described(process))
    }));
    chosen.notes.extend(others.iter().map(|other| {
        format!("another {program} is started here, which is let alone: by {}", other.name())
    }));
    chosen
}

/// Those of the starter beyond doubt, else those that may be.
fn own<'a>(
    program: Program,
    starter: Option<&Starter<'_>>,
    others: &[Starter<'_>],
    processes: &[&'a Process],
) -> Vec<&'a Process> {
    let known = |starter: &Starter<'_>| -> Vec<&'a Process> {
        let known = processes.iter().filter(|process| starter.is_known_by(program, process));
        known.copied().collect()
    };
    if let Some(known) = starter.map(known).filter(|known| !known.is_empty()) {
        return known;
    }
    let is_possible = |process: &&&Process| {
        starter.is_none_or(|starter| starter.may_have_started(program, process))
            && !others.iter().any(|other| other.is_known_by(program, process))
    };
    processes.iter().filter(is_possible).copied().collect()
}

fn cure(program: Program) -> String {
    format!("Say which with stop, start and isRunning under components.{program}")
}

/// Enough to find it by.
fn described(process: &Process) -> String {
    let settings = settings_of(process);
    let own = OWN.iter().filter_map(|flag| Some(format!("--{flag}={}", settings.one(flag)?)));
    let mut words = vec![format!("pid {}", process.pid)];
    words.extend(own);
    words.extend(Some(format!("in {}", process.group)).filter(|_| process.group.len() > 1));
    words.join(" ")
}

impl Starter<'_> {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Unit { unit, .. } => format!("the unit {}", unit.name),
            Self::Pod(pod) => format!("the static pod {}", pod.manifest.display()),
        }
    }

    pub(super) fn run_by(&self) -> RunBy {
        match self {
            Self::Unit { unit, .. } => RunBy::Systemd { unit: unit.name.clone() },
            Self::Pod(pod) => RunBy::StaticPod {
                manifest: pod.manifest.clone(),
                container: pod.container.clone(),
            },
        }
    }

    fn is_called(&self, program: Program) -> bool {
        match self {
            Self::Unit { unit, .. } => unit.name.strip_suffix(".service") == Some(program.name()),
            Self::Pod(pod) => pod.name == program.name(),
        }
    }

    fn runs(&self, program: Program, processes: &[&Process]) -> bool {
        processes.iter().any(|process| self.is_known_by(program, process))
    }

    /// Beyond doubt.
    fn is_known_by(&self, program: Program, process: &Process) -> bool {
        match self {
            Self::Unit { unit, .. } => unit::holds(unit, process),
            Self::Pod(_) => self.has_own(program, process) == Some(true),
        }
    }

    /// Nothing speaks against it.
    fn may_have_started(&self, program: Program, process: &Process) -> bool {
        let is_possible = match self {
            // Who is the program itself is known by its id.
            Self::Unit { command, .. } => {
                command.first().and_then(|first| program_of(first)) != Some(program)
            }
            Self::Pod(_) => process.is_contained,
        };
        is_possible && self.has_own(program, process) != Some(false)
    }

    /// Whether the process was told the same of what is its own, as far as that is said here.
    fn has_own(&self, program: Program, process: &Process) -> Option<bool> {
        let (said, of_process) = (self.settings(program), settings_of(process));
        let said = OWN.iter().filter_map(|flag| Some((flag, said.one(flag)?)));
        // A pod's variables are filled in by the kubelet.
        let mut said = said.filter(|(_, value)| !value.contains('$')).peekable();
        said.peek()?;
        Some(said.all(|(flag, value)| of_process.one(flag) == Some(value)))
    }

    fn settings(&self, program: Program) -> Settings {
        match self {
            Self::Unit { command, .. } => {
                let (command, _) = container::unwrapped(command.clone(), program);
                told::flags(command.get(1..).unwrap_or_default())
            }
            Self::Pod(pod) => {
                let flags = told::flags(pod.command.get(1..).unwrap_or_default());
                told::with_environment(flags, &pod.environment)
            }
        }
    }
}

fn settings_of(process: &Process) -> Settings {
    let flags = told::flags(process.arguments.get(1..).unwrap_or_default());
    told::with_environment(flags, &process.environment)
}
