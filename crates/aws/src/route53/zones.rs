//! Which hosted zone a record belongs to.

use std::{sync::Arc, time::Duration};

use aws_sdk_route53::{Client, types::HostedZone};
use issue::IssueError;
use tokio::{sync::Mutex, time::Instant};

use crate::fault::{Call, fault};

/// Zones come and go seldom, and listing them is one of the five calls a second.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);

/// As in `/hostedzone/ID`, without what is before it.
pub(super) type ZoneId = Arc<str>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    pub(super) id: ZoneId,
    /// In lower case, without the final dot.
    pub(super) name: String,
    pub(super) is_private: bool,
}

pub(super) struct Zones {
    client: Client,
    only: Vec<String>,
    listed: Mutex<Option<(Instant, Arc<[Zone]>)>>,
}

impl Zones {
    pub(super) fn new(client: Client, only: Vec<String>) -> Self {
        Self { client, only, listed: Mutex::default() }
    }

    /// A name that no zone has is looked for in a new list before it is refused: its zone may
    /// have just been made.
    pub(super) async fn of(&self, name: &str) -> Result<ZoneId, IssueError> {
        let mut listed = self.listed.lock().await;
        if let Some((at, zones)) = &*listed
            && at.elapsed() < GOOD_FOR
            && let Ok(id) = choose(zones, name)
        {
            return Ok(id);
        }
        let zones: Arc<[Zone]> = self.list().await?.into();
        *listed = Some((Instant::now(), zones.clone()));
        choose(&zones, name)
    }

    async fn list(&self) -> Result<Vec<Zone>, IssueError> {
        if self.only.is_empty() { self.list_all().await } else { self.list_named().await }
    }

    async fn list_all(&self) -> Result<Vec<Zone>, IssueError> {
        const CALL: Call = Call { service: "route53", operation: "ListHostedZones" };
        let mut pages = self.client.list_hosted_zones().into_paginator().items().send();
        let mut zones = Vec::new();
        while let Some(zone) = pages.next().await {
            zones.push(read(&zone.map_err(|error| fault(CALL, &error))?));
        }
        Ok(zones)
    }

    async fn list_named(&self) -> Result<Vec<Zone>, IssueError> {
        const CALL: Call = Call { service: "route53", operation: "GetHostedZone" };
        let mut zones = Vec::new();
        for id in &self.only {
            let answer = self.client.get_hosted_zone().id(id).send().await;
            let answer = answer.map_err(|error| fault(CALL, &error))?;
            zones.extend(answer.hosted_zone.as_ref().map(read));
        }
        Ok(zones)
    }
}

fn read(zone: &HostedZone) -> Zone {
    let id = zone.id.rsplit('/').next().unwrap_or(&zone.id);
    Zone {
        id: id.into(),
        name: zone.name.trim_end_matches('.').to_ascii_lowercase(),
        is_private: zone.config.as_ref().is_some_and(|config| config.private_zone),
    }
}

/// The public zone with the longest name that `name` is in. Of two with the same name one is
/// perhaps not delegated to, and only people know which.
fn choose(zones: &[Zone], name: &str) -> Result<ZoneId, IssueError> {
    let holds = |zone: &&Zone| {
        name.strip_suffix(zone.name.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let public = zones.iter().filter(holds).filter(|zone| !zone.is_private);
    let Some(best) = public.clone().max_by_key(|zone| zone.name.len()) else {
        let private = zones.iter().find(holds);
        return Err(IssueError::refused(match private {
            Some(zone) => format!(
                "no public hosted zone of Route 53 holds {name}, only the private zone {} ({}); make a public one, which alone is seen from outside",
                zone.name, zone.id
            ),
            None => format!(
                "no public hosted zone of Route 53 holds {name}; make one, or name the account or the zone that has it"
            ),
        }));
    };
    let mut twins = public.filter(|zone| zone.name == best.name && zone.id != best.id);
    match twins.next() {
        None => Ok(best.id.clone()),
        Some(twin) => Err(IssueError::refused(format!(
            "Route 53 has two public hosted zones called {}: {} and {}; say in the settings which one to write to",
            best.name, best.id, twin.id
        ))),
    }
}

#[cfg(test)]
mod tests;
