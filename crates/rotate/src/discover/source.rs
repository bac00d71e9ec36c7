//! Who can be asked what a program was told: the process that runs, else what would start it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Listings,
    candidates::{self, Chosen, Starter},
    config_file, container, layout,
    manifest::{self, Mounts},
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
    /// What else is there.
    pub notes: Vec<String>,
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
        let Chosen { starter, process, mut notes, mut doubts } = self.chosen(program);
        let starter = starter.as_ref();
        let found_in = starter.map(Starter::name);
        let mut told = match (process, starter) {
            (Some(process), starter) => self.told_by(process, starter),
            (None, Some(Starter::Pod(pod))) => Told {
                settings: with_environment(
                    flags(pod.command.get(1..).unwrap_or_default()),
                    &pod.environment,
                ),
                folder: "/".into(),
                mounts: pod.mounts.clone(),
                found_in: found_in.unwrap_or_default(),
            },
            (None, Some(Starter::Unit { unit, command })) => {
                let (command, mounts) = container::unwrapped(command.clone(), program);
                let mut told = Told {
                    settings: with_environment(
                        flags(command.get(1..).unwrap_or_default()),
                        &unit::environment(unit, self.files),
                    ),
                    folder: unit::folder(unit),
                    mounts,
                    found_in: found_in.unwrap_or_default(),
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
            (None, None) => self.untold(program)?,
        };
        let run_by = match (self.commands(program), starter) {
            (Some(commands), _) => {
                // The operator tells them apart.
                notes.clear();
                doubts.clear();
                commands
            }
            (None, Some(starter)) => starter.run_by(),
            (None, None) => RunBy::Unknown,
        };
        let mut unread = self.read_configuration(program, &mut told);
        let said = self.host.overrides.get(&program);
        if let Some(said) = said.filter(|said| !said.files.is_empty()) {
            for (flag, path) in &said.files {
                told.settings.set(flag, &path.display().to_string());
            }
            told.mounts = Default::default();
            told.found_in = "the inventory".into();
            unread = None;
        }
        if said.is_some_and(|said| said.cert_dir.is_some()) {
            layout::default_etcd(&mut told, self.layout, self.host, self.listings);
        }
        doubts.extend(unread);
        Some(Found { told, run_by, process, notes, doubts })
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
        let Chosen { process, starter, .. } = self.chosen(program);
        let unit = match starter {
            Some(Starter::Unit { unit, .. }) => Some(unit),
            _ => None,
        };
        (process, unit)
    }

    fn told_by(&self, process: &Process, starter: Option<&Starter<'_>>) -> Told {
        // As the kubelet was told, else as the kernel tells.
        let mounts = match starter {
            Some(Starter::Pod(pod)) => pod.mounts.clone(),
            _ => Mounts::new(self.survey.mounts.get(&process.pid).cloned().unwrap_or_default()),
        };
        let settings = with_environment(
            flags(process.arguments.get(1..).unwrap_or_default()),
            &process.environment,
        );
        let found_in = starter.map_or_else(|| "its command line".into(), Starter::name);
        Told { settings, folder: process.working_directory.clone(), mounts, found_in }
    }

    fn chosen(&self, program: Program) -> Chosen<'a> {
        let survey = self.survey;
        let processes = || survey.processes.iter().filter(|(found, _)| *found == program);
        let pods = survey.manifests.iter().flat_map(|(path, text)| manifest::programs(path, text));
        let pods = pods.filter(|pod| pod.program == program);
        let units = survey.units.iter().filter_map(|unit| {
            let command = unit::command(unit, self.files);
            let starts = command.first().and_then(|first| program_of(first)) == Some(program);
            let is_its = starts
                || unit.name.strip_suffix(".service") == Some(program.name())
                || processes().any(|(_, process)| unit::holds(unit, process));
            is_its.then_some(Starter::Unit { unit, command })
        });
        let starters = pods.map(|pod| Starter::Pod(pod.into())).chain(units).collect();
        let chosen = candidates::choose(program, survey, starters);
        match self.commands(program) {
            // They found the process.
            Some(_) => Chosen { process: processes().next().map(|(_, process)| process), ..chosen },
            None => chosen,
        }
    }

    /// The operator's own.
    fn commands(&self, program: Program) -> Option<RunBy> {
        let said = self.host.overrides.get(&program)?;
        Some(RunBy::Commands {
            stop: said.stop.clone()?,
            start: said.start.clone()?,
            is_running: said.is_running.clone()?,
        })
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
