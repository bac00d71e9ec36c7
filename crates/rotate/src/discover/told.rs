//! What a program was told, and what its paths are called on the host.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::manifest::Mounts;
use crate::settings::Settings;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub settings: Settings,
    /// Where relative paths begin.
    pub folder: PathBuf,
    /// What its paths are called outside its container.
    pub mounts: Mounts,
    /// In words for people.
    pub found_in: String,
}

impl Told {
    /// As the host calls it.
    pub fn path(&self, flag: &str) -> Option<PathBuf> {
        self.settings.one(flag).map(|value| self.on_host(Path::new(value)))
    }

    pub fn paths(&self, flag: &str) -> impl Iterator<Item = PathBuf> {
        self.settings.all(flag).map(|value| self.on_host(Path::new(value)))
    }

    pub fn on_host(&self, path: &Path) -> PathBuf {
        self.mounts.on_host(&self.folder.join(path))
    }

    /// Whether the file is a mount of its container, which goes on showing what it showed at first.
    pub fn is_mounted_alone(&self, flag: &str) -> bool {
        self.settings.all(flag).any(|value| self.mounts.is_mount(&self.folder.join(value)))
    }

    /// What nothing else has said.
    pub fn default_to(&mut self, flag: &str, value: &Path) {
        self.settings.default_to([(flag, value.display().to_string())].into_iter().collect());
    }
}

/// Flags of a command line without the program itself: `--a=b`, `--a b`, `-a b`, and `--a` alone,
/// which is `true`.
pub(super) fn flags(arguments: &[String]) -> Settings {
    let mut found = Settings::default();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let flag = argument.trim_start_matches('-');
        if flag.len() == argument.len() || flag.is_empty() {
            continue;
        }
        match flag.split_once('=') {
            Some((flag, value)) => found.add(flag, value),
            None => {
                let value = rest.next_if(|next| !next.starts_with('-'));
                found.add(flag, value.map_or("true", String::as_str));
            }
        }
    }
    found
}

/// `ETCD_TRUSTED_CA_FILE` is `--trusted-ca-file`; a flag stands above its variable.
pub(super) fn with_environment(
    mut flags: Settings,
    environment: &BTreeMap<String, String>,
) -> Settings {
    let variables = environment.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("ETCD_")?;
        Some((name.to_lowercase().replace('_', "-"), value))
    });
    flags.default_to(variables.collect());
    flags
}
