//! Where a route sends: Services of the cluster, with weights.

use std::sync::Arc;

use model::{Filter, Reason};

use super::{
    headers::{self, HeaderEdits},
    scope,
};
use crate::{
    dialect::{Fields, Problems},
    world::Key,
};

/// What every cluster calls itself here.
const CLUSTER: &str = ".svc.cluster.local";

/// One Service port, used by one or more routes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    pub host: DestinationHost,
    /// `None`: the Service's only port, else that of the listener.
    pub port: Option<u16>,
    /// Where it is written first.
    pub field: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DestinationHost {
    Service(Key),
    /// No name of a Service.
    Elsewhere(Arc<str>),
}

/// All of one object, each once.
#[derive(Debug)]
pub(in crate::istio) struct Destinations<'a> {
    /// The object's own; short names are looked for there.
    pub namespace: &'a str,
    pub known: Vec<Destination>,
}

/// One of several destinations of a route.
#[derive(Clone, Debug)]
pub(in crate::istio) struct Share {
    /// Place among the object's destinations.
    pub destination: usize,
    pub weight: u32,
    pub filters: Arc<[Filter]>,
}

impl Destinations<'_> {
    /// The place of what is written under `key`.
    pub fn read(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        problems: &mut Problems,
    ) -> Option<usize> {
        let Some(mut block) = fields.child(key, "Destination", problems) else {
            let text = "a destination is needed: write destination: {host: …}";
            problems.reject(Reason::InvalidField, fields.path_of(key), text);
            return None;
        };
        let place = self.read_block(&mut block, problems);
        block.finish(problems);
        place
    }

    fn read_block(&mut self, block: &mut Fields<'_>, problems: &mut Problems) -> Option<usize> {
        let field = block.path_of("host");
        let host = block.text("host", problems);
        let subset = block.text("subset", problems);
        let port = block.child("port", "PortSelector", problems);
        let port = port.and_then(|mut block| {
            let port = scope::port(&mut block, "number", problems);
            block.finish(problems);
            port
        });
        if let Some(subset) = subset {
            let text = format!(
                "DestinationRules are not read here, so subset {subset:?} stands for every endpoint of the Service: give the subset a Service of its own"
            );
            problems.warn(Reason::NotHonoured, block.path_of("subset"), text);
        }
        let Some(host) = host else {
            let text =
                "a host is needed: write a Service's name, or NAME.NAMESPACE.svc.cluster.local";
            problems.reject(Reason::InvalidField, field, text);
            return None;
        };
        Some(self.place_of(Destination { host: self.resolve(host), port, field }))
    }

    fn resolve(&self, host: &str) -> DestinationHost {
        let host = host.strip_suffix('.').unwrap_or(host);
        match host.strip_suffix(CLUSTER).and_then(|rest| rest.split_once('.')) {
            Some((name, namespace)) if !namespace.contains('.') => {
                DestinationHost::Service(Key::new(namespace, name))
            }
            _ if !host.contains('.') => DestinationHost::Service(Key::new(self.namespace, host)),
            _ => DestinationHost::Elsewhere(host.into()),
        }
    }

    fn place_of(&mut self, wanted: Destination) -> usize {
        let same = |known: &Destination| known.host == wanted.host && known.port == wanted.port;
        self.known.iter().position(same).unwrap_or_else(|| {
            self.known.push(wanted);
            self.known.len() - 1
        })
    }
}

/// `route[]` of a rule. A single destination gets everything, whatever its weight; of several,
/// those without a weight get nothing.
pub(super) fn shares(
    rule: &mut Fields<'_>,
    destinations: &mut Destinations<'_>,
    problems: &mut Problems,
) -> Vec<Share> {
    let path = rule.path_of("route");
    let blocks = rule.children("route", "HTTPRouteDestination", problems);
    let is_single = blocks.len() == 1;
    let mut shares = Vec::with_capacity(blocks.len());
    let mut total = 0;
    for mut block in blocks {
        let weight = weight(&mut block, problems);
        let destination = destinations.read(&mut block, "destination", problems);
        let edits = headers::read(&mut block, problems);
        block.finish(problems);
        total += u64::from(weight);
        if let Some(destination) = destination
            && (weight > 0 || is_single)
        {
            let filters = edits.as_ref().map(HeaderEdits::filters).unwrap_or_default().into();
            shares.push(Share { destination, weight: weight.max(1), filters });
        }
    }
    if total == 0 && !is_single && rule.has("route") {
        let text = "no destination gets anything: give one of them a weight above 0";
        problems.reject(Reason::InvalidField, path, text);
    }
    shares
}

fn weight(block: &mut Fields<'_>, problems: &mut Problems) -> u32 {
    let Some(written) = block.integer("weight", problems) else { return 0 };
    u32::try_from(written).unwrap_or_else(|_| {
        let text = format!("{written} is no weight: write a whole number from 0 on");
        problems.reject(Reason::InvalidField, block.path_of("weight"), text);
        0
    })
}
