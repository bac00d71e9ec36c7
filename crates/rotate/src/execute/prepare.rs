//! What comes before the first change and after the last one: locks, the snapshot, keys, staging,
//! backup, clearing. None of it touches a file that a program reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{Executor, Fault};
use crate::{
    HostName, Site,
    facts::Content,
    journal::LockOwner,
    material, render,
    run::{Found, Leg, Roads, Stand},
    site::{Clock, EtcdAnswer, EtcdAsk},
};

/// Free space that is asked for, in multiples of what is staged: the backup, the staged files and
/// the files themselves are on it at the same time, and something may grow meanwhile.
const SPARE: u64 = 10;
/// A file system hands out whole blocks.
const BLOCK: u64 = 4096;

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// A lock of this very run is taken over: it is what a kill leaves behind.
    pub(super) async fn lock(&mut self, host: &HostName) -> Result<(), Fault> {
        let owner = LockOwner {
            run: self.folder.id().to_owned(),
            folder: self.folder.absolute_path(),
            who: self.who.clone(),
            since: self.clock.now(),
        };
        if let Some(other) = self.site.lock(host, &owner).await? {
            if !is_same_run(&other, &owner) && self.break_lock.as_ref() != Some(&other.run) {
                return Err(held(host, &other));
            }
            self.site.unlock(host).await?;
            if let Some(faster) = self.site.lock(host, &owner).await? {
                return Err(held(host, &faster));
            }
        } else if !self.locked.contains(host) {
            self.newly_locked.insert(host.clone());
        }
        self.locked.insert(host.clone());
        Ok(())
    }

    pub(super) async fn unlock(&mut self, host: &HostName) -> Result<(), Fault> {
        self.site.unlock(host).await?;
        self.locked.remove(host);
        Ok(())
    }

    /// Where nothing came of it: locks are as they were before this process.
    pub(super) async fn unlock_new(&mut self) {
        for host in std::mem::take(&mut self.newly_locked) {
            if self.unlock(&host).await.is_err() {
                self.progress.note(&format!("The lock of this run is on {host} now."));
            }
        }
    }

    /// Undoes what preparing did, as far as the hosts can be reached.
    pub(super) async fn let_go(&mut self) {
        for host in std::mem::take(&mut self.locked) {
            if self.clear(&host).await.is_err() || self.unlock(&host).await.is_err() {
                self.progress.note(&format!("The lock of this run is still on {host}."));
            }
        }
    }

    pub(super) async fn snapshot(&self, host: &HostName) -> Result<(), Fault> {
        let kept = self.folder.snapshot_path();
        if kept.exists() {
            return Ok(());
        }
        if self.scene.etcd.is_none() {
            self.progress.note("etcd has no quorum, so there is no snapshot of it.");
            return Ok(());
        }
        let part = kept.with_extension("part");
        let answer = self.ask_member(host, EtcdAsk::Snapshot { to: part.clone() }).await;
        match answer.map_err(|why| Fault::of_host(host, format!("no snapshot of etcd: {why}")))? {
            EtcdAnswer::Snapshot { bytes, .. } if bytes > 0 => {}
            _ => return Err(Fault::of_host(host, "the snapshot of etcd is empty".to_owned())),
        }
        std::fs::rename(&part, &kept)
            .map_err(|error| Fault::said(format!("{}: {error}", kept.display())))
    }

    /// Makes the keys, and every content of every file with them.
    pub(super) fn lay_roads(&mut self) -> Result<(), Fault> {
        if self.roads.is_some() {
            return Ok(());
        }
        let facts = self.scene.facts(self.folder, self.clock.now())?;
        let material = material::make(&self.plan, &facts, facts.now).map_err(Fault::said)?;
        self.folder.save_material(&material)?;
        let roads = Roads::lay(
            &self.plan,
            &self.scene,
            |digest| Ok::<_, Fault>(self.folder.content(digest)?),
            |place, original| {
                let original = original.map(Content::bytes);
                render::place(place, original, &self.plan, &material).map_err(Fault::said)
            },
            |content| Ok(self.folder.keep(content)?),
        )?;
        if let Some(torn) =
            roads.torn_pair(&self.scene, |digest| Ok::<_, Fault>(self.folder.content(digest)?))?
        {
            return Err(Fault::said(format!(
                "{torn} would not belong together any more; the plan is wrong, so begin a new run"
            )));
        }
        self.folder.save_roads(&roads)?;
        self.roads = Some(roads);
        Ok(())
    }

    /// Beside the targets, on the same file system; read back and compared.
    pub(super) async fn stage(&self, host: &HostName) -> Result<(), Fault> {
        let staged = self.staged(host)?;
        self.prove_room(host, &staged).await?;
        for (path, digest) in &staged {
            self.put_private(host, path.clone(), self.folder.content(digest)?).await?;
        }
        self.prove_there(host, &staged).await
    }

    async fn prove_room(
        &self,
        host: &HostName,
        staged: &BTreeMap<PathBuf, String>,
    ) -> Result<(), Fault> {
        let mut needs: BTreeMap<&Path, (u64, u64)> = BTreeMap::new();
        for (path, digest) in staged {
            let Some(target) = path.parent().and_then(Path::parent) else { continue };
            let size = self.folder.content(digest)?.bytes().len() as u64;
            let need = needs.entry(target).or_default();
            *need = (need.0 + size.div_ceil(BLOCK) * BLOCK, need.1 + 1);
        }
        for (directory, (bytes, inodes)) in needs {
            let room = self.site.room(host, directory).await?;
            let (bytes, inodes) = (bytes * SPARE, inodes * SPARE);
            let lacks = if room.bytes < bytes {
                format!("{} bytes free, need {} KiB", room.bytes, bytes.div_ceil(1024))
            } else if room.inodes < inodes {
                format!("{} inodes free, need {inodes}", room.inodes)
            } else {
                continue;
            };
            return Err(Fault::said(format!("{host}:{}: {lacks}", directory.display())));
        }
        Ok(())
    }

    async fn prove_there(
        &self,
        host: &HostName,
        wanted: &BTreeMap<PathBuf, String>,
    ) -> Result<(), Fault> {
        let paths: Vec<PathBuf> = wanted.keys().cloned().collect();
        let files = self.site.read(host, &paths).await?;
        let differs = |(path, file): &(&PathBuf, &crate::FileSeen)| {
            file.content.as_ref().map(Content::digest).as_ref() != wanted.get(*path)
        };
        match paths.iter().zip(&files).find(differs) {
            None => Ok(()),
            Some((path, _)) => {
                let path = path.display();
                Err(Fault::said(format!("{host}:{path}: what was written is not what is there")))
            }
        }
    }

    /// Every content that the host will need, by the path beside its target.
    fn staged(&self, host: &HostName) -> Result<BTreeMap<PathBuf, String>, Fault> {
        let staged = |leg: &Leg| {
            let directory = leg.target.parent()?.join(format!(".pki-{}", self.folder.id()));
            let name = leg.target.file_name()?.to_str()?;
            let path = directory.join(format!("{name}.{}", &leg.after[..16]));
            Some((path, leg.after.clone()))
        };
        Ok(self.roads()?.on(host).filter_map(staged).collect())
    }

    /// Copies of all that will be changed, with a list of what each looked like. The operator's
    /// machine has the same since the run began.
    pub(super) async fn back_up(&self, host: &HostName) -> Result<(), Fault> {
        let mut saved: BTreeMap<&Path, &Found> = BTreeMap::new();
        for leg in self.roads()?.on(host) {
            if let Some(found) = self.scene.found(host, &leg.path) {
                saved.insert(&leg.path, found);
            }
        }
        self.prove_unchanged(host).await?;
        let directory = self.backup_path(host);
        let digests: BTreeSet<&String> =
            saved.values().filter_map(|found| found.digest.as_ref()).collect();
        let mut wanted = BTreeMap::new();
        for digest in digests {
            let path = directory.join(digest);
            self.put_private(host, path.clone(), self.folder.content(digest)?).await?;
            wanted.insert(path, digest.clone());
        }
        let manifest = serde_json::to_vec_pretty(&saved)
            .map_err(|error| Fault::of_host(host, format!("the list of the backup: {error}")))?;
        let manifest = Content::new(manifest);
        let path = directory.join("manifest.json");
        wanted.insert(path.clone(), manifest.digest());
        self.put_private(host, path, manifest).await?;
        self.prove_there(host, &wanted).await
    }

    pub(super) fn backup_path(&self, host: &HostName) -> PathBuf {
        let state = self.scene.hosts.get(host).map(|host| host.state_dir.clone());
        state.unwrap_or_default().join("backup").join(self.folder.id())
    }

    /// Files are still what the plan was made of, or what this run made of them.
    pub(super) async fn prove_unchanged(&self, host: &HostName) -> Result<(), Fault> {
        let roads = self.roads()?;
        let legs: Vec<&Leg> = roads.on(host).collect();
        let paths: Vec<PathBuf> = legs.iter().map(|leg| leg.path.clone()).collect();
        let files = self.site.read(host, &paths).await?;
        for (leg, file) in legs.iter().zip(&files) {
            let digest = file.content.as_ref().map(Content::digest);
            if roads.stand(leg, digest.as_deref()) == Stand::Foreign {
                let (path, problem) = (leg.path.display(), file.problem.as_deref());
                let why = problem.unwrap_or("somebody else changed it since the plan was made");
                let changes = self.changes_in(leg, file);
                return Err(Fault::said(format!("{host}:{path}: {why}{changes}")));
            }
        }
        Ok(())
    }

    pub(super) async fn clear(&self, host: &HostName) -> Result<(), Fault> {
        if self.roads.is_none() {
            return Ok(());
        }
        let staged = self.staged(host)?;
        let directories: BTreeSet<&Path> = staged.keys().filter_map(|path| path.parent()).collect();
        for path in staged.keys() {
            self.site.remove(host, path).await?;
        }
        for directory in directories {
            self.site.remove(host, directory).await?;
        }
        Ok(())
    }
}

fn held(host: &HostName, LockOwner { run, folder, who, since }: &LockOwner) -> Fault {
    Fault::said(format!(
        "{run} by {who} since {since} holds the lock on {host}. Wait for it; or end it where it was \
         begun ({}): doorward pki resume {run}, or doorward pki rollback {run}; or, if nobody \
         drives it any more: --break-lock {run}",
        folder.display()
    ))
}

/// Of the same run, begun on the same machine: only its process is another one.
fn is_same_run(one: &LockOwner, other: &LockOwner) -> bool {
    let machine = |owner: &LockOwner| {
        let (machine, _) = owner.who.split_once(" pid ").unwrap_or((&owner.who, ""));
        machine.to_owned()
    };
    one.run == other.run && one.folder == other.folder && machine(one) == machine(other)
}
