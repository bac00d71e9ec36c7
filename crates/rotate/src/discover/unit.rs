//! systemd units: what they start, by their files and by what `systemctl show` says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::systemd;
use crate::{Process, facts::FileSeen, site::Unit};

type Files = BTreeMap<PathBuf, FileSeen>;

/// Words of the command line of `ExecStart`, with variables filled in where the unit or its
/// environment files set them.
pub(super) fn command(unit: &Unit, files: &Files) -> Vec<String> {
    let Some(shown) = unit.properties.get("ExecStart") else { return Vec::new() };
    let line = match shown.split_once("argv[]=") {
        Some((_, rest)) => rest.split(" ; ignore_errors=").next().unwrap_or_default(),
        None => shown,
    };
    let line = line.trim_end_matches(" ;");
    let written = systemd::settings(texts(unit, files), "ExecStart");
    let written = written.iter().map(|value| systemd::command(value));
    // What is shown has lost its quotes, so words with blanks fall apart; but it is what was
    // loaded, which the files may not be any more.
    let is_loaded = |command: &Vec<String>| command.join(" ").replace("%%", "%") == line;
    let command = written
        .into_iter()
        .find(is_loaded)
        .map(|command| command.into_iter().map(|word| word.replace("%%", "%")).collect::<Vec<_>>());
    let command = command.unwrap_or_else(|| line.split_whitespace().map(str::to_owned).collect());
    systemd::filled(command, &environment(unit, files))
}

/// `Environment=` and the files of `EnvironmentFile=`, the latter above.
pub(super) fn environment(unit: &Unit, files: &Files) -> BTreeMap<String, String> {
    let own = unit.properties.get("Environment").map_or("", String::as_str);
    // A word that needs quotes is shown in those of a shell: "a b", or $'a b'.
    let own = format!(" {own}").replace(" $'", " '");
    let mut found: BTreeMap<String, String> =
        systemd::words(&own).iter().filter_map(|word| systemd::variable(word)).collect();
    for path in environment_files(unit) {
        found.extend(text(&path, files).into_iter().flat_map(systemd::variables));
    }
    found
}

/// `/etc/etcd.env (ignore_errors=yes)`, each in a line.
pub(super) fn environment_files(unit: &Unit) -> Vec<PathBuf> {
    let shown = unit.properties.get("EnvironmentFiles").map_or("", String::as_str);
    let paths = shown.lines().map(|line| match line.rsplit_once(" (ignore_errors=") {
        Some((path, _)) => path,
        None => line,
    });
    paths.filter(|path| path.starts_with('/')).map(PathBuf::from).collect()
}

/// The unit's own and its drop-ins, in the order in which they count.
pub(super) fn own_files(unit: &Unit) -> Vec<PathBuf> {
    let shown = |name: &str| unit.properties.get(name).map_or("", String::as_str);
    let mut all = vec![shown("FragmentPath").to_owned()];
    all.extend(systemd::words(shown("DropInPaths")));
    all.into_iter().filter(|path| path.starts_with('/')).map(PathBuf::from).collect()
}

fn main_pid(unit: &Unit) -> Option<u32> {
    unit.properties.get("MainPID")?.parse().ok().filter(|&pid| pid != 0)
}

/// Whether it is the unit's own process, or one of those that this one started.
pub(super) fn holds(unit: &Unit, process: &Process) -> bool {
    main_pid(unit) == Some(process.pid)
        || process.group.rsplit('/').next() == Some(unit.name.as_str())
}

pub(super) fn folder(unit: &Unit) -> PathBuf {
    let folder = unit.properties.get("WorkingDirectory").map_or("", String::as_str);
    Path::new("/").join(folder.trim_start_matches(['!', '-']))
}

fn texts<'f>(unit: &Unit, files: &'f Files) -> impl Iterator<Item = &'f str> {
    own_files(unit).into_iter().filter_map(|path| text(&path, files))
}

fn text<'f>(path: &Path, files: &'f Files) -> Option<&'f str> {
    let content = files.get(path)?.content.as_ref()?;
    std::str::from_utf8(content.bytes()).ok()
}
