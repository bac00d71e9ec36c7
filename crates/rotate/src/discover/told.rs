//! What a program was told, by the names of its own flags without dashes, wherever it was said.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::manifest::Mounts;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub values: BTreeMap<String, Vec<String>>,
    /// Where relative paths begin.
    pub folder: PathBuf,
    /// What its paths are called outside its container.
    pub mounts: Mounts,
    /// In words for people.
    pub found_in: String,
}

impl Told {
    pub fn first(&self, flag: &str) -> Option<&str> {
        let value = self.values.get(flag)?.first()?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Repeated flags and lists with commas are the same.
    pub fn all(&self, flag: &str) -> impl Iterator<Item = &str> {
        let values = self.values.get(flag).into_iter().flatten();
        values.flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
    }

    /// As the host calls it.
    pub fn path(&self, flag: &str) -> Option<PathBuf> {
        self.first(flag).map(|value| self.on_host(Path::new(value)))
    }

    pub fn paths(&self, flag: &str) -> impl Iterator<Item = PathBuf> {
        self.all(flag).map(|value| self.on_host(Path::new(value)))
    }

    pub fn on_host(&self, path: &Path) -> PathBuf {
        self.mounts.on_host(&self.folder.join(path))
    }

    /// Whether the file is a mount of its container, which goes on showing what it showed at first.
    pub fn is_mounted_alone(&self, flag: &str) -> bool {
        self.all(flag).any(|value| self.mounts.is_mount(&self.folder.join(value)))
    }

    /// What nothing else has said.
    pub fn default_to(&mut self, flag: &str, value: &Path) {
        self.values.entry(flag.to_owned()).or_insert_with(|| vec![value.display().to_string()]);
    }
}

/// Flags of a command line without the program itself: `--a=b`, `--a b`, `-a b`, and `--a` alone,
/// which is `true`.
pub(super) fn flags(arguments: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::<String, Vec<String>>::new();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let flag = argument.trim_start_matches('-');
        if flag.len() == argument.len() || flag.is_empty() {
            continue;
        }
        let (flag, value) = match flag.split_once('=') {
            Some((flag, value)) => (flag, value.to_owned()),
            None => (
                flag,
                rest.next_if(|next| !next.starts_with('-'))
                    .cloned()
                    .unwrap_or_else(|| "true".into()),
            ),
        };
        found.entry(flag.to_owned()).or_default().push(value);
    }
    found
}

/// `ETCD_TRUSTED_CA_FILE` is `--trusted-ca-file`; a flag stands above its variable.
pub(super) fn with_environment(
    mut flags: BTreeMap<String, Vec<String>>,
    environment: &BTreeMap<String, String>,
) -> BTreeMap<String, Vec<String>> {
    for (name, value) in environment {
        if let Some(name) = name.strip_prefix("ETCD_") {
            let flag = name.to_lowercase().replace('_', "-");
            flags.entry(flag).or_insert_with(|| vec![value.clone()]);
        }
    }
    flags
}
