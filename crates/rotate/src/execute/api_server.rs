//! Whether an API server serves: by its own word, and by a read and a write that it cannot do
//! without etcd. By its own word it may be well while it has lost etcd.
//!
//! Each is asked at its host's own address, not through a load balancer. The write goes to one
//! ConfigMap, `kube-system/pki-probe`, which the end of a run takes away again. Nothing here is
//! asked by `plan` or `status`.

mod meaning;

use std::{net::SocketAddr, time::Duration};

use self::meaning::{Answer, Refusal, Told};
use super::Executor;
use crate::{
    HostName, Program, Site, SiteError,
    component::Port,
    face::Face,
    site::{Clock, HttpAsk, Identity},
};

/// For a read or a write, beyond what a question costs that needs no etcd.
const PROMPT: Duration = Duration::from_secs(2);

struct Server<'a> {
    host: &'a HostName,
    address: SocketAddr,
}

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// Where nobody is at hand who may write, that is told, once, and health alone counts.
    pub(super) async fn serves(&self, host: &HostName) -> Result<(), String> {
        let Some(server) = self.server(host) else { return Ok(()) };
        let begun = self.clock.now();
        let told = self.tells_health(&server, None).await?;
        let usual = self.clock.now().duration_since(begun).unsigned_abs();
        let mut refusals = Vec::new();
        let mut known = None;
        for face in self.callers(host) {
            let caller = face.leaf.name().to_owned();
            match self.reads_and_writes(&server, &face.identity, usual).await? {
                Answer::Done => return self.is_well(&server, told, Some(&face)).await,
                Answer::Unknown => refusals.push(Refusal { caller, why: None }),
                Answer::Refused(why) => {
                    refusals.push(Refusal { caller, why: Some(why) });
                    known = known.or(Some(face));
                }
                Answer::Missing => return Err("kube-apiserver has no kube-system".to_owned()),
                Answer::Failed(why) => return Err(why),
            }
        }
        let note = meaning::unproven(host, &refusals)?;
        self.is_well(&server, told, known.as_ref()).await?;
        self.note_once(note);
        Ok(())
    }

    fn server<'h>(&self, host: &'h HostName) -> Option<Server<'h>> {
        let address = self.endpoint(host, Program::KubeApiserver, Port::Client)?.address;
        Some(Server { host, address })
    }

    pub(super) fn callers(&self, host: &HostName) -> Vec<Face> {
        let now = self.clock.now();
        let mut callers = self.faces().callers(host);
        callers.retain(|caller| caller.leaf.is_valid_at(now) && caller.leaf.usages.client);
        callers
    }

    /// Again by somebody it knows, where it tells strangers nothing.
    async fn is_well(
        &self,
        server: &Server<'_>,
        told: Told,
        caller: Option<&Face>,
    ) -> Result<(), String> {
        if told == Told::Nothing && caller.is_some() {
            self.tells_health(server, caller.map(|caller| &caller.identity)).await?;
        }
        Ok(())
    }

    async fn tells_health(
        &self,
        server: &Server<'_>,
        client: Option<&Identity>,
    ) -> Result<Told, String> {
        let mut told = Told::Well;
        for path in ["/livez", "/readyz"] {
            let (status, body) = self.ask(server, client, get(path.to_owned())).await?;
            let one = meaning::health(status, &body)
                .map_err(|why| format!("kube-apiserver answers {path} with {why}"))?;
            if one == Told::Nothing {
                told = one;
            }
        }
        Ok(told)
    }

    async fn reads_and_writes(
        &self,
        server: &Server<'_>,
        client: &Identity,
        usual: Duration,
    ) -> Result<Answer, String> {
        let begun = self.clock.now();
        let answer = match self.answer(server, client, get(meaning::read_path())).await? {
            Answer::Done => self.writes(server, client).await?,
            refusal => refusal,
        };
        let took = self.clock.now().duration_since(begun).unsigned_abs();
        if answer == Answer::Done && took > usual + PROMPT {
            let seconds = took.as_secs_f64();
            return Err(format!("kube-apiserver took {seconds:.1} s to read and write"));
        }
        Ok(answer)
    }

    async fn writes(&self, server: &Server<'_>, client: &Identity) -> Result<Answer, String> {
        let written = format!("{} by {} at {}", self.folder.id(), self.who, self.clock.now());
        let patch = HttpAsk {
            method: "PATCH",
            path: meaning::object_path(),
            accept: None,
            content_type: Some("application/merge-patch+json"),
            body: meaning::patch(&written),
        };
        match self.answer(server, client, patch).await? {
            Answer::Missing => {}
            other => return Ok(other),
        }
        let create = HttpAsk {
            method: "POST",
            path: meaning::objects_path(),
            accept: None,
            content_type: Some("application/json"),
            body: meaning::object(&written),
        };
        self.answer(server, client, create).await
    }

    /// By the first API server that lets it be done. What is left does no harm.
    pub(super) async fn take_probe_away(&self) {
        let mut left = None;
        for host in self.scene.hosts_of(Program::KubeApiserver) {
            let Some(server) = self.server(host) else { continue };
            for caller in self.callers(host) {
                match self.takes_away(&server, &caller.identity).await {
                    Ok(Answer::Done | Answer::Missing) => return,
                    Ok(Answer::Unknown) => {}
                    Ok(Answer::Refused(why) | Answer::Failed(why)) | Err(why) => left = Some(why),
                }
            }
        }
        if let Some(why) = left {
            self.progress.note(&format!(
                "The ConfigMap kube-system/pki-probe of this run may still be there: {why}"
            ));
        }
    }

    async fn takes_away(&self, server: &Server<'_>, client: &Identity) -> Result<Answer, String> {
        let (status, body) = self.ask(server, Some(client), get(meaning::object_path())).await?;
        let found = meaning::answer(status, &body);
        if found != Answer::Done || !meaning::is_ours(&body) {
            return Ok(found);
        }
        let delete = HttpAsk { method: "DELETE", ..get(meaning::object_path()) };
        self.answer(server, client, delete).await
    }

    async fn answer(
        &self,
        server: &Server<'_>,
        client: &Identity,
        ask: HttpAsk,
    ) -> Result<Answer, String> {
        let what = format!("{} {}", ask.method, ask.path);
        let (status, body) = self.ask(server, Some(client), ask).await?;
        Ok(match meaning::answer(status, &body) {
            Answer::Failed(why) => {
                Answer::Failed(format!("kube-apiserver answers {what} with {why}"))
            }
            other => other,
        })
    }

    async fn ask(
        &self,
        server: &Server<'_>,
        client: Option<&Identity>,
        ask: HttpAsk,
    ) -> Result<(u16, String), String> {
        let answer = self.site.once().https(server.host, server.address, client, ask).await;
        answer.map_err(SiteError::why)
    }

    fn note_once(&self, text: String) {
        let mut told = self.told.lock().expect("nobody panics while it is held");
        if !told.contains(&text) {
            self.progress.note(&text);
            told.insert(text);
        }
    }
}

fn get(path: String) -> HttpAsk {
    HttpAsk { method: "GET", path, accept: None, content_type: None, body: String::new() }
}
