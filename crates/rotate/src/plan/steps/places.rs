//! The files of one change. A file that holds several things is one place with several settings.

use std::path::{Path, PathBuf};

use super::Input;
use crate::{
    Facts, HostName, Program, Purpose, Reread,
    plan::{
        AuthorityPlan, Mode, Place, Setting, Stage,
        scope::{Realm, TrustSpot},
    },
};

pub(super) struct Places<'a> {
    input: &'a Input<'a>,
    places: Vec<Place>,
    reread: Reread,
}

impl<'a> Places<'a> {
    pub(super) fn new(input: &'a Input<'a>) -> Self {
        Self { input, places: Vec::new(), reread: Reread::Never }
    }

    /// New pairs that `program` reads on `host`, and when it notices.
    pub(super) fn leaves(mut self, host: &HostName, program: Program) -> (Vec<Place>, Reread) {
        self.add_leaves(host, program);
        self.done()
    }

    pub(super) fn add_leaves(&mut self, host: &HostName, program: Program) {
        for planned in self.input.leaves {
            let Some(leaf) = self.input.scope.leaves.iter().find(|leaf| leaf.id == planned.id)
            else {
                continue;
            };
            let crossed = self
                .input
                .authorities
                .iter()
                .any(|authority| authority.id == planned.authority && authority.cross_signed);
            for spot in
                leaf.spots.iter().filter(|spot| spot.host == *host && spot.program == program)
            {
                let id = || planned.id.clone();
                self.add(&spot.key, Setting::Key { leaf: id() });
                self.add(&spot.certificate, Setting::Certificate { leaf: id(), crossed });
                self.notice(spot.reread);
            }
        }
    }

    /// Trust files that `program` reads on `host`, with what was added before. Where the stage is
    /// the last one, those that must go on trusting the old authority keep it.
    pub(super) fn trust(
        mut self,
        host: &HostName,
        program: Program,
        stage: Stage,
    ) -> (Vec<Place>, Reread) {
        let spots = self.input.scope.trusts.iter();
        for spot in spots.filter(|spot| spot.host == *host && spot.program == program) {
            for planned in self.input.authorities {
                if !spot.authorities.contains(&planned.id) {
                    continue;
                }
                let authority = planned.id.clone();
                if stage != Stage::New || !self.keeps_old(planned, spot) {
                    self.add(&spot.path, Setting::Trust { authority, stage });
                    self.notice(spot.reread);
                } else if spot.is_kept_at(&planned.kept_at) {
                    self.overlap_beside(planned, spot);
                } else {
                    self.add(&spot.path, Setting::Trust { authority, stage: Stage::Both });
                    self.notice(spot.reread);
                }
            }
        }
        self.done()
    }

    /// Clients that no plan reaches hold leaves of the old authority of Kubernetes; only the file
    /// that the signing program reads is another matter: it may hold a single certificate.
    fn keeps_old(&self, planned: &AuthorityPlan, spot: &TrustSpot) -> bool {
        planned.cross_signed
            && self.input.scope.has_strangers(&planned.id, spot.purpose)
            && (spot.program == Program::KubeApiserver || !spot.is_kept_at(&planned.kept_at))
    }

    /// Both into a file of their own, and the program told to read that one.
    fn overlap_beside(&mut self, planned: &AuthorityPlan, spot: &TrustSpot) {
        let Some(manifest) = manifest(self.input.facts, spot) else { return };
        let bundle = bundle_path(&spot.path);
        let authority = planned.id.clone();
        self.add(&bundle, Setting::Trust { authority, stage: Stage::Both });
        let value = bundle.display().to_string();
        self.add(&manifest, Setting::Flag { name: flag(spot.purpose).to_owned(), value });
        self.notice(Reread::AtStart);
    }

    /// Authorities' own certificates and keys that go with this program's change, so that who
    /// signs by hand signs as the new one.
    pub(super) fn authority_files(&mut self, host: &HostName, program: Program) {
        for authority in self.input.authorities {
            let here = authority.kept_at.iter().filter(|(at, ..)| at == host);
            for (_, certificate, key) in here {
                if self.carrier(host, self.realm(authority, host, certificate)) != program {
                    continue;
                }
                let id = || authority.id.clone();
                if !authority.same_key {
                    self.add(key, Setting::AuthorityKey { authority: id() });
                }
                self.add(certificate, Setting::Trust { authority: id(), stage: Stage::New });
            }
        }
    }

    /// Of one authority for etcd and Kubernetes, each of the two has its own file in time, unless
    /// all are away meanwhile.
    fn realm(&self, authority: &AuthorityPlan, host: &HostName, certificate: &Path) -> Realm {
        let is_etcds =
            |spot: &TrustSpot| spot.host == *host && spot.path == certificate && spot.is_etcds();
        let is_etcds = self.input.scope.trusts.iter().any(is_etcds);
        match self.input.scope.realm(&authority.id) {
            Realm::Both if self.input.mode == Mode::Sweep || is_etcds => Realm::Etcd,
            Realm::Both => Realm::Kubernetes,
            realm => realm,
        }
    }

    /// etcd's go with the first that trusts them. The pair that signs for Kubernetes comes after
    /// all API servers, which by then trust both, if there is anybody after them on the host; in a
    /// sweep nobody trusts both, and an API server that goes by the same file as the pair writes
    /// it with its key.
    fn carrier(&self, host: &HostName, realm: Realm) -> Program {
        use Program::{Etcd, KubeApiserver, KubeControllerManager, Kubelet};
        let wanted: &[Program] = match realm {
            Realm::Etcd | Realm::Both => &[Etcd, KubeApiserver],
            Realm::Kubernetes if self.input.mode == Mode::Sweep => {
                &[KubeApiserver, KubeControllerManager, Kubelet]
            }
            Realm::Kubernetes => &[KubeControllerManager, Kubelet, KubeApiserver],
            Realm::FrontProxy => &[KubeApiserver],
        };
        let components = self.input.facts.hosts.get(host).map(|facts| facts.components.as_slice());
        let present = || components.unwrap_or_default().iter().map(|component| component.program);
        let carrier = wanted.iter().copied().find(|wanted| present().any(|one| one == *wanted));
        carrier.or_else(|| present().next()).unwrap_or(KubeApiserver)
    }

    /// In the order of adding: each key right before its certificate, so that a handshake in
    /// between is the only one that sees two which do not fit.
    fn add(&mut self, path: &Path, setting: Setting) {
        match self.places.iter_mut().find(|place| place.path == path) {
            Some(place) if place.settings.contains(&setting) => {}
            Some(place) => place.settings.push(setting),
            None => self.places.push(Place { path: path.to_owned(), settings: vec![setting] }),
        }
    }

    fn notice(&mut self, reread: Reread) {
        self.reread = match (self.reread, reread) {
            (Reread::AtStart, _) | (_, Reread::AtStart) => Reread::AtStart,
            (Reread::Always, _) | (_, Reread::Always) => Reread::Always,
            _ => Reread::Never,
        };
    }

    /// Manifests last: the kubelet starts the program anew as soon as it sees one.
    fn done(mut self) -> (Vec<Place>, Reread) {
        let is_flag = |setting: &Setting| matches!(setting, Setting::Flag { .. });
        self.places.sort_by_key(|place| place.settings.iter().any(is_flag));
        (self.places, self.reread)
    }
}

/// `ca.crt` becomes `ca-bundle.crt`, in the same folder, which its program is sure to see.
fn bundle_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}-bundle{}", ending.unwrap_or_default()))
}

/// The manifest of the static pod that runs the spot's program.
pub(crate) fn manifest(facts: &Facts, spot: &TrustSpot) -> Option<PathBuf> {
    let mut components = facts.hosts.get(&spot.host)?.components.iter();
    let component = components.find(|component| component.program == spot.program)?;
    component.run_by.manifest().map(Path::to_owned)
}

/// What an API server is told a trust file by.
pub(crate) fn flag(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::ApiserverKubelet => "kubelet-certificate-authority",
        Purpose::FrontProxy => "requestheader-client-ca-file",
        _ => "client-ca-file",
    }
}
