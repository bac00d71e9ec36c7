//! systemd units: what `systemctl show` says that they start.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{facts::FileSeen, site::Unit};

/// Words of the command line of `ExecStart`, with variables filled in where the unit or its
/// environment files set them. `systemctl show` parts words by blanks, so words with blanks of
/// their own fall apart; paths of keys have none.
pub(super) fn command(unit: &Unit, files: &BTreeMap<PathBuf, FileSeen>) -> Vec<String> {
    let Some(line) = unit.properties.get("ExecStart") else { return Vec::new() };
    let words = match line.split_once("argv[]=") {
        Some((_, rest)) => rest.split(" ;").next().unwrap_or_default(),
        None => line,
    };
    let environment = environment(unit, files);
    let fill = |word: &str| -> Vec<String> {
        match word.strip_prefix('$').map(|name| name.trim_matches(['{', '}'])) {
            // A variable that stands alone is parted into words.
            Some(name) if !word.starts_with("${") => {
                let value = environment.get(name).map_or("", String::as_str);
                value.split_whitespace().map(str::to_owned).collect()
            }
            _ => vec![filled(word, &environment)],
        }
    };
    words.split_whitespace().flat_map(fill).collect()
}

/// `Environment=` and the files of `EnvironmentFiles=`, the latter above.
pub(super) fn environment(
    unit: &Unit,
    files: &BTreeMap<PathBuf, FileSeen>,
) -> BTreeMap<String, String> {
    let own = unit.properties.get("Environment").map_or("", String::as_str);
    let mut found: BTreeMap<String, String> =
        words(own).iter().filter_map(|word| variable(word)).collect();
    for path in environment_files(unit) {
        let content = files.get(&path).and_then(|file| file.content.as_ref());
        let text = content.map(|content| String::from_utf8_lossy(content.bytes()));
        found.extend(text.iter().flat_map(|text| text.lines()).filter_map(variable));
    }
    found
}

/// `/etc/etcd.env (ignore_errors=yes)`, several of them parted by blanks.
pub(super) fn environment_files(unit: &Unit) -> Vec<PathBuf> {
    let line = unit.properties.get("EnvironmentFiles").map_or("", String::as_str);
    line.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

pub(super) fn main_pid(unit: &Unit) -> Option<u32> {
    unit.properties.get("MainPID")?.parse().ok().filter(|&pid| pid != 0)
}

pub(super) fn folder(unit: &Unit) -> PathBuf {
    let folder = unit.properties.get("WorkingDirectory").map_or("", String::as_str);
    Path::new("/").join(folder.trim_start_matches(['!', '-']))
}

/// Parted at blanks that no quotes hold (systemd.exec(5)).
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            (_, None) if letter.is_whitespace() => all.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    all.push(word);
    all.retain(|word| !word.is_empty());
    all
}

fn variable(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    if name.starts_with('#') {
        return None;
    }
    Some((name.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
}

fn filled(word: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(environment.get(name).map_or("", String::as_str));
        rest = behind;
    }
    out.push_str(rest);
    out
}
