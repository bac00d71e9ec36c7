//! Who answers for a zone, and whether all of them have a record.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use hickory_proto::rr::{Name, RData, RecordType};
use issue::{IssueError, Record};

use super::exchange::{ask, has, name};

/// The zone that holds `host`, as the server knows it: its answer to a question for the SOA
/// record says so, if need be beside a "no such name" (RFC 2308 section 3).
pub(crate) async fn zone_of(server: SocketAddr, host: &str) -> Result<Option<Name>, IssueError> {
    let answer = ask(server, name(host)?, RecordType::SOA).await?;
    let sections = answer.answers.iter().chain(&answer.authorities);
    Ok(sections
        .filter(|record| matches!(record.data, RData::SOA(_)))
        .map(|record| record.name.clone())
        .next())
}

/// Whether each of these servers answers with the record.
pub(crate) async fn all_have(
    servers: &BTreeSet<SocketAddr>,
    record: &Record,
) -> Result<bool, IssueError> {
    for server in servers {
        if !has(*server, record).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The addresses of the zone's servers, as `server` knows them. They are asked at its port, which
/// is 53 everywhere but in a laboratory.
pub(crate) async fn servers_of(
    server: SocketAddr,
    zone: &Name,
) -> Result<BTreeSet<SocketAddr>, IssueError> {
    let answer = ask(server, zone.clone(), RecordType::NS).await?;
    let mut servers = BTreeSet::new();
    for record in &answer.answers {
        let RData::NS(target) = &record.data else { continue };
        for address in addresses_of(server, &target.0).await? {
            servers.insert(SocketAddr::new(address, server.port()));
        }
    }
    Ok(servers)
}

/// By the known server, or where it does not know by whom the machine asks.
async fn addresses_of(server: SocketAddr, host: &Name) -> Result<Vec<IpAddr>, IssueError> {
    let answer = ask(server, host.clone(), RecordType::A).await?;
    let known: Vec<IpAddr> = answer
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            _ => None,
        })
        .collect();
    if !known.is_empty() {
        return Ok(known);
    }
    let looked_up = tokio::net::lookup_host((host.to_ascii(), 53)).await.map_err(|error| {
        IssueError::passing(format!("the zone's DNS server {host} has no address: {error}"))
    })?;
    // One is enough: its addresses are one server's.
    Ok(looked_up.map(|address| address.ip()).filter(IpAddr::is_ipv4).take(1).collect())
}
