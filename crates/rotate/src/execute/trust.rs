//! Whom a running program trusts, which is asked of the program itself: by the authorities that it
//! names in a handshake, and by what it does with leaves of the cluster that some of them issued.
//!
//! etcd loads its authorities at its start, an API server whenever their file changes (within a
//! minute, before 1.23). Until it has, nobody may be given a leaf that only a new one vouches for.

use std::path::{Path, PathBuf};

use super::{Executor, change::Move};
use crate::{
    Endpoint, HostName, Program, Purpose, Reread, Site, Trust,
    certificate::Certificate,
    component::Port,
    face::Face,
    plan::{Setting, flag},
    run::changes,
    site::Clock,
};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// Each port trusts the authorities of its file, and none besides; of the files that are
    /// loaded by now.
    pub(super) async fn trusts(
        &self,
        mv: &Move,
        is_loaded: impl Fn(Reread) -> bool,
    ) -> Result<(), String> {
        let Some(component) = self.scene.component(&mv.host, mv.program) else { return Ok(()) };
        let trusts = component.trusts.iter();
        for trust in trusts.filter(|trust| trust.reread != Reread::Never && is_loaded(trust.reread))
        {
            let Some(port) = asked_at(trust.purpose) else { continue };
            let Some(wanted) = self.wanted(mv, trust) else { continue };
            let Some(endpoint) = self.tls_endpoint(&mv.host, mv.program, port) else { continue };
            // The list that a program sends in a handshake is the list that it loaded.
            let named = self.handshake(&mv.host, endpoint, None).await?.accepted_authorities;
            names_all(endpoint, &named, &wanted)?;
            for face in self.faces_for(&mv.host, mv.program, port) {
                self.accepts_rightly(mv, endpoint, &wanted, &face).await?;
            }
            names_none(endpoint, &named, &self.gone(mv, trust, &wanted))?;
        }
        Ok(())
    }

    /// Whom the program is to trust after the move; none: the move is not about that.
    fn wanted(&self, mv: &Move, trust: &Trust) -> Option<Vec<Certificate>> {
        let path = self.file_told(mv, trust, mv.is_back);
        let digest = match mv.legs.iter().find(|leg| leg.path == path) {
            Some(leg) => mv.aim(leg),
            // It is told of the file that it had before, which the run may not have touched.
            None if path != self.file_told(mv, trust, false) => {
                self.scene.found(&mv.host, &path)?.digest.as_deref()
            }
            None => return None,
        };
        Some(self.certificates_of(digest))
    }

    /// The file that the program goes by after the move: the one that it was found with, or that
    /// its manifest names since.
    fn file_told(&self, mv: &Move, trust: &Trust, is_back: bool) -> PathBuf {
        let is_done = |step: u32| match (mv.step, is_back) {
            (0, _) => !is_back,
            (own, true) => step < own,
            (own, false) => step <= own,
        };
        let done = changes(&self.plan).filter(|(step, change)| {
            is_done(*step) && change.host == mv.host && change.program == mv.program
        });
        let settings =
            done.flat_map(|(_, change)| &change.places).flat_map(|place| &place.settings);
        let told = settings.filter_map(|setting| match setting {
            Setting::Flag { name, value } if name == flag(trust.purpose) => Some(value),
            _ => None,
        });
        told.last().map_or_else(|| trust.path.clone(), PathBuf::from)
    }

    /// Whom it knew at another time of the run, and is not to know now.
    fn gone(&self, mv: &Move, trust: &Trust, wanted: &[Certificate]) -> Vec<Certificate> {
        let told = self.file_told(mv, trust, false);
        let is_its = |path: &Path| path == trust.path || path == told;
        let legs = self.roads.iter().flat_map(|roads| roads.on(&mv.host));
        let legs = legs.filter(|leg| is_its(&leg.path));
        let digests = legs.flat_map(|leg| [leg.before.as_deref(), Some(leg.after.as_str())]);
        let known = digests.flat_map(|digest| self.certificates_of(digest));
        let is_named = |one: &Certificate, among: &[Certificate]| {
            among.iter().any(|other| other.subject_der == one.subject_der)
        };
        let others = self.named_besides(mv, trust);
        known.filter(|one| !is_named(one, wanted) && !is_named(one, &others)).collect()
    }

    /// An API server names the front proxy's authorities at the same port.
    fn named_besides(&self, mv: &Move, trust: &Trust) -> Vec<Certificate> {
        let component = self.scene.component(&mv.host, mv.program);
        let others = component.into_iter().flat_map(|component| &component.trusts);
        let others = others.filter(|other| {
            other.reread != Reread::Never
                && other.path != trust.path
                && other.purpose == Purpose::FrontProxy
        });
        let digests = others.flat_map(|other| {
            let found = self.scene.found(&mv.host, &other.path);
            let legs = self.roads.iter().flat_map(|roads| roads.on(&mv.host));
            let legs = legs.filter(|leg| leg.path == other.path).map(|leg| leg.after.as_str());
            found.and_then(|found| found.digest.as_deref()).into_iter().chain(legs)
        });
        digests.flat_map(|digest| self.certificates_of(Some(digest))).collect()
    }

    /// What to show it: pairs of the cluster, as they will be and as they were.
    fn faces_for(&self, host: &HostName, program: Program, port: Port) -> Vec<Face> {
        let faces = self.faces().at(host, program, port);
        match program {
            Program::KubeApiserver if faces.is_empty() => self.faces().callers(host),
            _ => faces,
        }
    }

    /// The leaf is shown without its chain, so that only its own issuer speaks for it. Expired
    /// ones prove nothing.
    async fn accepts_rightly(
        &self,
        mv: &Move,
        endpoint: &Endpoint,
        wanted: &[Certificate],
        face: &Face,
    ) -> Result<(), String> {
        if !face.leaf.is_valid_at(self.clock.now()) || !face.leaf.usages.client {
            return Ok(());
        }
        let expected = wanted.iter().any(|authority| face.leaf.is_issued_by(authority));
        let handshake = self.handshake(&mv.host, endpoint, Some(&face.alone())).await?;
        let (address, name) = (endpoint.address, &face.leaf.issuer);
        match handshake.is_client_trusted {
            Some(trusted) if trusted == expected => Ok(()),
            _ if expected => Err(format!("{address} does not trust leaves of {name} yet")),
            _ => Err(format!("{address} still trusts leaves of {name}")),
        }
    }
}

fn names_all(endpoint: &Endpoint, named: &[Vec<u8>], wanted: &[Certificate]) -> Result<(), String> {
    match wanted.iter().find(|authority| !named.contains(&authority.subject_der)) {
        Some(authority) => {
            let (address, name) = (endpoint.address, authority.name());
            Err(format!("{address} has not loaded {name}; it names {} CAs", named.len()))
        }
        None => Ok(()),
    }
}

fn names_none(endpoint: &Endpoint, named: &[Vec<u8>], gone: &[Certificate]) -> Result<(), String> {
    match gone.iter().find(|authority| named.contains(&authority.subject_der)) {
        Some(authority) => Err(format!("{} still names {}", endpoint.address, authority.name())),
        None => Ok(()),
    }
}

/// The port at which a file of authorities decides who is let in.
fn asked_at(purpose: Purpose) -> Option<Port> {
    match purpose {
        Purpose::EtcdServer | Purpose::ApiserverClients => Some(Port::Client),
        Purpose::EtcdPeer => Some(Port::Peer),
        _ => None,
    }
}
