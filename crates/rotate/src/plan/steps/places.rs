//! The files of one change. A file that holds several things is one place with several settings.

use std::path::Path;

use super::Input;
use crate::{
    HostName, Program, Reread,
    plan::{Place, Setting, Stage},
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

    /// Trust files that `program` reads on `host`, with what was added before.
    pub(super) fn trust(
        mut self,
        host: &HostName,
        program: Program,
        stage: Stage,
    ) -> (Vec<Place>, Reread) {
        let spots = self.input.scope.trusts.iter();
        for spot in spots.filter(|spot| spot.host == *host && spot.program == program) {
            let planned = self.input.authorities.iter().map(|authority| &authority.id);
            for id in planned.filter(|id| spot.authorities.contains(*id)) {
                self.add(&spot.path, Setting::Trust { authority: id.clone(), stage });
                self.notice(spot.reread);
            }
        }
        self.done()
    }

    /// The authority's own certificate and key, so that who signs by hand signs as the new one.
    pub(super) fn authority_files(&mut self, host: &HostName) {
        for authority in self.input.authorities {
            let here = authority.kept_at.iter().filter(|(at, ..)| at == host);
            for (_, certificate, key) in here {
                let id = || authority.id.clone();
                if !authority.same_key {
                    self.add(key, Setting::AuthorityKey { authority: id() });
                }
                self.add(certificate, Setting::Trust { authority: id(), stage: Stage::New });
            }
        }
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

    fn done(self) -> (Vec<Place>, Reread) {
        (self.places, self.reread)
    }
}
