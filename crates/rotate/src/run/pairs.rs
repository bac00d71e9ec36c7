//! Certificates that stand beside another one's key: whether a run would leave any, before anything
//! is written; and whether any was found, before it is put back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use super::{Roads, Scene};
use crate::{HostName, Pair, Reread, facts::Content, halves::Halves};

/// A pair of which the key is another one's.
#[derive(Debug)]
pub struct TornPair<'s> {
    pub host: &'s HostName,
    pub pair: &'s Pair,
    /// What tells the two keys apart.
    told: String,
}

impl<'s> TornPair<'s> {
    fn of(host: &'s HostName, pair: &'s Pair, contents: [Option<&Content>; 2]) -> Option<Self> {
        let halves = Halves::read(contents[0], contents[1]);
        halves.own().is_none().then(|| Self { host, pair, told: halves.told() })
    }
}

impl fmt::Display for TornPair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (certificate, key) = (self.pair.certificate.display(), self.pair.key.display());
        write!(f, "{}: {certificate} and {key} ({})", self.host, self.told)
    }
}

impl Roads {
    /// The first pair that a change would leave with another one's key. `content` fetches what
    /// the run keeps.
    pub fn torn_pair<'s, E>(
        &self,
        scene: &'s Scene,
        content: impl Fn(&str) -> Result<Content, E>,
    ) -> Result<Option<TornPair<'s>>, E> {
        let mut whole: BTreeSet<[&str; 2]> = BTreeSet::new();
        let mut held = Held(BTreeMap::new());
        for legs in
            self.legs().chunk_by(|one, next| (one.step, &one.host) == (next.step, &next.host))
        {
            for leg in legs {
                held.0.insert((&leg.host, &leg.target), &leg.after);
            }
            let Some((host, seen)) = scene.hosts.get_key_value(&legs[0].host) else { continue };
            let is_written = |path: &PathBuf| legs.iter().any(|leg| leg.path == *path);
            let pairs = seen.components.iter().flat_map(|component| &component.pairs);
            for pair in pairs.filter(|pair| is_written(&pair.certificate) || is_written(&pair.key))
            {
                let [Some(certificate), Some(key)] =
                    [&pair.certificate, &pair.key].map(|path| held.by(scene, host, path))
                else {
                    continue;
                };
                if whole.contains(&[certificate, key]) {
                    continue;
                }
                let contents = [content(certificate)?, content(key)?];
                if let Some(torn) = TornPair::of(host, pair, contents.each_ref().map(Some)) {
                    return Ok(Some(torn));
                }
                whole.insert([certificate, key]);
            }
        }
        Ok(None)
    }
}

impl Scene {
    /// A pair that a program of the host reads and that was torn when it was found, if a file of it
    /// is one of `paths`. What is not at hand any more is no proof.
    pub fn torn_pair(
        &self,
        host: &HostName,
        paths: &[&Path],
        content: impl Fn(&str) -> Option<Content>,
    ) -> Option<TornPair<'_>> {
        let (host, seen) = self.hosts.get_key_value(host)?;
        let target = |path: &Path| self.found(host, path).map(|found| found.target.as_path());
        let is_one = |path: &PathBuf| paths.iter().any(|one| target(one) == target(path));
        let pairs = seen.components.iter().flat_map(|component| &component.pairs);
        let mut pairs = pairs.filter(|pair| {
            pair.reread != Reread::Never && (is_one(&pair.certificate) || is_one(&pair.key))
        });
        pairs.find_map(|pair| {
            let digest = |path: &PathBuf| self.found(host, path)?.digest.as_deref();
            let certificate = content(digest(&pair.certificate)?)?;
            let key = match digest(&pair.key) {
                Some(digest) => Some(content(digest)?),
                None => None,
            };
            TornPair::of(host, pair, [Some(&certificate), key.as_ref()])
        })
    }
}

/// Digests by host and target, as far as the run changed them.
struct Held<'a>(BTreeMap<(&'a HostName, &'a Path), &'a str>);

impl<'a> Held<'a> {
    fn by(&self, scene: &'a Scene, host: &'a HostName, path: &'a Path) -> Option<&'a str> {
        let found = scene.found(host, path);
        let target = found.map_or(path, |found| found.target.as_path());
        let held = self.0.get(&(host, target)).copied();
        held.or_else(|| found?.digest.as_deref())
    }
}
