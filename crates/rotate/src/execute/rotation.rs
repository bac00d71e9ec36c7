//! A product renews its own certificates: its server stops as a member of etcd stops, its own
//! command does what it does, the server starts, and what it presents then has to be new.
//!
//! What is to be done is told by looking: a leaf that was found when the run began is old, one
//! that is gone is made by the next start, any other is new. Dates do not tell: k3s has a leaf
//! begin when its authority did.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Executor, Fault, wait::Terms};
use crate::{
    HostName, Process, Program, Reread, Site, certificate::Certificate, component::Port,
    facts::Content, pem, plan::Rotation, site::Clock,
};

/// The command copies some files and removes some.
const COMMAND: Duration = Duration::from_secs(60);
/// The kernel tells starts in hundredths of a second, and two looks may differ.
const SAME_START: Duration = Duration::from_secs(1);

/// A leaf as it lies there now.
struct Leaf {
    path: PathBuf,
    stand: Stand,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    Old,
    Gone,
    New,
}

impl<S: Site, C: Clock> Executor<'_, S, C> {
    pub(super) async fn rotate(&self, rotation: &Rotation) -> Result<(), Fault> {
        let leaves = self.leaves(&rotation.host).await?;
        self.renew(rotation, &leaves).await?;
        self.rotation_gate(rotation).await
    }

    /// Servers that a kill left stopped, or without their leaves, hold up every gate.
    pub(super) async fn end_rotations(&self) -> Result<(), Fault> {
        for rotation in self.plan.rotations() {
            let Rotation { host, product, .. } = rotation;
            let leaves = self.leaves(host).await?;
            let is_down = self.was_running(host, product.server)
                && self.site.process(host, product.server, &product.run_by).await?.is_none();
            if is_down {
                let server = product.server;
                self.progress.note(&format!("{server} on {host} does not run; it is started."));
            }
            if is_down || leaves.iter().any(|leaf| leaf.stand == Stand::Gone) {
                self.renew(rotation, &leaves).await?;
            }
        }
        Ok(())
    }

    /// Does what is lacking.
    async fn renew(&self, rotation: &Rotation, leaves: &[Leaf]) -> Result<(), Fault> {
        let Rotation { host, product, .. } = rotation;
        let (server, run_by) = (product.server, &product.run_by);
        let process = self.site.process(host, server, run_by).await?;
        let is_any = |stand| leaves.iter().any(|leaf| leaf.stand == stand);
        match process {
            Some(_) if !is_any(Stand::Old) && !is_any(Stand::Gone) => return Ok(()),
            // Started since, it is about to make what is gone.
            Some(process) if !is_any(Stand::Old) && !self.ran_before(rotation, &process) => {
                return Ok(());
            }
            Some(_) => {
                self.let_others_lead(host).await?;
                // A healthy etcd is not killed.
                let kill = !rotation.has_member;
                self.site.stop(host, server, run_by, self.limits.stop, kill).await?;
            }
            None => {}
        }
        if is_any(Stand::Old) {
            self.site.command(host, &product.command, COMMAND).await?;
        }
        Ok(self.site.start(host, server, run_by).await?)
    }

    /// Hosts on which the product has begun.
    pub(super) async fn rotated(&self) -> Result<Vec<&Rotation>, Fault> {
        let mut rotated = Vec::new();
        for rotation in self.plan.rotations() {
            let leaves = self.leaves(&rotation.host).await?;
            if leaves.iter().any(|leaf| leaf.stand != Stand::Old) {
                rotated.push(rotation);
            }
        }
        Ok(rotated)
    }

    /// Everything is new and well, now.
    pub(super) async fn is_rotated(&self, rotation: &Rotation) -> Result<(), String> {
        let host = &rotation.host;
        let leaves = self.leaves(host).await.map_err(|fault| fault.to_string())?;
        if let Some(leaf) = leaves.iter().find(|leaf| leaf.stand != Stand::New) {
            let path = leaf.path.display();
            return Err(match leaf.stand {
                Stand::Gone => format!("{path} is not there yet"),
                _ => format!("{path} is still the old one"),
            });
        }
        self.presents_its_own(host).await?;
        match self.was_running(host, Program::KubeApiserver) {
            true => self.serves(host).await,
            false => Ok(()),
        }
    }

    async fn rotation_gate(&self, rotation: &Rotation) -> Result<(), Fault> {
        let Rotation { host, product, .. } = rotation;
        let terms = Terms::default();
        let opened = self.opened(host, product.server, true, self.limits.recover, async || {
            self.is_rotated(rotation).await?;
            match &self.scene.etcd {
                Some(found) => self.is_steady(Some(host), found, &terms).await,
                None => Ok(()),
            }
        });
        let Err(fault) = opened.await else { return Ok(()) };
        let fault = terms.told_with(fault);
        let said = self.last_line(host, product.server, &product.run_by).await;
        Err(Fault::said(format!("{fault}; {} said last: \"{said}\"", product.server)))
    }

    /// The leaves that the host's programs read, and read anew those that this process is to show
    /// itself with.
    async fn leaves(&self, host: &HostName) -> Result<Vec<Leaf>, Fault> {
        let Some(scene) = self.scene.hosts.get(host) else { return Ok(Vec::new()) };
        let pairs = scene.components.iter().flat_map(|component| &component.pairs);
        let pairs = pairs.filter(|pair| pair.reread != Reread::Never);
        let certificates: BTreeSet<PathBuf> =
            pairs.clone().map(|pair| pair.certificate.clone()).collect();
        let keys = pairs.map(|pair| pair.key.clone());
        let mut paths: Vec<PathBuf> = certificates.iter().cloned().collect();
        paths.extend(keys.chain(scene.idle_kubeconfigs.iter().cloned()));
        let files = self.site.read(host, &paths).await?;
        let mut leaves = Vec::new();
        for (path, file) in paths.into_iter().zip(files) {
            let content = file.content.as_ref();
            if let Some(found) =
                self.leaf_as_found(host, &path).filter(|_| certificates.contains(&path))
            {
                let now = content.and_then(leaf_in);
                let stand = match now {
                    None => Stand::Gone,
                    Some(now) if now.fingerprint == found.fingerprint => Stand::Old,
                    Some(_) => Stand::New,
                };
                leaves.push(Leaf { path: path.clone(), stand });
            }
            self.remember(host, path, file.content);
        }
        Ok(leaves)
    }

    fn leaf_as_found(&self, host: &HostName, path: &Path) -> Option<Certificate> {
        let digest = self.scene.found(host, path)?.digest.as_deref()?;
        leaf_in(&self.folder.content(digest).ok()?)
    }

    /// Each port presents what lies on disk now.
    async fn presents_its_own(&self, host: &HostName) -> Result<(), String> {
        let Some(scene) = self.scene.hosts.get(host) else { return Ok(()) };
        for component in scene.components.iter().filter(|one| one.process.is_some()) {
            for port in [Port::Client, Port::Peer] {
                let Some((path, leaf)) = component.pairs.iter().find_map(|pair| {
                    (pair.reread != Reread::Never
                        && super::gate::presented_at(pair.purpose) == Some(port))
                    .then(|| {
                        Some((&pair.certificate, leaf_in(&self.fresh(host, &pair.certificate)?)?))
                    })?
                }) else {
                    continue;
                };
                let Some(endpoint) = self.tls_endpoint(host, component.program, port) else {
                    continue;
                };
                let handshake = self.handshake(host, endpoint, None).await?;
                if handshake.chain.first() != Some(&leaf.der) {
                    let (address, path) = (endpoint.address, path.display());
                    return Err(format!("{address} does not present {path} yet"));
                }
            }
        }
        Ok(())
    }

    /// It has run since before the run began, so it has made nothing new.
    fn ran_before(&self, rotation: &Rotation, process: &Process) -> bool {
        let component = self.scene.component(&rotation.host, rotation.product.server);
        let found = component.and_then(|component| component.process.as_ref());
        found.is_some_and(|found| {
            let apart = found.started.duration_until(process.started).unsigned_abs();
            found.pid == process.pid && apart <= SAME_START
        })
    }
}

fn leaf_in(content: &Content) -> Option<Certificate> {
    pem::certificates(content.bytes()).into_iter().next()
}
