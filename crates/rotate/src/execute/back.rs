//! The way back: the same changes in reverse order, each with its restart and its gate, from where
//! each file stands to what it was, with all its attributes.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    Executor, Fault, Halt,
    change::{Found, Move},
};
use crate::{
    Act, FileSeen, HostName, Site, Step, facts::Content, journal::Event, plan::Phase, run::Leg,
    site::Clock,
};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// Undoes what was done of the run, however far it came; finished ones too.
    pub async fn back(&mut self) -> Result<(), Halt> {
        if self.roads.is_none() {
            self.abandon().await;
            return Ok(());
        }
        if let Err(fault) = self.has_a_way_back().await {
            return Err(self.unchanged("the look before going back".to_owned(), fault));
        }
        if let Err(fault) = self.may_go_back().await {
            self.unlock_new().await;
            return Err(self.unchanged("the look before going back".to_owned(), fault));
        }
        if let Err(fault) = Box::pin(self.mend(true)).await {
            return Err(self.stopped("the look at what was half done".to_owned(), fault).await);
        }
        for step in self.plan.steps.clone().into_iter().rev() {
            if let Err(fault) = Box::pin(self.undo(&step)).await {
                let at = format!("undoing step {} ({})", step.number, step.act);
                return Err(self.stopped(at, fault).await);
            }
        }
        if let Err(fault) = self.verify_ends(true).await {
            return Err(self.stopped("the look at what was put back".to_owned(), fault).await);
        }
        if let Err(fault) = self.give_back_times().await {
            return Err(self.stopped("giving files their times again".to_owned(), fault).await);
        }
        self.abandon().await;
        Ok(())
    }

    /// What a product has made of its own is not taken back.
    async fn has_a_way_back(&self) -> Result<(), Fault> {
        let rotated = self.rotated().await?;
        let Some(first) = rotated.first() else { return Ok(()) };
        let (run, server) = (self.folder.id(), first.product.server);
        let hosts: BTreeSet<String> = rotated.iter().map(|one| one.host.to_string()).collect();
        let kept: BTreeSet<String> =
            rotated.iter().map(|one| one.product.kept_in().display().to_string()).collect();
        let [hosts, kept] = [(hosts, ", "), (kept, " or ")]
            .map(|(all, between)| all.into_iter().collect::<Vec<_>>().join(between));
        Err(Fault::said(format!(
            "{server} made its own certificates anew on {hosts}, under the authorities that it had: \
             old and new ones are accepted alike, so nothing has to be walked back, and it \
             documents no way to. What it took away lies in {kept}. A run that is half done is \
             ended by doorward pki resume {run}"
        )))
    }

    /// Leaves the cluster to another run: a change that was begun is brought to its end, if it can
    /// be, so that files and programs go together; what was staged and the locks go.
    pub async fn give_up(&mut self) {
        if self.take_locks().await
            && let Err(fault) = Box::pin(self.end_what_was_begun()).await
        {
            self.progress.note(&format!("What was half done stays so: {fault}"));
        }
        self.let_go().await;
    }

    async fn end_what_was_begun(&self) -> Result<(), Fault> {
        let Some(roads) = &self.roads else { return Ok(()) };
        self.mend(false).await?;
        let mut is_flipping = false;
        for step in &self.plan.steps {
            let moves = Move::all_of(step, roads, false);
            let mut is_begun = is_flipping && step.phase == Phase::Flip;
            for mv in &moves {
                is_begun = is_begun || self.is_begun(mv).await?;
            }
            if !is_begun {
                continue;
            }
            // Once one trusts the new authority alone, all are to.
            is_flipping |= step.phase == Phase::Flip;
            self.carry_out_all(step, &moves).await?;
        }
        Ok(())
    }

    /// Something of it is written, or what it would stop does not run.
    async fn is_begun(&self, mv: &Move) -> Result<bool, Fault> {
        let Some(roads) = &self.roads else { return Ok(false) };
        let files = self.site.read(&mv.host, &mv.paths()).await?;
        let moving = mv.legs.iter().filter(|leg| leg.is_moving()).count();
        let is_written = match mv.find(roads, &files).map_err(|found| self.fault_of(&found))? {
            Found::Lacking(lacking) => lacking.len() < moving,
            Found::Past | Found::Mixed => false,
        };
        let Some(component) = self.scene.component(&mv.host, mv.program) else {
            return Ok(is_written);
        };
        let process = self.site.process(&mv.host, mv.program, &component.run_by).await?;
        Ok(is_written || component.process.is_some() && process.is_none())
    }

    async fn abandon(&mut self) {
        self.take_locks().await;
        self.let_go().await;
    }

    /// Whether all are had.
    async fn take_locks(&mut self) -> bool {
        let mut has_all = true;
        for host in self.scene.hosts.keys().cloned().collect::<Vec<_>>() {
            if self.lock(&host).await.is_err() {
                self.progress.note(&format!("The lock of another run is on {host}."));
                has_all = false;
            }
        }
        has_all
    }

    /// All is looked at before anything is touched.
    async fn may_go_back(&mut self) -> Result<(), Fault> {
        for host in self.scene.hosts.keys().cloned().collect::<Vec<_>>() {
            self.lock(&host).await?;
            self.prove_unchanged(&host).await?;
            self.fetch_backup(&host).await?;
            self.prove_worth(&host).await?;
        }
        Ok(())
    }

    /// What is put back is in the run's folder; where it is not any more, hosts have it. So is
    /// what stands there now, which programs are talked to with on the way.
    async fn fetch_backup(&self, host: &HostName) -> Result<(), Fault> {
        let legs: Vec<&Leg> = self.roads()?.on(host).collect();
        let paths: Vec<PathBuf> = legs.iter().map(|leg| leg.path.clone()).collect();
        for content in self.site.read(host, &paths).await?.iter().filter_map(|f| f.content.as_ref())
        {
            self.folder.keep(content)?;
        }
        for digest in legs.iter().filter_map(|leg| leg.before.as_ref()) {
            if self.folder.content(digest).is_err() {
                self.fetch(host, digest).await?;
            }
        }
        Ok(())
    }

    /// From the host's own backup, or another one's: much is the same on all of them.
    async fn fetch(&self, host: &HostName, digest: &str) -> Result<(), Fault> {
        let others = self.scene.hosts.keys().filter(|other| *other != host);
        for keeper in std::iter::once(host).chain(others) {
            let path = self.backup_path(keeper).join(digest);
            let files = self.site.read(keeper, &[path]).await?;
            let content = files.into_iter().find_map(|file| file.content);
            if let Some(content) = content.filter(|content| content.digest() == digest) {
                self.folder.keep(&content)?;
                return Ok(());
            }
        }
        let run = self.folder.id();
        Err(Fault::said(format!(
            "the backup of {host} is damaged or gone, here and on the host. A fresh set instead: \
             doorward pki rollback {run} --reissue"
        )))
    }

    async fn undo(&self, step: &Step) -> Result<(), Fault> {
        let what = step.act.to_string();
        let moves = Move::all_of(step, self.roads()?, true);
        let host = match &step.act {
            Act::Change(change) => Some(&change.host),
            Act::Sweep { .. } => None,
            _ => return Ok(()),
        };
        self.progress.step(step, &format!("undo: {what}"));
        self.note_line(step.number, Event::UndoBegin, host, &what, Vec::new()).await?;
        self.carry_out_all(step, &moves).await?;
        self.note_line(step.number, Event::UndoDone, host, &what, Vec::new()).await
    }

    /// Nothing of this move is left to be undone: contents are those that were found, with the
    /// times that they had, which are given back last of all.
    pub(super) fn is_as_found(&self, mv: &Move, files: &[FileSeen]) -> bool {
        mv.legs.iter().zip(files).all(|(leg, file)| {
            let Some(found) = self.scene.found(&mv.host, &leg.path) else {
                return file.content.is_none();
            };
            let digest = file.content.as_ref().map(Content::digest);
            let (then, now) = (&found.attributes, &file.attributes);
            let looks_same = then.modified == now.modified && then.has_rights_of(now);
            digest == found.digest && (found.digest.is_none() || looks_same)
        })
    }

    /// Last of all, when every program has read the files, of which several may read one: until
    /// then times say when the files were written.
    async fn give_back_times(&self) -> Result<(), Fault> {
        for host in self.scene.hosts.keys() {
            let legs: Vec<&Leg> = self.roads()?.on(host).collect();
            let paths: Vec<_> = legs.iter().map(|leg| leg.path.clone()).collect();
            let files = self.site.read(host, &paths).await?;
            for (leg, file) in legs.iter().zip(&files) {
                let Some(found) = self.scene.found(host, &leg.path) else { continue };
                if let Some(digest) = &found.digest
                    && found.attributes.modified != file.attributes.modified
                {
                    self.put(host, &leg.path, digest, true).await?;
                }
            }
        }
        Ok(())
    }
}
