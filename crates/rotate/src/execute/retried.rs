//! A site whose acts are tried again after the connection broke. Every act may be: a repeated
//! write finds its bytes there. Probes are not; those who wait for their answer ask again.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Progress, Seconds};
use crate::{
    FileSeen, HostName, Process, Program, RunBy, Site, SiteError,
    journal::LockOwner,
    site::{Clock, Ended, FileWrite, Room},
};

/// Pauses between attempts.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(10)];

pub(super) struct Retried<'a, S, C> {
    site: &'a S,
    clock: &'a C,
    progress: &'a dyn Progress,
}

impl<'a, S: Site, C: Clock> Retried<'a, S, C> {
    pub(super) fn new(site: &'a S, clock: &'a C, progress: &'a dyn Progress) -> Self {
        Self { site, clock, progress }
    }

    /// Without retrying, for probes.
    pub(super) fn once(&self) -> &'a S {
        self.site
    }

    async fn tried<T, F>(&self, what: &str, mut act: impl FnMut() -> F) -> Result<T, SiteError>
    where
        F: Future<Output = Result<T, SiteError>>,
    {
        let mut pauses = PAUSES.into_iter();
        let mut lost = None;
        loop {
            match act().await {
                Err(SiteError::Unreachable { host, why }) => {
                    let Some(pause) = pauses.next() else {
                        return Err(SiteError::Unreachable { host, why });
                    };
                    lost.get_or_insert_with(|| (host.clone(), self.clock.now()));
                    self.progress.note(&format!("Lost {host} during {what}: {why}"));
                    self.clock.sleep(pause).await;
                }
                answer => {
                    if let (Some((host, at)), Ok(_)) = (lost, &answer) {
                        let after = Seconds(self.clock.now().duration_since(at).unsigned_abs());
                        self.progress
                            .note(&format!("Reached {host} again after {after}; {what} is done."));
                    }
                    return answer;
                }
            }
        }
    }

    pub(super) async fn read(
        &self,
        host: &HostName,
        paths: &[PathBuf],
    ) -> Result<Vec<FileSeen>, SiteError> {
        self.tried("a read", || self.site.read(host, paths)).await
    }

    pub(super) async fn write(&self, host: &HostName, file: &FileWrite) -> Result<(), SiteError> {
        self.tried(&format!("the write of {}", file.path.display()), || self.site.write(host, file))
            .await
    }

    pub(super) async fn remove(&self, host: &HostName, path: &Path) -> Result<(), SiteError> {
        self.tried("a removal", || self.site.remove(host, path)).await
    }

    pub(super) async fn can_read(
        &self,
        host: &HostName,
        process: (u32, u32),
        paths: &[PathBuf],
    ) -> Result<Vec<bool>, SiteError> {
        let (uid, gid) = process;
        self.tried("a check of rights", || self.site.can_read(host, uid, gid, paths)).await
    }

    pub(super) async fn room(&self, host: &HostName, path: &Path) -> Result<Room, SiteError> {
        self.tried("a look at free space", || self.site.room(host, path)).await
    }

    pub(super) async fn stop(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
        within: Duration,
        kill: bool,
    ) -> Result<(), SiteError> {
        let what = format!("the stop of {program}");
        let stop = || self.site.stop(host, program, run_by, within, kill);
        if self.tried(&what, stop).await? == Ended::Killed {
            let within = Seconds(within);
            self.progress.note(&format!(
                "{program} on {host} did not end within {within} of being told to, and was killed."
            ));
        }
        Ok(())
    }

    pub(super) async fn start(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> Result<(), SiteError> {
        self.tried(&format!("the start of {program}"), || self.site.start(host, program, run_by))
            .await
    }

    pub(super) async fn command(
        &self,
        host: &HostName,
        line: &str,
        within: Duration,
    ) -> Result<(), SiteError> {
        self.tried(&format!("{line:?}"), || self.site.command(host, line, within)).await
    }

    pub(super) async fn process(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> Result<Option<Process>, SiteError> {
        self.tried(&format!("a look at {program}"), || self.site.process(host, program, run_by))
            .await
    }

    pub(super) async fn last_words(
        &self,
        host: &HostName,
        program: Program,
        run_by: &RunBy,
    ) -> Result<Vec<String>, SiteError> {
        self.tried("a look at the log", || self.site.last_words(host, program, run_by)).await
    }

    pub(super) async fn lock(
        &self,
        host: &HostName,
        owner: &LockOwner,
    ) -> Result<Option<LockOwner>, SiteError> {
        self.tried("the lock", || self.site.lock(host, owner)).await
    }

    pub(super) async fn unlock(&self, host: &HostName) -> Result<(), SiteError> {
        self.tried("the unlock", || self.site.unlock(host)).await
    }

    pub(super) async fn append(
        &self,
        host: &HostName,
        path: &Path,
        line: &str,
    ) -> Result<(), SiteError> {
        self.tried("a line of the journal", || self.site.append(host, path, line)).await
    }
}
