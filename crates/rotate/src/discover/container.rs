//! Units that start a container by its client: what is run in it, and what its paths are called
//! on the host. Asked only where nothing runs; else the kernel tells.

use std::path::{Path, PathBuf};

use super::{manifest::Mounts, program_of};
use crate::Program;

const CLIENTS: [&str; 3] = ["docker", "podman", "nerdctl"];

/// The command inside, with the program first; any other command as it is.
pub(super) fn unwrapped(command: Vec<String>, program: Program) -> (Vec<String>, Mounts) {
    let name = command.first().and_then(|first| Path::new(first).file_name()?.to_str());
    let is_client = name.is_some_and(|name| CLIENTS.contains(&name));
    if !is_client || command.get(1).map(String::as_str) != Some("run") {
        return (command, Mounts::default());
    }
    let start = command.iter().position(|word| program_of(word) == Some(program));
    let (options, inside) = command.split_at(start.unwrap_or(command.len()));
    (inside.to_vec(), Mounts::new(volumes(options)))
}

/// `-v /outside:/inside:ro` in all its spellings; volumes by name are nowhere that is known.
fn volumes(options: &[String]) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    let mut words = options.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word, None),
        };
        match flag {
            "-v" | "--volume" => {
                let value = value.or_else(|| words.next()).unwrap_or_default();
                let mut parts = value.split(':');
                found.extend(parts.next().zip(parts.next()).map(|(out, inside)| (inside, out)));
            }
            "--mount" => {
                let value = value.or_else(|| words.next()).unwrap_or_default();
                let said = |names: [&str; 3]| {
                    let mut parts = value.split(',').filter_map(|part| part.split_once('='));
                    parts.find(|(name, _)| names.contains(name)).map(|(_, path)| path)
                };
                let inside = said(["target", "destination", "dst"]);
                found.extend(inside.zip(said(["source", "src", ""])));
            }
            _ => {}
        }
    }
    let is_path = |(_, outside): &(&str, &str)| outside.starts_with('/');
    let paths = found.into_iter().filter(is_path);
    paths.map(|(inside, outside)| (inside.into(), outside.into())).collect()
}
