//! The address under which clients reach the gateway, as statuses tell it.

use std::{convert::Infallible, fmt, net::IpAddr, str::FromStr, sync::Arc};

use serde_json::{Value, json};

use crate::Live;

/// Settings of what is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publish {
    /// `publishAddress`; empty = whatever the Service in front of the gateway was given.
    pub addresses: Vec<Address>,
}

/// An IP address or a host name: a status has a field for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    Ip(IpAddr),
    Name(Arc<str>),
}

impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.into()), Self::Ip))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Address {
    /// An entry of `status.loadBalancer.ingress`.
    fn entry(&self) -> Value {
        match self {
            Self::Ip(ip) => json!({ "ip": ip.to_string() }),
            Self::Name(name) => json!({ "hostname": &**name }),
        }
    }

    fn of_entry(entry: &Value) -> Option<Self> {
        let text = |key| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = || Some(Self::Name(text("hostname")?.into()));
        text("ip").and_then(|ip| ip.parse().ok()).map(Self::Ip).or_else(name)
    }
}

impl Publish {
    /// Empty as long as no address is known.
    pub(crate) fn addresses(&self, live: &Live) -> Vec<Address> {
        if !self.addresses.is_empty() {
            return self.addresses.clone();
        }
        live.gateway.as_deref().map(addresses_of).unwrap_or_default()
    }
}

/// What a `status.loadBalancer` tells. Fields beside ip and hostname, some of which the API
/// server adds by itself (`ipMode`), are none of ours.
pub(crate) fn addresses_of(load_balancer: &Value) -> Vec<Address> {
    let entries = load_balancer.get("ingress").and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(Address::of_entry).collect()
}

/// `status` of an Ingress or a Service.
pub(crate) fn status_of(addresses: &[Address]) -> Value {
    let entries: Vec<Value> = addresses.iter().map(Address::entry).collect();
    json!({ "loadBalancer": { "ingress": entries } })
}
