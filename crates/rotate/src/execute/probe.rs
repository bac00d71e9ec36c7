//! What the running programs say and present: the only proof that a change took effect.

use std::path::{Path, PathBuf};

use futures::future::{join, join_all};

use super::{
    Executor, Fault,
    quorum::{MemberView, Silence},
};
use crate::{
    Endpoint, Handshake, HostName, Program, Site, SiteError,
    component::Port,
    face::{Contents, Faces, When},
    facts::Content,
    site::{Clock, EtcdAnswer, EtcdAsk, Identity, MemberStatus},
};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    pub(super) fn endpoint(
        &self,
        host: &HostName,
        program: Program,
        port: Port,
    ) -> Option<&Endpoint> {
        let endpoints = &self.scene.component(host, program)?.endpoints;
        endpoints.iter().find(|endpoint| endpoint.port == port)
    }

    /// All members at once, each with a read that needs a quorum.
    pub(super) async fn members(&self) -> Vec<MemberView> {
        let asked = self.scene.hosts_of(Program::Etcd).into_iter().map(async |host| {
            let answer = self.member(host).await;
            MemberView { host: host.clone(), answer }
        });
        join_all(asked).await
    }

    /// Of itself a member speaks also when it cannot take part.
    async fn member(&self, host: &HostName) -> Result<MemberStatus, Silence> {
        let silence = |why, status| Silence { why, status };
        let ask = |ask| self.ask_anywhere(host, ask);
        let (health, status) = join(ask(EtcdAsk::Health), ask(EtcdAsk::Status)).await;
        let status = match status {
            Ok(EtcdAnswer::Status(status)) => status,
            Ok(other) => {
                return Err(silence(format!("an answer to another question: {other:?}"), None));
            }
            Err(why) => return Err(silence(health.err().unwrap_or(why), None)),
        };
        match health {
            Ok(_) => Ok(status),
            Err(why) => Err(silence(why, Some(status))),
        }
    }

    /// From its own host; where SSH does not get there, from the others: the member listens to
    /// them too, and is not ill because its machine cannot be logged in to.
    async fn ask_anywhere(&self, host: &HostName, ask: EtcdAsk) -> Result<EtcdAnswer, String> {
        let (faces, site) = (self.faces(), self.site.once());
        let own = faces.ask_from(host, site, host, ask.clone()).await;
        let is_unheard =
            matches!(own, Err(SiteError::Unreachable { .. } | SiteError::TooSlow { .. }));
        if is_unheard && self.is_cut_off(host).await {
            let hosts = self.scene.hosts_of(Program::Etcd);
            for via in hosts.into_iter().filter(|via| *via != host) {
                if let Ok(answer) = faces.ask_from(via, site, host, ask.clone()).await {
                    return Ok(answer);
                }
            }
        }
        own.map_err(SiteError::why)
    }

    /// Whether it is SSH that does not get there, and not the member that is silent.
    async fn is_cut_off(&self, host: &HostName) -> bool {
        let answer = self.site.once().list(host, &["/".into()]).await;
        matches!(answer, Err(SiteError::Unreachable { .. }))
    }

    pub(super) async fn ask_member(
        &self,
        host: &HostName,
        ask: EtcdAsk,
    ) -> Result<EtcdAnswer, String> {
        self.faces().ask(self.site.once(), host, ask).await
    }

    /// What a product has made, as it was last seen.
    pub(super) fn fresh(&self, host: &HostName, path: &Path) -> Option<Content> {
        let fresh = self.fresh.lock().expect("nobody panics while it is held");
        fresh.get(&(host.clone(), path.to_owned())).cloned()
    }

    pub(super) fn remember(&self, host: &HostName, path: PathBuf, content: Option<Content>) {
        let mut fresh = self.fresh.lock().expect("nobody panics while it is held");
        match content {
            Some(content) => fresh.insert((host.clone(), path), content),
            None => fresh.remove(&(host.clone(), path)),
        };
    }

    pub(super) fn faces(&self) -> Faces<'_, Self> {
        Faces { scene: &self.scene, contents: self }
    }

    pub(super) async fn handshake(
        &self,
        host: &HostName,
        endpoint: &Endpoint,
        client: Option<&Identity>,
    ) -> Result<Handshake, String> {
        self.site
            .once()
            .handshake(host, endpoint.address, None, client)
            .await
            .map_err(SiteError::why)
    }
}

impl<S: Site, C: Clock> Contents for Executor<'_, S, C> {
    fn content(&self, host: &HostName, path: &Path, when: When) -> Option<Content> {
        if when == When::Last
            && let Some(fresh) = self.fresh(host, path)
        {
            return Some(fresh);
        }
        let found = self.scene.found(host, path)?;
        let last = self.roads.as_ref().and_then(|roads| roads.last(host, &found.target));
        let digest = match when {
            When::Last => last.or(found.digest.as_deref()),
            When::Found => found.digest.as_deref(),
        };
        self.folder.content(digest?).ok()
    }
}

impl Fault {
    pub(super) fn of_host(host: &HostName, why: String) -> Self {
        Self::Said(format!("{host}: {why}"))
    }
}
