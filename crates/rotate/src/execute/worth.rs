//! Whether what would be put back is worth it: a certificate that has ended or a pair that never
//! went together would take programs down again, which the way back is not for. Asked before
//! anything is touched.

use std::path::Path;

use jiff::SignedDuration;

use super::{Executor, Fault};
use crate::{
    FileSeen, HostName, Pair, Site,
    certificate::Certificate,
    face::{Contents, When},
    facts::Content,
    halves::Halves,
    run::{Leg, TornPair},
    site::Clock,
};

/// What ends sooner is not worth going back to.
const LIFE_LEFT: SignedDuration = SignedDuration::from_hours(24);

impl<S: Site, C: Clock> Executor<'_, S, C> {
    pub(super) async fn prove_worth(&self, host: &HostName) -> Result<(), Fault> {
        let moved = self.moved_legs(host).await?;
        self.prove_alive(host, &moved)?;
        self.prove_whole(host, &moved)
    }

    /// Certificates that end within a day are not put back: the cluster would go down with them.
    fn prove_alive(&self, host: &HostName, moved: &[Leg]) -> Result<(), Fault> {
        let limit = self.clock.now() + LIFE_LEFT;
        for leg in moved {
            let found = self.content(host, &leg.path, When::Found);
            let last = self.content(host, &leg.path, When::Last);
            let replaced = replaced(found.as_ref(), last.as_ref());
            if let Some(dead) = replaced.iter().find(|certificate| certificate.not_after < limit) {
                let path = leg.path.display();
                let ends = if dead.not_after < self.clock.now() { "expired" } else { "expire" };
                return Err(self.not_worth_it(&format!(
                    "The saved certificates {ends} on {} ({host}:{path}, {}); restoring them would \
                     take the cluster down",
                    dead.not_after,
                    dead.name()
                )));
            }
        }
        Ok(())
    }

    /// What was torn when the run began, as what `--repair` mends, opened no connection then and
    /// would open none again: its gate would stop the way back in the middle.
    fn prove_whole(&self, host: &HostName, moved: &[Leg]) -> Result<(), Fault> {
        let paths: Vec<_> = moved.iter().map(|leg| leg.path.as_path()).collect();
        match self.torn_pair(host, &paths) {
            None => Ok(()),
            Some(torn) => Err(self.not_worth_it(&format!(
                "{torn} did not belong together when the run began; restoring them would shut out \
                 whoever needs them. What stands there now may stay"
            ))),
        }
    }

    /// It was found so: nothing was presented with it.
    pub(super) fn was_torn(&self, host: &HostName, pair: &Pair) -> bool {
        self.torn_pair(host, &[&pair.certificate, &pair.key]).is_some()
    }

    fn torn_pair(&self, host: &HostName, paths: &[&Path]) -> Option<TornPair<'_>> {
        self.scene.torn_pair(host, paths, |digest| self.folder.content(digest).ok())
    }

    fn not_worth_it(&self, why: &str) -> Fault {
        let run = self.folder.id();
        Fault::said(format!("{why}. A fresh set instead: doorward pki rollback {run} --reissue"))
    }

    /// Legs whose file is not as it was found.
    async fn moved_legs(&self, host: &HostName) -> Result<Vec<Leg>, Fault> {
        let legs: Vec<Leg> = self.roads()?.on(host).cloned().collect();
        let paths: Vec<_> = legs.iter().map(|leg| leg.path.clone()).collect();
        let files = self.site.read(host, &paths).await?;
        let moved = |(leg, file): (Leg, &FileSeen)| {
            let found = self.scene.found(host, &leg.path).and_then(|found| found.digest.clone());
            (file.content.as_ref().map(Content::digest) != found).then_some(leg)
        };
        Ok(legs.into_iter().zip(&files).filter_map(moved).collect())
    }
}

/// Certificates of a file that the run replaced, those in kubeconfigs too.
fn replaced(found: Option<&Content>, last: Option<&Content>) -> Vec<Certificate> {
    let certificates = |content| Halves::read(content, None).certificates;
    let last = certificates(last);
    let mut found = certificates(found);
    found.retain(|certificate| !last.contains(certificate));
    found
}
