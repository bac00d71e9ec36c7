//! The folder itself: runs by number, and what is read from and written to one of them.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{Limits, Roads, Scene, files};
use crate::{Facts, Plan, facts::Content, journal::Line, material::Material};

const LIMITS: &str = "limits.json";

/// One run, open in this process and in no other.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    id: String,
    lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Form { path: PathBuf, source: serde_json::Error },
    #[error("{id} is being worked on by another doorward on this machine")]
    Busy { id: String },
    #[error("there is no run {id} under {}; {known}", state.display())]
    Unknown { id: String, state: PathBuf, known: String },
    #[error(
        "there is no run under {} yet; --state names the folder in which one was begun",
        state.display()
    )]
    None { state: PathBuf },
    #[error("{}: the content is not what its name says; it was changed or is damaged", path.display())]
    Damaged { path: PathBuf },
}

impl RunFolder {
    /// Makes the folder of a new run. Its number follows the highest one here and in `elsewhere`,
    /// the names that hosts keep runs under: another operator may have counted further.
    pub fn create(state: &Path, elsewhere: &[String]) -> Result<Self, RunError> {
        let runs = state.join("pki");
        files::directory(&runs).map_err(at(&runs))?;
        let highest = numbers(&runs)?.into_iter();
        let highest = highest.chain(elsewhere.iter().filter_map(|name| number(name))).max();
        let mut next = highest.map_or(1, |highest| highest + 1);
        loop {
            let path = runs.join(format!("R{next}"));
            match files::new_directory(&path) {
                Ok(()) => {
                    files::directory(&path.join("contents")).map_err(at(&path))?;
                    return Self::enter(path, next);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => next += 1,
                Err(source) => return Err(RunError::Io { path, source }),
            }
        }
    }

    /// Opens a run that was begun earlier: the newest one, unless it is named.
    pub fn open(state: &Path, id: Option<&str>) -> Result<Self, RunError> {
        let runs = state.join("pki");
        let mut known = numbers(&runs)?;
        known.retain(|number| runs.join(format!("R{number}/plan.json")).exists());
        let number = match id {
            Some(id) => number(id).filter(|number| known.contains(number)).ok_or_else(|| {
                RunError::Unknown {
                    id: id.to_owned(),
                    state: state.to_owned(),
                    known: listed(known),
                }
            })?,
            None => {
                *known.iter().max().ok_or_else(|| RunError::None { state: state.to_owned() })?
            }
        };
        Self::enter(runs.join(format!("R{number}")), number)
    }

    fn enter(path: PathBuf, number: u64) -> Result<Self, RunError> {
        let id = format!("R{number}");
        let lock = path.join("lock");
        let file = File::options().create(true).append(true).open(&lock).map_err(at(&lock))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, id, lock: file }),
            Err(TryLockError::WouldBlock) => Err(RunError::Busy { id }),
            Err(TryLockError::Error(source)) => Err(RunError::Io { path: lock, source }),
        }
    }

    /// `R12`.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// From the root of the file system, links followed.
    pub fn absolute_path(&self) -> PathBuf {
        self.path.canonicalize().unwrap_or_else(|_| self.path.clone())
    }

    pub fn plan(&self) -> Result<Plan, RunError> {
        self.load("plan.json")
    }

    pub fn scene(&self) -> Result<Scene, RunError> {
        self.load("scene.json")
    }

    /// Writes down the plan, what the cluster was like when it was made, and every file that was
    /// seen. The plan is last: a folder without one is no run.
    pub fn begin(&self, plan: &Plan, scene: &Scene, facts: &Facts) -> Result<(), RunError> {
        let files = facts.hosts.values().flat_map(|host| host.files.values());
        for content in files.filter_map(|file| file.content.as_ref()) {
            self.keep(content)?;
        }
        self.save("scene.json", scene)?;
        self.save("plan.json", plan)
    }

    /// Those that were kept with the run, else the usual ones.
    pub fn limits(&self) -> Result<Limits, RunError> {
        match self.path.join(LIMITS).exists() {
            true => self.load(LIMITS),
            false => Ok(Limits::default()),
        }
    }

    pub fn save_limits(&self, limits: &Limits) -> Result<(), RunError> {
        self.save(LIMITS, limits)
    }

    /// All that is new, also what no host is given.
    pub fn save_material(&self, material: &Material) -> Result<(), RunError> {
        let folder = self.path.join("material");
        files::directory(&folder).map_err(at(&folder))?;
        for (name, content) in material.to_files() {
            let path = folder.join(name);
            files::write(&path, content.bytes()).map_err(at(&path))?;
        }
        Ok(())
    }

    /// None before everything is issued.
    pub fn roads(&self) -> Result<Option<Roads>, RunError> {
        if !self.path.join("changes.json").exists() {
            return Ok(None);
        }
        self.load("changes.json").map(Some)
    }

    /// Written last of all that is issued: from here on the run has its keys.
    pub fn save_roads(&self, roads: &Roads) -> Result<(), RunError> {
        self.save("changes.json", roads)
    }

    /// Keeps a content under its digest.
    pub fn keep(&self, content: &Content) -> Result<String, RunError> {
        let digest = content.digest();
        let path = self.content_path(&digest);
        if self.content(&digest).is_err() {
            files::write(&path, content.bytes()).map_err(at(&path))?;
        }
        Ok(digest)
    }

    pub fn content(&self, digest: &str) -> Result<Content, RunError> {
        let path = self.content_path(digest);
        let content = Content::new(fs::read(&path).map_err(at(&path))?);
        if content.digest() == digest { Ok(content) } else { Err(RunError::Damaged { path }) }
    }

    fn content_path(&self, digest: &str) -> PathBuf {
        self.path.join("contents").join(digest)
    }

    /// Where etcd's database is kept.
    pub fn snapshot_path(&self) -> PathBuf {
        self.path.join("snapshot.db")
    }

    pub fn append(&self, line: &Line) -> Result<(), RunError> {
        let path = self.path.join("journal.jsonl");
        let text = serde_json::to_string(line)
            .map_err(|source| RunError::Form { path: path.clone(), source })?;
        files::append(&path, &text).map_err(at(&path))
    }

    /// Lines in the order of writing; one that a kill cut short is left out.
    pub fn journal(&self) -> Result<Vec<Line>, RunError> {
        let path = self.path.join("journal.jsonl");
        match fs::read_to_string(&path) {
            Ok(text) => {
                Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(RunError::Io { path, source }),
        }
    }

    fn save(&self, name: &str, value: &impl Serialize) -> Result<(), RunError> {
        let path = self.path.join(name);
        let text = serde_json::to_vec_pretty(value)
            .map_err(|source| RunError::Form { path: path.clone(), source })?;
        files::write(&path, &text).map_err(at(&path))
    }

    fn load<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunError> {
        let path = self.path.join(name);
        let text = fs::read(&path).map_err(at(&path))?;
        serde_json::from_slice(&text).map_err(|source| RunError::Form { path, source })
    }
}

impl Drop for RunFolder {
    /// A child that is only just being started has a copy of the open file, and the lock with it,
    /// until its own program begins: closing it here would not give the run free yet.
    fn drop(&mut self) {
        // Where this fails, closing the file does it.
        let _ = self.lock.unlock();
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::Io { path: path.to_owned(), source }
}

/// Numbers of the runs in a folder; none where there is no folder.
fn numbers(runs: &Path) -> Result<Vec<u64>, RunError> {
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(RunError::Io { path: runs.to_owned(), source }),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| number(&name)).collect())
}

/// What may have been meant.
fn listed(mut known: Vec<u64>) -> String {
    known.sort_unstable();
    let known: Vec<String> = known.iter().map(|number| format!("R{number}")).collect();
    match known.is_empty() {
        true => "there is none yet; --state names the folder in which one was begun".to_owned(),
        false => format!("there are {}", known.join(", ")),
    }
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix('R')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_free_as_soon_as_it_is_closed_whoever_has_a_copy_of_its_lock() {
        let state = tempfile::tempdir().expect("a folder");
        let run = RunFolder::create(state.path(), &[]).expect("a run");
        let path = run.path.clone();
        let copy = run.lock.try_clone().expect("a copy");
        drop(run);
        RunFolder::enter(path, 1).expect("it is free");
        drop(copy);
    }
}
