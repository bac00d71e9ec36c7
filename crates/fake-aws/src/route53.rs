//! Route 53: zones, their records, and the rules for changing them.

mod batch;
pub(crate) mod protocol;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::FakeAws;

/// How long Route 53 takes to bring a change to all its servers.
const SPREAD: Duration = Duration::from_secs(30);

pub(crate) struct Route53 {
    pub(crate) zones: Vec<Zone>,
    /// When each change is on all servers.
    pub(crate) changes: BTreeMap<String, Timestamp>,
    pub(crate) page: usize,
    /// How long a zone is busy with a change, in virtual time.
    pub(crate) busy: Duration,
    pub(crate) spread: Duration,
}

pub(crate) struct Zone {
    pub(crate) id: String,
    /// Without the final dot.
    pub(crate) name: String,
    pub(crate) is_private: bool,
    /// Not delegated to: the API shows it, the public DNS does not ask it.
    pub(crate) is_hidden: bool,
    /// By name, without the final dot, and type.
    pub(crate) records: BTreeMap<(String, String), Set>,
    pub(crate) busy_until: Option<Timestamp>,
    /// Batches carried out.
    pub(crate) batches: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) ttl: u32,
    /// As they are written in a zone file.
    pub(crate) values: Vec<String>,
    /// When all servers answer with it.
    pub(crate) served_from: Timestamp,
}

impl Default for Route53 {
    fn default() -> Self {
        Self {
            zones: Vec::new(),
            changes: BTreeMap::new(),
            page: 100,
            busy: Duration::ZERO,
            spread: SPREAD,
        }
    }
}

impl FakeAws {
    /// Makes a public zone and gives its id.
    pub fn zone(&self, name: &str) -> String {
        self.make_zone(name, false)
    }

    /// Makes a zone that only a VPC sees.
    pub fn private_zone(&self, name: &str) -> String {
        self.make_zone(name, true)
    }

    fn make_zone(&self, name: &str, is_private: bool) -> String {
        let zones = &mut self.world().route53.zones;
        let id = format!("Z{:05}", zones.len());
        zones.push(Zone {
            id: id.clone(),
            name: name.to_owned(),
            is_private,
            is_hidden: false,
            records: BTreeMap::new(),
            busy_until: None,
            batches: 0,
        });
        id
    }

    /// Values of a record in one zone, as they are written in a zone file.
    pub fn records(&self, zone: &str, name: &str, kind: &str) -> Vec<String> {
        let world = self.world();
        let zone = world.route53.zones.iter().find(|known| known.id == zone);
        let set = zone.and_then(|zone| zone.records.get(&(name.to_owned(), kind.to_owned())));
        set.map(|set| set.values.clone()).unwrap_or_default()
    }

    /// Names of all records of a type in one zone.
    pub fn record_names(&self, zone: &str, kind: &str) -> Vec<String> {
        let world = self.world();
        let zones = world.route53.zones.iter().filter(|known| known.id == zone);
        let keys = zones.flat_map(|zone| zone.records.keys());
        keys.filter(|(_, found)| found == kind).map(|(name, _)| name.clone()).collect()
    }

    /// Writes a record past the API.
    pub fn put_record(&self, zone: &str, name: &str, kind: &str, ttl: u32, values: &[&str]) {
        let mut world = self.world();
        let served_from = world.now;
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let zone = world.route53.zones.iter_mut().find(|known| known.id == zone);
        let zone = zone.expect("the test made this zone");
        let key = (name.to_owned(), kind.to_owned());
        zone.records.insert(key, Set { ttl, values, served_from });
    }

    /// Takes every record of the zone away, past the API.
    pub fn clear_zone(&self, zone: &str) {
        let mut world = self.world();
        for known in world.route53.zones.iter_mut().filter(|known| known.id == zone) {
            known.records.clear();
        }
    }

    /// Takes the delegation away: nobody outside asks the zone any more.
    pub fn hide_zone(&self, zone: &str) {
        let mut world = self.world();
        for known in world.route53.zones.iter_mut().filter(|known| known.id == zone) {
            known.is_hidden = true;
        }
    }

    /// Changes that a zone has taken.
    pub fn batches(&self, zone: &str) -> usize {
        let world = self.world();
        world.route53.zones.iter().filter(|known| known.id == zone).map(|zone| zone.batches).sum()
    }
}

impl Route53 {
    /// What the public DNS answers for a name.
    pub(crate) fn look_up(&self, name: &str, kind: &str, now: Timestamp) -> Option<&Set> {
        let holds = |zone: &&Zone| {
            name == zone.name || name.strip_suffix(&zone.name).is_some_and(|n| n.ends_with('.'))
        };
        let zone = self
            .zones
            .iter()
            .filter(|zone| !zone.is_private && !zone.is_hidden)
            .filter(holds)
            .max_by_key(|zone| zone.name.len())?;
        let set = zone.records.get(&(name.to_owned(), kind.to_owned()))?;
        (set.served_from <= now).then_some(set)
    }
}
