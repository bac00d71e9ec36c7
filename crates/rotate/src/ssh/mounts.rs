//! Where the paths of a process in a container lie on its host, as the kernel tells of both in
//! `mountinfo` (proc(5)): the same file system and the same place in it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::script::Answer;

/// One line: a part of a file system, and where it is seen.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    device: String,
    /// The part's own path in its file system.
    part: PathBuf,
    seen_at: PathBuf,
}

/// By process; parts that the host itself does not see are left out.
pub fn read(answer: &Answer) -> BTreeMap<u32, Vec<(PathBuf, PathBuf)>> {
    let told = |index: &str| {
        let line = answer.all("mounts").find(|line| line.word(0) == Some(index));
        line.and_then(|line| line.text(1)).map(|text| mounts(&text)).unwrap_or_default()
    };
    let host = told("self");
    let processes = answer.all("mounts").filter_map(|line| line.number(0));
    processes.map(|pid: u32| (pid, on_host(&told(&pid.to_string()), &host))).collect()
}

fn on_host(inside: &[Mount], host: &[Mount]) -> Vec<(PathBuf, PathBuf)> {
    let outside = |mount: &Mount| {
        let holds =
            |seen: &&Mount| seen.device == mount.device && mount.part.starts_with(&seen.part);
        let seen = host.iter().filter(holds).max_by_key(|seen| seen.part.components().count())?;
        let rest = mount.part.strip_prefix(&seen.part).ok()?;
        let outside = match rest.as_os_str().is_empty() {
            true => seen.seen_at.clone(),
            false => seen.seen_at.join(rest),
        };
        Some((mount.seen_at.clone(), outside))
    };
    inside.iter().filter_map(outside).collect()
}

fn mounts(text: &str) -> Vec<Mount> {
    let mount = |line: &str| {
        let mut words = line.split(' ').skip(2);
        let device = words.next()?.to_owned();
        let (part, seen_at) = (unescaped(words.next()?), unescaped(words.next()?));
        Some(Mount { device, part, seen_at })
    };
    text.lines().filter_map(mount).collect()
}

/// Blanks and the like stand as `\\040`.
fn unescaped(word: &str) -> PathBuf {
    let mut out = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('\\') {
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        out.push_str(before);
        match code {
            Some(code) => out.push(char::from(code)),
            None => out.push('\\'),
        }
        rest = if code.is_some() { &after[3..] } else { after };
    }
    out.push_str(rest);
    Path::new(&out).to_owned()
}

#[cfg(test)]
mod tests;
