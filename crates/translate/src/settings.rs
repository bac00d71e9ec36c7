//! What `doorward.yaml` and the flags say to the translation.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use crate::claim::OnDelete;

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
    pub mesh: Mesh,
    /// What CCE keeps in force after its annotation was removed stays in force here as well.
    pub retain_removed_settings: bool,
    /// Where the certificate store's Secrets and issued Secrets live.
    pub store_namespace: Arc<str>,
    /// The namespaces whose Secrets the source can see; `None` = all.
    pub secret_namespaces: Option<BTreeSet<Arc<str>>>,
}

/// The gateway that this process is to Istio's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    /// What its load balancer is called.
    pub name: Arc<str>,
    /// Where it runs, and so where `credentialName` is looked up.
    pub gateway_namespace: Arc<str>,
    /// What a Gateway's `selector` is compared with; `None`: every selector fits.
    pub workload: Option<BTreeMap<String, String>>,
    /// Secret names that Alibaba's service mesh forbids reject their server.
    pub asm_strict_names: bool,
    /// For Gateways that do not say.
    pub on_delete: OnDelete,
}

impl Default for Mesh {
    fn default() -> Self {
        Self {
            name: "istio-ingressgateway".into(),
            gateway_namespace: "istio-system".into(),
            workload: None,
            asm_strict_names: false,
            on_delete: OnDelete::default(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port_map: BTreeMap::new(),
            addresses: BTreeMap::new(),
            only: None,
            default_issuer: None,
            mesh: Mesh::default(),
            retain_removed_settings: false,
            store_namespace: "doorward-system".into(),
            secret_namespaces: None,
        }
    }
}

impl Settings {
    /// The local port that stands for a listener's port.
    pub fn local_port(&self, port: u16) -> u16 {
        self.port_map.get(&port).copied().unwrap_or(port)
    }

    /// Whether Secrets of this namespace would be seen if they were there.
    pub fn sees_secrets_in(&self, namespace: &str) -> bool {
        self.secret_namespaces.as_ref().is_none_or(|seen| seen.contains(namespace))
    }

    pub fn address_of(&self, load_balancer: &str) -> IpAddr {
        self.addresses.get(load_balancer).copied().unwrap_or(self.bind)
    }
}
