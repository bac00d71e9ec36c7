//! What running programs present, without showing anything oneself.

use futures::future::join_all;
use rustls_pki_types::{CertificateDer, DnsName};

use crate::{Component, Endpoint, Program, Site, component::Port, facts::Served, inventory::Host};

/// What an API server calls itself when it is its own client (Kubernetes,
/// `LoopbackClientServerNameOverride`).
pub(crate) const LOOPBACK: &str = "apiserver-loopback-client";

pub(super) async fn served(site: &impl Site, host: &Host, components: &[Component]) -> Vec<Served> {
    let shakes = with_tls(components).map(async |(program, endpoint)| {
        let outcome = site.handshake(&host.name, endpoint.address, None, None).await;
        Served { program, port: endpoint.port, outcome: outcome.map_err(|error| error.why()) }
    });
    join_all(shakes).await
}

/// The chain with which an API server answers to that name. That it does not shake hands at all
/// is told by what it serves.
pub(super) async fn loopback(
    site: &impl Site,
    host: &Host,
    components: &[Component],
) -> Vec<CertificateDer<'static>> {
    let mut doors = with_tls(components).filter(|(program, endpoint)| {
        *program == Program::KubeApiserver && endpoint.port == Port::Client
    });
    let Some((_, door)) = doors.next() else { return Vec::new() };
    let name = DnsName::try_from(LOOPBACK).expect("it is a name as DNS has them");
    let shaken = site.handshake(&host.name, door.address, Some(&name), None).await;
    shaken.map(|shaken| shaken.chain).unwrap_or_default()
}

fn with_tls(components: &[Component]) -> impl Iterator<Item = (Program, &Endpoint)> {
    let running = components.iter().filter(|component| component.process.is_some());
    running.flat_map(|component| {
        let with_tls = component.endpoints.iter().filter(|endpoint| !endpoint.is_plain);
        with_tls.map(|endpoint| (component.program, endpoint))
    })
}
