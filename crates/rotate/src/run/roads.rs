//! The contents that each file goes through: as found, in between, new. Where a file stands on its
//! road is told by its digest, so a run that was cut off needs no memory of what it did.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Scene;
use crate::{
    HostName, Plan,
    facts::Content,
    plan::{Act, Change, Place, Setting},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roads {
    /// In the order of the plan's steps, changes and places.
    legs: Vec<Leg>,
}

/// One place of one change: from which content to which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    pub step: u32,
    pub host: HostName,
    /// As configured.
    pub path: PathBuf,
    /// Where the bytes are. Two paths with one target are one file.
    pub target: PathBuf,
    /// None: there is no file.
    pub before: Option<String>,
    pub after: String,
}

impl Leg {
    /// Whether the content changes at all on it.
    pub fn is_moving(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }
}

/// Where a file stands as seen from one leg of its road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Before,
    After,
    /// On another leg: an earlier change is not done yet, or a later one is.
    Elsewhere,
    /// Nothing that the run knows.
    Foreign,
}

impl Roads {
    /// Follows every file through the plan. `content` fetches what the run keeps, `render` makes a
    /// place's bytes of the file as it was found, `keep` puts bytes away and says their digest.
    ///
    /// A file that changes twice is made anew from how it was found each time, with all that was
    /// set in it until then: so its bytes do not depend on what lay in between.
    pub fn lay<E>(
        plan: &Plan,
        scene: &Scene,
        content: impl Fn(&str) -> Result<Content, E>,
        render: impl Fn(&Place, Option<&Content>) -> Result<Content, E>,
        keep: impl Fn(&Content) -> Result<String, E>,
    ) -> Result<Self, E> {
        let mut underway: BTreeMap<(HostName, PathBuf), Underway> = BTreeMap::new();
        let mut legs = Vec::new();
        for (step, change) in changes(plan) {
            for place in &change.places {
                let found = scene.found(&change.host, &place.path);
                let target = found.map_or_else(|| place.path.clone(), |found| found.target.clone());
                let original = found.and_then(|found| found.digest.clone());
                let file = underway.entry((change.host.clone(), target.clone()));
                let file = file.or_insert_with(|| Underway {
                    digest: original.clone(),
                    before: original.clone(),
                    settings: Vec::new(),
                });
                file.set(&place.settings);
                let held = original.as_deref().map(&content).transpose()?;
                let whole = Place { path: place.path.clone(), settings: file.settings.clone() };
                let after = keep(&render(&whole, held.as_ref())?)?;
                let before = file.step_to(&after);
                let (host, path) = (change.host.clone(), place.path.clone());
                legs.push(Leg { step, host, path, target, before, after });
            }
        }
        Ok(Self { legs })
    }

    /// The legs of one change, in the order in which files are written.
    pub fn of<'a>(&'a self, step: u32, host: &'a HostName) -> impl Iterator<Item = &'a Leg> {
        self.legs.iter().filter(move |leg| leg.step == step && leg.host == *host)
    }

    /// All that is brought to one host.
    pub fn on<'a>(&'a self, host: &'a HostName) -> impl Iterator<Item = &'a Leg> {
        self.legs.iter().filter(move |leg| leg.host == *host)
    }

    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// What the file holds in the end, if the run changes it.
    pub fn last(&self, host: &HostName, target: &Path) -> Option<&str> {
        let mut legs = self.legs.iter().rev();
        legs.find(|leg| leg.host == *host && leg.target == target).map(|leg| leg.after.as_str())
    }

    /// Where a file with this digest stands.
    pub fn stand(&self, leg: &Leg, digest: Option<&str>) -> Stand {
        if digest == Some(&leg.after) {
            return Stand::After;
        }
        if digest == leg.before.as_deref() {
            return Stand::Before;
        }
        let same = |other: &&Leg| other.host == leg.host && other.target == leg.target;
        let known = self
            .legs
            .iter()
            .filter(same)
            .any(|other| digest == Some(&other.after) || digest == other.before.as_deref());
        if known { Stand::Elsewhere } else { Stand::Foreign }
    }
}

/// A file on its way: what it holds by now, and all that was set in it.
struct Underway {
    digest: Option<String>,
    before: Option<String>,
    settings: Vec<Setting>,
}

impl Underway {
    /// From which content this one is reached. Where an earlier change wrote the file already, for
    /// the sake of another program, both are on the same leg: forwards the earlier one walks it,
    /// and on the way back the later one does, whose program must know the old content first.
    fn step_to(&mut self, after: &str) -> Option<String> {
        if self.digest.as_deref() != Some(after) {
            self.before = self.digest.replace(after.to_owned());
        }
        self.before.clone()
    }

    /// What was set of the same thing before gives way.
    fn set(&mut self, settings: &[Setting]) {
        for setting in settings {
            self.settings.retain(|earlier| subject(earlier) != subject(setting));
            self.settings.push(setting.clone());
        }
    }
}

/// What a setting is about.
fn subject(setting: &Setting) -> (u8, &str) {
    match setting {
        Setting::Trust { authority, .. } => (0, authority),
        Setting::AuthorityKey { authority } => (1, authority),
        Setting::Certificate { leaf, .. } => (2, leaf),
        Setting::Key { leaf } => (3, leaf),
        Setting::Flag { name, .. } => (4, name),
    }
}

/// The plan's changes with the number of their step.
pub fn changes(plan: &Plan) -> impl Iterator<Item = (u32, &Change)> {
    plan.steps.iter().flat_map(|step| {
        let changes = match &step.act {
            Act::Change(change) => std::slice::from_ref(change),
            Act::Sweep { changes, .. } => changes.as_slice(),
            _ => &[],
        };
        changes.iter().map(move |change| (step.number, change))
    })
}

#[cfg(test)]
mod tests;
