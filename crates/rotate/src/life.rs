//! How what hangs on the control plane lives: which nodes are ready, and whether the controller
//! manager and the scheduler hold their leases. A run compares both with what they were before.
//!
//! Only read, of whichever API server answers somebody it knows; where none does, nothing is
//! compared. A cluster without nodes or leases is one.

use std::{collections::BTreeSet, net::SocketAddr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    HostName, Program, Site, SiteError,
    component::Port,
    face::{Contents, Faces},
    site::{HttpAsk, Identity},
};

/// A row for each object, since whole nodes are large; what an older server has instead tells of
/// none.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const LEASES: [&str; 2] = ["kube-controller-manager", "kube-scheduler"];
/// Holders renew theirs every few seconds.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Life {
    pub nodes: BTreeSet<String>,
    pub ready: BTreeSet<String>,
    /// Leases that were renewed a moment ago.
    pub held: BTreeSet<String>,
}

impl Life {
    /// What was well before and is not now. A node that was taken out of the cluster meanwhile is
    /// nobody's fault.
    pub fn lacks(&self, before: &Self) -> Option<String> {
        let mut nodes = before.ready.intersection(&self.nodes);
        if let Some(node) = nodes.find(|node| !self.ready.contains(*node)) {
            return Some(format!(
                "node {node} was ready before and is not; if it is gone for good, delete its Node"
            ));
        }
        let mut leases = before.held.difference(&self.held);
        leases.next().map(|lease| format!("nobody has renewed the lease {lease} for 30 s"))
    }
}

/// `None`: nobody answers, or nobody is known.
pub(crate) async fn look<K: Contents>(
    site: &impl Site,
    faces: &Faces<'_, K>,
    now: Timestamp,
) -> Option<Life> {
    for host in faces.scene.hosts_of(Program::KubeApiserver) {
        let server = faces.scene.component(host, Program::KubeApiserver)?;
        let mut endpoints = server.endpoints.iter();
        let endpoint = endpoints.find(|endpoint| endpoint.port == Port::Client);
        let Some(endpoint) = endpoint.filter(|_| server.process.is_some()) else { continue };
        let callers = faces.callers(host).into_iter();
        for caller in callers.filter(|caller| caller.leaf.is_valid_at(now)) {
            let (address, client) = (endpoint.address, &caller.identity);
            match (Asked { site, host, address, client }).life(now).await {
                Ok(Some(life)) => return Some(life),
                Ok(None) => {}
                // The next one will not hear more from this server.
                Err(_) => break,
            }
        }
    }
    None
}

struct Asked<'a, S> {
    site: &'a S,
    host: &'a HostName,
    address: SocketAddr,
    client: &'a Identity,
}

impl<S: Site> Asked<'_, S> {
    /// `None`: it does not tell this client.
    async fn life(&self, now: Timestamp) -> Result<Option<Life>, SiteError> {
        let mut life = Life::default();
        let mut next = String::new();
        loop {
            let path = format!("/api/v1/nodes?limit=100&includeObject=None&continue={next}");
            let Some(table) = self.get(path, Some(TABLE)).await? else { return Ok(None) };
            for (node, is_ready) in nodes(&table) {
                if is_ready {
                    life.ready.insert(node.clone());
                }
                life.nodes.insert(node);
            }
            match table["metadata"]["continue"].as_str() {
                Some(more) if !more.is_empty() => more.clone_into(&mut next),
                _ => break,
            }
        }
        for lease in LEASES {
            let path =
                format!("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{lease}");
            if self.get(path, None).await?.is_some_and(|found| is_fresh(&found, now)) {
                life.held.insert(lease.to_owned());
            }
        }
        Ok(Some(life))
    }

    async fn get(
        &self,
        path: String,
        accept: Option<&'static str>,
    ) -> Result<Option<Value>, SiteError> {
        let ask = HttpAsk { method: "GET", path, accept, content_type: None, body: String::new() };
        let (status, body) =
            self.site.https(self.host, self.address, Some(self.client), ask).await?;
        let value = (200..300).contains(&status).then(|| serde_json::from_str(&body));
        Ok(value.and_then(Result::ok))
    }
}

/// Names, and whether they are ready, of a table as it is printed: `Ready`, `NotReady`,
/// `Ready,SchedulingDisabled`.
fn nodes(table: &Value) -> Vec<(String, bool)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let columns = list(&table["columnDefinitions"]);
    let column = |name| columns.iter().position(|column| column["name"] == name);
    let (Some(name), Some(status)) = (column("Name"), column("Status")) else { return Vec::new() };
    let row = |row: &Value| {
        let name = row["cells"][name].as_str()?;
        let status = row["cells"][status].as_str()?;
        Some((name.to_owned(), status.split(',').next() == Some("Ready")))
    };
    list(&table["rows"]).iter().filter_map(row).collect()
}

fn is_fresh(lease: &Value, now: Timestamp) -> bool {
    let renewed = lease["spec"]["renewTime"].as_str().and_then(|time| time.parse().ok());
    renewed.is_some_and(|renewed: Timestamp| now.duration_since(renewed) < FRESH)
}

#[cfg(test)]
mod tests;
