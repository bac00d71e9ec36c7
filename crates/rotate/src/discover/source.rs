//! Who can be asked what a program was told: the process that runs, else what would start it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Listings, config_file, container, layout,
    manifest::{self, Mounts, PodProgram},
    product::Kind,
    program_of,
    told::{Told, flags, with_environment},
    unit,
};
use crate::{
    Process, Program, RunBy,
    facts::FileSeen,
    inventory::{Host, Layout},
    site::{Survey, Unit},
};

/// What a host was asked so far.
pub(super) struct Look<'a> {
    pub host: &'a Host,
    /// As the inventory says.
    pub layout: Layout,
    pub survey: &'a Survey,
    pub files: &'a BTreeMap<PathBuf, FileSeen>,
    pub listings: &'a Listings,
}

/// A program as it was found.
pub(super) struct Found<'a> {
    pub told: Told,
    pub run_by: RunBy,
    pub process: Option<&'a Process>,
    /// Why what was told may not be what it lives by.
    pub doubts: Vec<String>,
}

impl<'a> Look<'a> {
    /// `None`: there is no sign of the program on the host.
    pub fn find(&self, program: Program) -> Option<Found<'a>> {
        if let Some(kind) = Kind::of(self.assumed_layout()).filter(|kind| kind.houses(program)) {
            let mut found = self.part(kind, program)?;
            found.doubts.extend(self.read_configuration(program, &mut found.told));
            return Some(found);
        }
        let Sources { process, unit, pod } = self.sources(program);
        let (run_by, runs_in) = self.run_by(program, process, unit, pod.as_ref());
        let mut told = match (process, &pod, unit) {
            (Some(process), pod, _) => {
                let found_in = runs_in.unwrap_or_else(|| "its command line".into());
                let pod = pod.as_ref().filter(|_| matches!(run_by, RunBy::StaticPod { .. }));
                // As the kubelet was told, else as the kernel tells.
                let mounts = match pod {
                    Some(pod) => pod.mounts.clone(),
                    None => Mounts::new(
                        self.survey.mounts.get(&process.pid).cloned().unwrap_or_default(),
                    ),
                };
                Told {
                    settings: with_environment(
                        flags(process.arguments.get(1..).unwrap_or_default()),
                        &process.environment,
                    ),
                    folder: process.working_directory.clone(),
                    mounts,
                    found_in,
                }
            }
            (None, Some(pod), _) => Told {
                settings: with_environment(
                    flags(pod.command.get(1..).unwrap_or_default()),
                    &pod.environment,
                ),
                folder: "/".into(),
                mounts: pod.mounts.clone(),
                found_in: runs_in.unwrap_or_default(),
            },
            (None, None, Some(unit)) => {
                let command = unit::command(unit, self.files);
                let (command, mounts) = container::unwrapped(command, program);
                let mut told = Told {
                    settings: with_environment(
                        flags(command.get(1..).unwrap_or_default()),
                        &unit::environment(unit, self.files),
                    ),
                    folder: unit::folder(unit),
                    mounts,
                    found_in: runs_in.unwrap_or_default(),
                };
                // A script, or a container that takes its settings elsewhere.
                let is_silent = !told.settings.has("cert-file")
                    && !CONFIGURED
                        .iter()
                        .any(|(known, flag)| *known == program && told.settings.has(flag));
                if program == Program::Etcd && is_silent {
                    let layout = self.assumed_layout();
                    layout::default_etcd(&mut told, layout, self.host, self.listings);
                }
                told
            }
            (None, None, None) => self.untold(program)?,
        };
        let mut doubts: Vec<String> =
            self.read_configuration(program, &mut told).into_iter().collect();
        let said = self.host.overrides.get(&program);
        if let Some(said) = said.filter(|said| !said.files.is_empty()) {
            for (flag, path) in &said.files {
                told.settings.set(flag, &path.display().to_string());
            }
            told.mounts = Default::default();
            told.found_in = "the inventory".into();
            doubts.clear();
        }
        if said.is_some_and(|said| said.cert_dir.is_some()) {
            layout::default_etcd(&mut told, self.layout, self.host, self.listings);
        }
        Some(Found { told, run_by, process, doubts })
    }

    /// The files of units, of variables and of configuration that have something to say, as far
    /// as is known.
    pub fn configuration_files(&self) -> Vec<PathBuf> {
        let units = self.survey.units.iter();
        let mut wanted: Vec<PathBuf> = units
            .flat_map(|unit| [unit::own_files(unit), unit::environment_files(unit)])
            .flatten()
            .collect();
        wanted.extend(self.product_files(self.assumed_layout()));
        for (program, flag) in CONFIGURED {
            wanted.extend(self.find(program).and_then(|found| found.told.path(flag)));
        }
        wanted
    }

    /// What runs of the program, and what would start it.
    pub(super) fn signs(&self, program: Program) -> (Option<&'a Process>, Option<&'a Unit>) {
        let Sources { process, unit, .. } = self.sources(program);
        (process, unit)
    }

    fn sources(&self, program: Program) -> Sources<'a> {
        let survey = self.survey;
        let process = survey.processes.iter().find(|(found, _)| *found == program);
        let process = process.map(|(_, process)| process);
        let pods = survey.manifests.iter().flat_map(|(path, text)| manifest::programs(path, text));
        let of_program = |unit: &&Unit| {
            let command = unit::command(unit, self.files);
            let starts = command.first().and_then(|first| program_of(first));
            starts == Some(program) || unit.name.strip_suffix(".service") == Some(program.name())
        };
        let own =
            |unit: &&Unit| process.is_some_and(|process| unit::main_pid(unit) == Some(process.pid));
        Sources {
            process,
            unit: survey.units.iter().find(own).or_else(|| survey.units.iter().find(of_program)),
            pod: pods.into_iter().find(|pod| pod.program == program),
        }
    }

    /// And in words where its paths are from.
    fn run_by(
        &self,
        program: Program,
        process: Option<&Process>,
        unit: Option<&Unit>,
        pod: Option<&PodProgram>,
    ) -> (RunBy, Option<String>) {
        let said = self.host.overrides.get(&program);
        let commands = said.and_then(|said| {
            Some(RunBy::Commands {
                stop: said.stop.clone()?,
                start: said.start.clone()?,
                is_running: said.is_running.clone()?,
            })
        });
        if let Some(commands) = commands {
            return (commands, None);
        }
        let is_contained = process.is_none_or(|process| process.is_contained);
        match (pod, unit) {
            (Some(pod), unit) if is_contained || unit.is_none() => {
                let found_in = format!("the static pod {}", pod.manifest.display());
                let (manifest, container) = (pod.manifest.clone(), pod.container.clone());
                (RunBy::StaticPod { manifest, container }, Some(found_in))
            }
            (_, Some(unit)) => {
                let unit = unit.name.clone();
                let found_in = format!("the unit {unit}");
                (RunBy::Systemd { unit }, Some(found_in))
            }
            _ => (RunBy::Unknown, None),
        }
    }

    /// By the folders that are there, where the inventory does not say.
    pub(super) fn assumed_layout(&self) -> Layout {
        match self.layout {
            Layout::Auto => layout::of(&[], self.survey, self.listings),
            said => said,
        }
    }

    /// What nobody says, but the layout does.
    fn untold(&self, program: Program) -> Option<Told> {
        let layout = self.assumed_layout();
        let of_product = Kind::of(layout).and_then(|kind| self.folder_says(kind, program));
        if of_product.is_some() {
            return of_product;
        }
        let said = self.host.overrides.get(&program);
        let mut told = Told { folder: "/".into(), ..Told::default() };
        if program == Program::Etcd {
            layout::default_etcd(&mut told, layout, self.host, self.listings);
            told.found_in = "the folder that its layout uses".into();
        }
        let is_named = said.is_some_and(|said| {
            !said.files.is_empty() || said.endpoint.is_some() || said.start.is_some()
        });
        (is_named || !told.settings.is_empty()).then_some(told)
    }

    /// etcd's file stands instead of its flags, the kubelet's below them. Why it was not read, if
    /// etcd cannot do without.
    fn read_configuration(&self, program: Program, told: &mut Told) -> Option<String> {
        let (_, flag) = CONFIGURED.iter().find(|(configured, _)| *configured == program)?;
        let path = told.path(flag)?;
        let said = self.text(&path).and_then(|text| match program {
            Program::Etcd => config_file::etcd(&text),
            _ => config_file::kubelet(&text),
        });
        let is_unread = said.is_none() && program == Program::Etcd;
        if program == Program::Etcd {
            told.settings.keep_only(flag);
            told.found_in = format!("--config-file {}", path.display());
        }
        told.settings.default_to(said.unwrap_or_default());
        is_unread.then(|| {
            format!(
                "{}: etcd was told of this file, and it cannot be read as YAML, so nothing is \
                 known of what etcd lives by; mend it, or name etcd's files in the inventory",
                path.display()
            )
        })
    }

    pub(super) fn text(&self, path: &Path) -> Option<String> {
        let content = self.files.get(path)?.content.as_ref()?;
        Some(String::from_utf8_lossy(content.bytes()).into_owned())
    }
}

/// Programs with a configuration file, and the flag that names it.
const CONFIGURED: [(Program, &str); 2] =
    [(Program::Etcd, "config-file"), (Program::Kubelet, "config")];

struct Sources<'a> {
    process: Option<&'a Process>,
    unit: Option<&'a Unit>,
    pod: Option<PodProgram>,
}
