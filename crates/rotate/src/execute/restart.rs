//! Starting a program anew: etcd's members one at a time and never without the others, the leader
//! only after it handed over; the API server killed if it does not end.

use std::time::Duration;

use super::{Executor, Fault, change::Move, quorum::Quorum, wait::Terms};
use crate::{
    HostName, Program, RunBy, Site, SiteError, last_words,
    run::SceneEtcd,
    site::{Clock, EtcdAsk},
};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// A program that started after its files changed has read them.
    pub(super) async fn restart_unless_loaded(&self, mv: &Move) -> Result<(), Fault> {
        let component = self.scene.component(&mv.host, mv.program).ok_or_else(|| {
            Fault::said(format!("{}: {} is not known there", mv.host, mv.program))
        })?;
        let run_by = &component.run_by;
        let files = self.site.read(&mv.host, &mv.paths()).await?;
        let process = self.site.process(&mv.host, mv.program, run_by).await?;
        if let Some(process) = &process
            && self.newest(mv, &files).is_none_or(|newest| process.started > newest)
        {
            return Ok(());
        }
        if process.is_some() {
            if mv.program == Program::Etcd {
                self.let_others_lead(&mv.host).await?;
            }
            // An API server that lost etcd never ends by itself; a healthy etcd is not killed.
            let kill = mv.program != Program::Etcd;
            self.site.stop(&mv.host, mv.program, run_by, self.limits.stop, kill).await?;
        }
        Ok(self.site.start(&mv.host, mv.program, run_by).await?)
    }

    /// No member is stopped before all others are healthy, nor while it leads.
    pub(super) async fn let_others_lead(&self, host: &HostName) -> Result<(), Fault> {
        let Some(etcd) = &self.scene.etcd else { return Ok(()) };
        let what = format!("before etcd on {host} is stopped");
        let ready = |quorum: &Quorum| quorum.others_ready(host, etcd).map(|()| quorum.clone());
        let quorum = self.until_etcd(&what, self.limits.settle, ready).await?;
        if quorum.leader.as_ref() != Some(host) {
            return Ok(());
        }
        let Some((to, follower)) = quorum.successor(host) else { return Ok(()) };
        self.ask_member(host, EtcdAsk::MoveLeader { to }).await.map_err(|why| {
            Fault::said(format!("{host} leads etcd and does not hand over to {follower}: {why}"))
        })?;
        self.progress.note(&format!("{host} led etcd; {follower} was asked to lead."));
        let what = format!("until {host} has handed over");
        self.until_etcd(&what, self.limits.hand_over, |quorum| match &quorum.leader {
            Some(leader) if leader != host => Ok(()),
            Some(_) => Err(format!("{host} still leads")),
            None => Err("no leader".to_owned()),
        })
        .await
    }

    /// What the program said last, if it is not running: etcd's own reason for not starting.
    pub(super) async fn epitaph(&self, host: &HostName, program: Program) -> Option<String> {
        let run_by = &self.scene.component(host, program)?.run_by;
        let process = self.site.process(host, program, run_by).await;
        if !matches!(process, Ok(None)) {
            return None;
        }
        let last = self.last_line(host, program, run_by).await;
        Some(format!("{program} does not run: \"{last}\""))
    }

    pub(super) async fn last_line(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> String {
        match self.site.last_words(host, program, run_by).await {
            Ok(lines) => last_words::reason(&lines).unwrap_or("it said nothing").to_owned(),
            Err(SiteError::Unreachable { why, .. }) => why,
            Err(error) => error.to_string(),
        }
    }

    /// Well, and after a restart still so, under the same leader, when followers would have had the
    /// time to elect another one twice.
    pub(super) async fn is_steady(
        &self,
        restarted: Option<&HostName>,
        found: &SceneEtcd,
        terms: &Terms,
    ) -> Result<(), String> {
        let quorum = self.quorum_in(terms).await;
        quorum.all_well(found)?;
        let Some(host) = restarted else { return Ok(()) };
        self.clock.sleep(self.election_timeout(host) * 2).await;
        let later = self.quorum_in(terms).await;
        later.all_well(found)?;
        match (quorum.term(), later.term()) {
            (before, after) if before == after => Ok(()),
            (before, after) => Err(format!("leadership moved from term {before} to term {after}")),
        }
    }

    fn election_timeout(&self, host: &HostName) -> Duration {
        let component = self.scene.component(host, Program::Etcd);
        let set = component
            .and_then(|component| component.settings.one("election-timeout")?.parse().ok());
        // etcd's default.
        Duration::from_millis(set.unwrap_or(1000))
    }

    pub(super) async fn quorum(&self) -> Quorum {
        Quorum::of(self.members().await)
    }
}
