//! The end of a run: every file, every port and the cluster are looked at once more.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Executor, Fault, change::Move};
use crate::{
    HostName, Program, Site,
    facts::{Attributes, Content},
    life,
    run::{Leg, changes},
    site::Clock,
};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    pub(super) async fn verify(&self) -> Result<(), Fault> {
        self.verify_ends(false).await
    }

    /// Everything is new, or with `is_back` as it was found.
    pub(super) async fn verify_ends(&self, is_back: bool) -> Result<(), Fault> {
        for mv in self.ends(is_back)? {
            self.prove_contents(&mv).await?;
            let what = format!("{} on {}", mv.program, mv.host);
            self.until(&what, self.limits.recover, async || self.holds(&mv).await).await?;
        }
        for rotation in self.plan.rotations().filter(|_| !is_back) {
            let what = format!("{} on {}", rotation.product.server, rotation.host);
            self.until(&what, self.limits.recover, async || self.is_rotated(rotation).await)
                .await?;
        }
        self.prove_life().await?;
        self.take_probe_away().await;
        if self.scene.hosts_of(Program::Etcd).is_empty() {
            return Ok(());
        }
        self.until_etcd("etcd", self.limits.recover, |quorum| match &self.scene.etcd {
            Some(found) => quorum.all_well(found),
            None => quorum.well_again(),
        })
        .await
    }

    /// Nodes and controllers need not be better than before, only as well.
    async fn prove_life(&self) -> Result<(), Fault> {
        let hosts = self.scene.hosts_of(Program::KubeApiserver);
        let is_anybody_known = hosts.into_iter().any(|host| !self.callers(host).is_empty());
        let Some(before) = self.scene.life.as_ref().filter(|_| is_anybody_known) else {
            return Ok(());
        };
        self.until("nodes and controllers", self.limits.recover, async || {
            let life = life::look(self.site.once(), &self.faces(), self.clock.now()).await;
            let life = life.ok_or_else(|| "no API server tells of them any more".to_owned())?;
            life.lacks(before).map_or(Ok(()), Err)
        })
        .await
    }

    /// One move for each program of each host, from the first content of its files to the last.
    fn ends(&self, is_back: bool) -> Result<Vec<Move>, Fault> {
        let roads = self.roads()?;
        let mut ends: BTreeMap<(HostName, Program), BTreeMap<PathBuf, Leg>> = BTreeMap::new();
        for (step, change) in changes(&self.plan) {
            let files = ends.entry((change.host.clone(), change.program)).or_default();
            for leg in roads.of(step, &change.host) {
                // Another program's change may be the first or the last one of a file.
                let found = self.scene.found(&leg.host, &leg.path);
                let before = found.and_then(|found| found.digest.clone());
                let last = roads.last(&leg.host, &leg.target).unwrap_or(&leg.after);
                let end = Leg { before, after: last.to_owned(), ..leg.clone() };
                files.insert(leg.target.clone(), end);
            }
        }
        let ends = ends.into_iter().map(|((host, program), files)| {
            let legs = files.into_values().collect();
            Move { step: 0, host, program, restart: false, legs, is_back }
        });
        Ok(ends.collect())
    }

    async fn prove_contents(&self, mv: &Move) -> Result<(), Fault> {
        let files = self.site.read(&mv.host, &mv.paths()).await?;
        for (leg, file) in mv.legs.iter().zip(&files) {
            let digest = file.content.as_ref().map(Content::digest);
            let path = leg.path.display();
            if digest.as_deref() != mv.aim(leg) {
                return Err(Fault::said(format!("{}:{path} is not what it is to be", mv.host)));
            }
            let found = self.scene.found(&mv.host, &leg.path);
            let Some(found) = found.filter(|found| found.digest.is_some()) else { continue };
            let (now, then) = (&file.attributes, &found.attributes);
            if !now.has_rights_of(then) {
                let host = &mv.host;
                let (now, then) = (words(now), words(then));
                return Err(Fault::said(format!("{host}:{path} has {now}, and had {then}")));
            }
        }
        Ok(())
    }

    async fn holds(&self, mv: &Move) -> Result<(), String> {
        if !self.was_running(&mv.host, mv.program) {
            return Ok(());
        }
        self.presents(mv).await?;
        self.trusts(mv, |_| true).await?;
        match mv.program {
            Program::KubeApiserver => self.serves(&mv.host).await,
            _ => Ok(()),
        }
    }
}

/// `mode 600 and owner 102:102`.
fn words(of: &Attributes) -> String {
    let label = of.label.as_ref().map(|label| format!(", label {label}")).unwrap_or_default();
    format!("mode {:o} and owner {}:{}{label}", of.mode, of.uid, of.gid)
}
