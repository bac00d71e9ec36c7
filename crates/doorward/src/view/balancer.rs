//! A load balancer as the API shows it.

use model::LoadBalancer;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerView {
    pub name: String,
    pub dialect: String,
    /// The object that declares it.
    pub declared_by: String,
    pub read_only: bool,
    pub listeners: Vec<ListenerLine>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerLine {
    pub port: u16,
    pub protocol: String,
    pub address: String,
    /// The object that declares this listener.
    pub declared_by: String,
}

impl From<&LoadBalancer> for LoadBalancerView {
    fn from(balancer: &LoadBalancer) -> Self {
        let line = |listener: &std::sync::Arc<model::Listener>| ListenerLine {
            port: listener.key.port,
            protocol: listener.protocol.to_string(),
            address: listener.address.to_string(),
            declared_by: listener.declared_by.to_string(),
        };
        Self {
            name: balancer.name.to_string(),
            dialect: balancer.dialect.to_string(),
            declared_by: balancer.declared_by.to_string(),
            read_only: balancer.read_only,
            listeners: balancer.listeners.iter().map(line).collect(),
        }
    }
}
