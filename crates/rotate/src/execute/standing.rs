//! What a run that stopped half-way leaves behind, in sentences.

use super::Executor;
use crate::{Mode, Program, Site, site::Clock};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    pub(super) async fn standing(&self) -> String {
        let run = self.folder.id();
        let state = match self.plan.mode {
            Mode::Cross | Mode::Bundle => "Stopped in overlap (old and new CA both accepted).",
            Mode::Leaf | Mode::SameKey => {
                "Stopped half-way; old and new certificates are both good."
            }
            Mode::Sweep => "Stopped while everything is written anew.",
        };
        let undo = match self.plan.rotations().next() {
            Some(_) => "There is no way back, and no need of one: the authorities stay".to_owned(),
            None => format!("Undo: doorward pki rollback {run}"),
        };
        format!(
            "{state} {} Continue: doorward pki resume {run}. {undo}.",
            self.health_words().await
        )
    }

    async fn health_words(&self) -> String {
        if self.scene.hosts_of(Program::Etcd).is_empty() {
            return "etcd is not on these hosts.".to_owned();
        }
        let quorum = self.quorum().await;
        match quorum.count() {
            (well, all) if well == all => format!("The cluster is healthy: {well}/{all}."),
            (well, all) if well > all / 2 => format!("etcd has a quorum: {well}/{all} answer."),
            (well, all) => format!("etcd has no quorum: {well}/{all} answer."),
        }
    }
}
