//! What must hold after a change before the next one may begin: the running program presents what
//! is on disk, trusts whom it is to trust and nobody else, and the cluster is well.
//!
//! Files prove nothing here. A program that was given an empty file of authorities starts and
//! trusts nobody; only asking it tells.

use std::{cell::Cell, path::Path, time::Duration};

use jiff::Timestamp;

use super::{Executor, Fault, change::Move, wait::Terms};
use crate::{
    Endpoint, HostName, Program, Purpose, Reread, RunBy, Site, certificate::Certificate,
    component::Port, pem, site::Clock,
};

/// Without a process, until a unit is taken for one that does not start again by itself.
const GONE: Duration = Duration::from_secs(20);

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// Waits for the gate; a program that does not run any more adds its last words,
    /// and one that cannot open its files is told with them.
    pub(super) async fn gate(&self, mv: &Move) -> Result<(), Fault> {
        let limit = if mv.restart { self.limits.recover } else { self.limits.reread };
        let terms = Terms::default();
        let is_to_run = mv.restart || self.was_running(&mv.host, mv.program);
        let opened = self.opened(&mv.host, mv.program, is_to_run, limit, async || {
            self.gate_now(mv, &terms).await
        });
        let Err(fault) = opened.await else { return Ok(()) };
        let fault = terms.told_with(fault);
        if let Some(words) = self.epitaph(&mv.host, mv.program).await {
            return Err(Fault::said(format!("{fault}; {words}")));
        }
        Err(match self.prove_readable(mv).await {
            Err(unreadable) => Fault::said(format!("{fault}; {unreadable}")),
            Ok(()) => fault,
        })
    }

    /// Looks until nothing is missing, or until a unit that is to run does not come again.
    pub(super) async fn opened(
        &self,
        host: &HostName,
        program: Program,
        is_to_run: bool,
        limit: Duration,
        look: impl AsyncFn() -> Result<(), String>,
    ) -> Result<(), Fault> {
        let what = format!("{program} on {host}");
        let component = self.scene.component(host, program).filter(|_| is_to_run);
        let run_by = component.map(|component| &component.run_by);
        let away_since = Cell::new(None);
        let opened = self.until(&what, limit, async || {
            let Err(missing) = look().await else { return Ok(true) };
            match self.is_gone(host, program, run_by, &away_since).await {
                true => Ok(false),
                false => Err(missing),
            }
        });
        match opened.await? {
            true => Ok(()),
            false => Err(Fault::said(format!("{what}: it does not start again by itself"))),
        }
    }

    async fn gate_now(&self, mv: &Move, terms: &Terms) -> Result<(), String> {
        if mv.restart || self.was_running(&mv.host, mv.program) {
            self.presents(mv).await?;
            self.trusts(mv, |reread| mv.restart || reread == Reread::Always).await?;
        }
        if mv.restart {
            self.runs(mv).await?;
        }
        // Where etcd is swept back it is so last of all; whoever leans on it is looked at then.
        if mv.is_back && mv.program != Program::Etcd && self.is_swept(Program::Etcd) {
            return Ok(());
        }
        if mv.program == Program::KubeApiserver && self.was_running(&mv.host, mv.program) {
            self.serves(&mv.host).await?;
        }
        match &self.scene.etcd {
            Some(found) => {
                let is_restarted = mv.restart && mv.program == Program::Etcd;
                self.is_steady(is_restarted.then_some(&mv.host), found, terms).await
            }
            None => Ok(()),
        }
    }

    /// Whether a unit that is to run has been without a process for too long. Kubelets take
    /// their time with pods, and say nothing meanwhile.
    async fn is_gone(
        &self,
        host: &HostName,
        program: Program,
        run_by: Option<&RunBy>,
        since: &Cell<Option<Timestamp>>,
    ) -> bool {
        let Some(run_by @ RunBy::Systemd { .. }) = run_by else { return false };
        let Ok(process) = self.site.once().process(host, program, run_by).await else {
            return false;
        };
        let now = self.clock.now();
        since.set(process.is_none().then(|| since.get().unwrap_or(now)));
        since.get().is_some_and(|since| now.duration_since(since).unsigned_abs() >= GONE)
    }

    pub(super) fn was_running(&self, host: &HostName, program: Program) -> bool {
        self.scene.component(host, program).is_some_and(|component| component.process.is_some())
    }

    async fn runs(&self, mv: &Move) -> Result<(), String> {
        let Some(component) = self.scene.component(&mv.host, mv.program) else { return Ok(()) };
        let process = self.site.process(&mv.host, mv.program, &component.run_by).await;
        match process {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("it does not run".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Each port presents a leaf that its file is to hold. etcd may have a second pair, with which
    /// it calls its peers and which it presents to nobody.
    pub(super) async fn presents(&self, mv: &Move) -> Result<(), String> {
        let Some(component) = self.scene.component(&mv.host, mv.program) else { return Ok(()) };
        for port in [Port::Client, Port::Peer] {
            let pairs = component.pairs.iter().filter(|pair| {
                pair.reread != Reread::Never
                    && presented_at(pair.purpose) == Some(port)
                    && !(mv.is_back && self.was_torn(&mv.host, pair))
            });
            let wanted: Vec<(&Path, Certificate)> = pairs
                .filter_map(|pair| mv.legs.iter().find(|leg| leg.path == pair.certificate))
                .filter_map(|leg| {
                    let leaf = self.certificates_of(mv.aim(leg)).into_iter().next()?;
                    Some((&*leg.path, leaf))
                })
                .collect();
            let Some((path, _)) = wanted.first() else { continue };
            let Some(endpoint) = self.tls_endpoint(&mv.host, mv.program, port) else { continue };
            let handshake = self.handshake(&mv.host, endpoint, None).await?;
            if !wanted.iter().any(|(_, leaf)| handshake.chain.first() == Some(&leaf.der)) {
                let (address, path) = (endpoint.address, path.display());
                return Err(format!("{address} does not present {path} yet"));
            }
        }
        Ok(())
    }

    pub(super) fn certificates_of(&self, digest: Option<&str>) -> Vec<Certificate> {
        let content = digest.and_then(|digest| self.folder.content(digest).ok());
        content.map(|content| pem::certificates(content.bytes())).unwrap_or_default()
    }

    pub(super) fn tls_endpoint(
        &self,
        host: &HostName,
        program: Program,
        port: Port,
    ) -> Option<&Endpoint> {
        self.endpoint(host, program, port).filter(|endpoint| !endpoint.is_plain)
    }
}

/// The port on which a pair is presented to whoever calls.
pub(super) fn presented_at(purpose: Purpose) -> Option<Port> {
    match purpose {
        Purpose::EtcdServer | Purpose::ApiserverServing => Some(Port::Client),
        Purpose::EtcdPeer => Some(Port::Peer),
        _ => None,
    }
}
