//! One change of one host: its files, perhaps a restart, its gate. Walked forwards and backwards.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Executor, Fault, stranger::Stranger};
use crate::{
    Act, Component, FileSeen, HostName, Program, Reread, Site, Step,
    facts::Attributes,
    plan::Change,
    run::{Leg, Roads, Stand},
    site::Clock,
};

/// A change with its direction: what each file is to hold when it is through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub step: u32,
    pub host: HostName,
    pub program: Program,
    pub restart: bool,
    pub legs: Vec<Leg>,
    pub is_back: bool,
}

/// What a look at a move's files brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Another change of the same files is where the cluster stands; this one is not touched.
    Past,
    /// These still have to be written, in this order.
    Lacking(Vec<Leg>),
    /// Some stand here, some at another change: that one was cut off, or somebody put files back.
    Mixed,
}

impl Move {
    /// All changes of a step.
    pub(super) fn all_of(step: &Step, roads: &Roads, is_back: bool) -> Vec<Self> {
        let changes = match &step.act {
            Act::Change(change) => std::slice::from_ref(change),
            Act::Sweep { changes, .. } => changes.as_slice(),
            _ => &[],
        };
        changes.iter().map(|change| Self::new(step.number, change, roads, is_back)).collect()
    }

    pub(super) fn new(step: u32, change: &Change, roads: &Roads, is_back: bool) -> Self {
        Self {
            step,
            host: change.host.clone(),
            program: change.program,
            restart: change.restart,
            legs: roads.of(step, &change.host).cloned().collect(),
            is_back,
        }
    }

    /// What a file is to hold afterwards; none: it is to go.
    pub(super) fn aim<'l>(&self, leg: &'l Leg) -> Option<&'l str> {
        if self.is_back { leg.before.as_deref() } else { Some(&leg.after) }
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.legs.iter().map(|leg| leg.path.clone()).collect()
    }

    /// Compares with what is there. Bytes that the run does not know are somebody else's work,
    /// and are not written over.
    pub(super) fn find(&self, roads: &Roads, files: &[FileSeen]) -> Result<Found, Box<Stranger>> {
        let (wanted, other) = if self.is_back {
            (Stand::Before, Stand::After)
        } else {
            (Stand::After, Stand::Before)
        };
        let mut lacking = Vec::new();
        let mut past = 0;
        for (leg, file) in self.legs.iter().zip(files) {
            let digest = file.content.as_ref().map(crate::facts::Content::digest);
            match roads.stand(leg, digest.as_deref()) {
                _ if !leg.is_moving() => {}
                stand if stand == wanted => {}
                stand if stand == other => lacking.push(leg.clone()),
                Stand::Elsewhere => past += 1,
                _ => return Err(Stranger { leg: leg.clone(), file: file.clone() }.into()),
            }
        }
        if past == 0 {
            return Ok(Found::Lacking(lacking));
        }
        Ok(if lacking.is_empty() { Found::Past } else { Found::Mixed })
    }

    pub(super) fn mixed(&self) -> String {
        let paths: Vec<_> = self.legs.iter().map(|leg| leg.path.display().to_string()).collect();
        format!(
            "{}: {} belong together and stand at different changes of this run; \
             somebody put some of them back",
            self.host,
            paths.join(", ")
        )
    }
}

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// The moves of one step, in either direction.
    pub(super) async fn carry_out_all(&self, step: &Step, moves: &[Move]) -> Result<(), Fault> {
        if let Act::Sweep { program, .. } = &step.act {
            return self.sweep(*program, moves).await;
        }
        for mv in moves {
            self.carry_out(mv).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, mv: &Move) -> Result<(), Fault> {
        let files = self.site.read(&mv.host, &mv.paths()).await?;
        let lacking = match mv.find(self.roads()?, &files).map_err(|found| self.fault_of(&found))? {
            Found::Past => return Ok(()),
            Found::Mixed => return Err(Fault::Said(mv.mixed())),
            Found::Lacking(lacking) => lacking,
        };
        if mv.is_back && lacking.is_empty() && self.is_as_found(mv, &files) {
            return Ok(());
        }
        self.write_all(mv, &lacking).await?;
        self.prove_readable(mv).await?;
        if mv.restart {
            self.restart_unless_loaded(mv).await?;
        }
        self.gate(mv).await
    }

    /// Writes what is lacking, and sees that it is there and looks as it is to look.
    pub(super) async fn write_all(&self, mv: &Move, lacking: &[Leg]) -> Result<(), Fault> {
        for leg in lacking {
            self.write(mv, leg).await?;
        }
        let files = self.site.read(&mv.host, &mv.paths()).await?;
        match mv.find(self.roads()?, &files).map_err(|found| self.fault_of(&found))? {
            Found::Lacking(still) if still.is_empty() => {}
            _ => {
                let host = &mv.host;
                return Err(Fault::said(format!("{host}: what was written is not what is there")));
            }
        }
        for file in &files {
            self.give_rights(&mv.host, file).await?;
        }
        Ok(())
    }

    pub(super) async fn write(&self, mv: &Move, leg: &Leg) -> Result<(), Fault> {
        match mv.aim(leg) {
            Some(digest) => self.put(&mv.host, &leg.path, digest, false).await,
            None => Ok(self.site.remove(&mv.host, &leg.path).await?),
        }
    }

    pub(super) fn say_half_written(&self, mv: &Move, lacking: &[Leg]) {
        let stand = |leg: &Leg| {
            let word = if lacking.contains(leg) == mv.is_back { "new" } else { "old" };
            format!("{} {word}", leg.path.display())
        };
        let stands: Vec<String> = mv.legs.iter().map(stand).collect();
        let found = stands.join(", ");
        self.progress.note(&format!("{}: found {found}; writing the rest.", mv.host));
    }

    /// The files' rights are asked of the kernel, for the user that the program runs as: a leaf
    /// that it cannot open refuses every connection from now on.
    pub(super) async fn prove_readable(&self, mv: &Move) -> Result<(), Fault> {
        let Some(component) = self.scene.component(&mv.host, mv.program) else { return Ok(()) };
        let Some(process) = &component.process else { return Ok(()) };
        let read = reads(component);
        let paths: Vec<PathBuf> =
            mv.paths().into_iter().filter(|path| read.contains(path)).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let user = (process.uid, process.gid);
        let answers = self.site.can_read(&mv.host, user, &paths).await?;
        let Some((path, _)) = paths.iter().zip(answers).find(|(_, may)| !may) else {
            return Ok(());
        };
        let seen = self.site.read(&mv.host, std::slice::from_ref(path)).await?;
        let Attributes { mode, uid, .. } = seen.into_iter().next().unwrap_or_default().attributes;
        let owner = if uid == 0 { "root".to_owned() } else { format!("uid {uid}") };
        let (program, path) = (mv.program, path.display());
        Err(Fault::said(format!(
            "{}: {program} (uid {}) cannot read {path} ({mode:04o} {owner}); give it the owner and \
             mode that it had",
            mv.host, process.uid
        )))
    }

    /// The newest of the files for which the program has to start anew: those that it reads only
    /// then. Where there are none, the restart is a trial of all that the move writes.
    pub(super) fn newest(&self, mv: &Move, files: &[FileSeen]) -> Option<Timestamp> {
        let component = self.scene.component(&mv.host, mv.program)?;
        let read = reads_at_start(component);
        let modified = |file: &FileSeen| file.attributes.modified;
        let newest = files.iter().filter(|file| read.contains(&file.path)).map(modified).max();
        newest.or_else(|| files.iter().map(modified).max())
    }
}

/// What the program opens, at any time.
fn reads(component: &Component) -> Vec<PathBuf> {
    let trusts = component.trusts.iter().map(|trust| &trust.path);
    let pairs = component.pairs.iter().filter(|pair| pair.reread != Reread::Never);
    let pairs = pairs.flat_map(|pair| [&pair.certificate, &pair.key]);
    trusts.chain(pairs).chain(&component.kubeconfigs).cloned().collect()
}

/// A static pod's manifest among them.
fn reads_at_start(component: &Component) -> Vec<PathBuf> {
    let trusts = component.trusts.iter().filter(|trust| trust.reread == Reread::AtStart);
    let trusts = trusts.map(|trust| &trust.path);
    let pairs = component.pairs.iter().filter(|pair| pair.reread == Reread::AtStart);
    let pairs = pairs.flat_map(|pair| [&pair.certificate, &pair.key]);
    let mut all: Vec<_> = trusts.chain(pairs).chain(&component.kubeconfigs).cloned().collect();
    all.extend(component.run_by.manifest().map(Path::to_owned));
    all
}
