//! Where programs listen, as seen from their own host.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::told::Told;
use crate::{
    Endpoint, Program,
    component::Port,
    inventory::{Override, socket_of},
};

const APISERVER: u16 = 6443;
const KUBELET: u16 = 10250;

pub(super) fn endpoints(program: Program, told: &Told, said: &Override) -> Vec<Endpoint> {
    match program {
        Program::Etcd => {
            let mut all = etcd(told, "listen-client-urls", Port::Client, &said.endpoint);
            all.extend(etcd(told, "listen-peer-urls", Port::Peer, &said.peer_endpoint));
            all.extend(etcd(told, "listen-metrics-urls", Port::Metrics, &None));
            all
        }
        Program::KubeApiserver => {
            let bound = ["advertise-address", "bind-address"];
            let own = bound.iter().find_map(|flag| told.settings.one(flag)?.parse().ok());
            one(told, "secure-port", APISERVER, own, &said.endpoint)
        }
        Program::Kubelet => {
            let own = told.settings.one("address").and_then(|address| address.parse().ok());
            one(told, "port", KUBELET, own, &said.endpoint)
        }
        // What they serve, metrics mostly, they have certificates for that they make themselves.
        Program::KubeControllerManager
        | Program::KubeScheduler
        | Program::CloudControllerManager
        | Program::K3s
        | Program::Rke2 => Vec::new(),
    }
}

fn etcd(told: &Told, flag: &str, port: Port, said: &Option<String>) -> Vec<Endpoint> {
    let urls: Vec<&str> = match said {
        Some(url) => vec![url],
        None => told.settings.all(flag).collect(),
    };
    let endpoint = |url: &str| {
        let (address, is_plain) = socket_of(url)?;
        Some(Endpoint { port, address: reachable(address), is_plain })
    };
    urls.into_iter().filter_map(endpoint).collect()
}

fn one(
    told: &Told,
    flag: &str,
    default: u16,
    own: Option<IpAddr>,
    said: &Option<String>,
) -> Vec<Endpoint> {
    let port = told.settings.one(flag).and_then(|port| port.parse().ok()).unwrap_or(default);
    let own = own.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let (address, is_plain) =
        said.as_deref().and_then(socket_of).unwrap_or((SocketAddr::new(own, port), false));
    vec![Endpoint { port: Port::Client, address: reachable(address), is_plain }]
}

/// Who listens everywhere is found on the loopback address.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        // `[::]` takes IPv4 too.
        ip if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}
