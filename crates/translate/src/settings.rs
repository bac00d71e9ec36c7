//! What `doorward.yaml` and the flags say to the translation.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// Ready to use: the binary has parsed and checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where every load balancer without an address of its own binds.
    pub bind: IpAddr,
    /// Listener port to local port; ports not named stay as they are.
    pub port_map: BTreeMap<u16, u16>,
    /// Addresses of single load balancers.
    pub addresses: BTreeMap<Arc<str>, IpAddr>,
    /// Serve only these load balancers; `None` = all.
    pub only: Option<BTreeSet<Arc<str>>>,
    /// The Issuer for TLS hosts that no other source covers; `None` issues nothing unasked.
    pub default_issuer: Option<Arc<str>>,
    /// Issuers that exist; a wish for another one is a verdict.
    pub issuers: BTreeSet<Arc<str>>,
    /// Where the certificate store's Secrets and issued Secrets live.
    pub store_namespace: Arc<str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port_map: BTreeMap::new(),
            addresses: BTreeMap::new(),
            only: None,
            default_issuer: None,
            issuers: BTreeSet::from(["local".into()]),
            store_namespace: "doorward-system".into(),
        }
    }
}

impl Settings {
    /// The local port that stands for a listener's port.
    pub fn local_port(&self, port: u16) -> u16 {
        self.port_map.get(&port).copied().unwrap_or(port)
    }

    pub fn address_of(&self, load_balancer: &str) -> IpAddr {
        self.addresses.get(load_balancer).copied().unwrap_or(self.bind)
    }
}
