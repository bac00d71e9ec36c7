//! The last look before anything is written: whenever a change is through, each certificate that
//! it wrote stands beside its own key.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Roads, Scene};
use crate::{HostName, Pair, facts::Content, pem, render};

impl Roads {
    /// The first pair that a change would leave with another one's key, and its host. `content`
    /// fetches what the run keeps.
    pub fn torn_pair<'s, E>(
        &self,
        scene: &'s Scene,
        content: impl Fn(&str) -> Result<Content, E>,
    ) -> Result<Option<(&'s HostName, &'s Pair)>, E> {
        let mut known: BTreeMap<[&str; 2], bool> = BTreeMap::new();
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
                let goes_together = match known.get(&[certificate, key]) {
                    Some(known) => *known,
                    None => go_together(&content(certificate)?, &content(key)?),
                };
                if !goes_together {
                    return Ok(Some((host, pair)));
                }
                known.insert([certificate, key], goes_together);
            }
        }
        Ok(None)
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

/// Wherever in the file the key's own certificate stands.
fn go_together(certificate: &Content, key: &Content) -> bool {
    let texts = |content: &Content| render::texts(content.bytes());
    let keys: Vec<_> = texts(key).iter().flat_map(|text| pem::private_keys(text)).collect();
    let certificates = texts(certificate);
    let mut certificates = certificates.iter().flat_map(|text| pem::certificates(text));
    certificates.any(|found| keys.iter().any(|key| key.is_key_of(&found)))
}
