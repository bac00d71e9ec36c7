//! What the API servers answer: health, a namespace, and one object that can be written.

use serde_json::json;

use super::State;
use crate::{HostName, Program, Purpose, certificate::Certificate, site::HttpAsk};

/// What they keep in etcd, and how they are to behave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Api {
    /// The object of the probes, while there is one.
    pub probe: Option<String>,
    /// How often it was written.
    pub writes: u32,
    /// Nobody may write.
    pub is_read_only: bool,
    /// They read, and no write comes through.
    pub is_failing: bool,
    /// Nodes, and whether each is ready.
    pub nodes: Vec<(&'static str, bool)>,
}

impl Api {
    fn nodes(&self) -> String {
        let word = |is_ready| if is_ready { "Ready" } else { "NotReady" };
        let rows =
            self.nodes.iter().map(|(name, is_ready)| json!({"cells": [name, word(*is_ready)]}));
        let rows: Vec<_> = rows.collect();
        json!({"columnDefinitions": [{"name": "Name"}, {"name": "Status"}], "rows": rows})
            .to_string()
    }
}

impl State {
    /// Health is told of themselves alone, as some builds do.
    pub(super) fn api_server(
        &mut self,
        host: &HostName,
        client: Option<Vec<Certificate>>,
        ask: &HttpAsk,
    ) -> (u16, String) {
        let well = (200, "{}".to_owned());
        match (client, ask.path.as_str()) {
            (Some(chain), _) if !self.knows(host, &chain) => return (401, "Unauthorized".into()),
            (_, "/livez" | "/readyz") => return well,
            (None, _) => return (403, "Forbidden".into()),
            _ if !self.can_write() => return (500, "etcd failed".into()),
            _ => {}
        }
        let is_object = ask.path.ends_with("/configmaps/pki-probe");
        match ask.method {
            "GET" if is_object => match &self.api.probe {
                Some(object) => (200, object.clone()),
                None => (404, "not found".into()),
            },
            "GET" if ask.path.starts_with("/api/v1/nodes") => (200, self.api.nodes()),
            "GET" => well,
            _ if self.api.is_read_only => (403, "it may not write".into()),
            _ if self.api.is_failing => (500, "etcdserver: request timed out".into()),
            "PATCH" if self.api.probe.is_none() => (404, "not found".into()),
            "DELETE" => {
                self.api.probe = None;
                well
            }
            _ => {
                self.api.writes += 1;
                self.api.probe.get_or_insert_with(|| ask.body.clone());
                well
            }
        }
    }

    fn knows(&self, host: &HostName, chain: &[Certificate]) -> bool {
        self.lets_in(host, Program::KubeApiserver, Purpose::ApiserverClients, chain)
    }
}
