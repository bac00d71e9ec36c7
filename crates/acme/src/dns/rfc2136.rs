//! Dynamic updates (RFC 2136), signed with a TSIG key (RFC 8945): what BIND, Knot, PowerDNS and
//! Windows take.

use std::{
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode, UpdateMessage},
    rr::{
        DNSClass, Name, RData, Record as DnsRecord, RecordType, TSigner,
        rdata::{CNAME, TXT, tsig::TsigAlgorithm},
    },
};
use issue::{Dns, Future, IssueError, Record, RecordKind};

use super::{
    authority,
    exchange::{exchange, name},
};

/// Seconds that our clock and the server's may differ by (RFC 8945 section 10).
const FUDGE: u16 = 300;

/// One server that takes updates, for one zone or for all that it has.
pub struct Rfc2136 {
    nameserver: SocketAddr,
    zone: Option<Name>,
    signer: Option<TSigner>,
}

/// What updates are signed with.
pub struct TsigKey<'a> {
    pub name: &'a str,
    /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
    pub algorithm: &'a str,
    /// Decoded.
    pub secret: &'a [u8],
}

impl Rfc2136 {
    /// Without a zone the server is asked for the one of each record.
    pub fn new(
        nameserver: SocketAddr,
        zone: Option<&str>,
        key: Option<&TsigKey<'_>>,
    ) -> Result<Self, IssueError> {
        let zone = zone.map(name).transpose()?;
        Ok(Self { nameserver, zone, signer: key.map(signer).transpose()? })
    }

    async fn zone_of(&self, text: &str) -> Result<Name, IssueError> {
        let host = name(text)?;
        let zone = match &self.zone {
            Some(zone) => Some(zone.clone()),
            None => authority::zone_of(self.nameserver, text).await?,
        };
        zone.filter(|zone| zone.zone_of(&host)).ok_or_else(|| {
            IssueError::refused(format!(
                "{text} is in no zone of the DNS server at {}: correct dns01.rfc2136.zone, or give this \
                 solver only the names of the zone",
                self.nameserver
            ))
        })
    }

    async fn update(&self, record: &Record, is_wanted: bool) -> Result<(), IssueError> {
        let zone = self.zone_of(&record.name).await?;
        let message = update(&zone, record, is_wanted)?;
        self.send(message, &zone).await
    }

    async fn send(&self, mut message: Message, zone: &Name) -> Result<(), IssueError> {
        let server = self.nameserver;
        let broken = || {
            IssueError::passing(format!("the DNS server at {server} answers the update wrongly"))
        };
        let verifier = match &self.signer {
            Some(signer) => message.finalize(signer, now()).map_err(|_| broken())?,
            None => None,
        };
        let bytes = message.to_vec().map_err(|_| broken())?;
        let answer = exchange(server, &bytes).await?;
        let read = Message::from_vec(&answer).map_err(|_| broken())?;
        let code = read.metadata.response_code;
        if code != ResponseCode::NoError {
            return Err(refusal(code, server, zone));
        }
        // Only what went well has to be proved: a refusal that is forged changes nothing.
        if let Some(mut verifier) = verifier {
            verifier.verify(&answer).map_err(|_| {
                IssueError::passing(format!(
                    "the answer of the DNS server at {server} is not signed with the TSIG key"
                ))
            })?;
        }
        Ok(())
    }
}

impl Dns for Rfc2136 {
    fn check<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async { self.zone_of(name).await.map(drop) })
    }

    /// A record that is there already is no error (RFC 2136 section 3.4.2.2).
    fn add<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(self.update(record, true))
    }

    fn remove<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(self.update(record, false))
    }

    fn is_served<'a>(&'a self, record: &'a Record) -> Future<'a, Result<bool, IssueError>> {
        Box::pin(async {
            let zone = self.zone_of(&record.name).await?;
            let mut servers = authority::servers_of(self.nameserver, &zone).await?;
            // It may be a primary that the zone does not name.
            servers.insert(self.nameserver);
            authority::all_have(&servers, record).await
        })
    }
}

fn signer(key: &TsigKey<'_>) -> Result<TSigner, IssueError> {
    let algorithm = match key.algorithm {
        "hmac-sha256" => TsigAlgorithm::HmacSha256,
        "hmac-sha384" => TsigAlgorithm::HmacSha384,
        "hmac-sha512" => TsigAlgorithm::HmacSha512,
        other => {
            return Err(IssueError::refused(format!(
                "{other:?} is no TSIG algorithm that is known here: use hmac-sha256"
            )));
        }
    };
    // The error might show the key.
    TSigner::new(key.secret.to_vec(), algorithm, name(key.name)?, FUDGE)
        .map_err(|_| IssueError::refused(format!("the TSIG key {} cannot be used", key.name)))
}

/// RFC 2136 sections 2.5.1 and 2.5.4.
fn update(zone: &Name, record: &Record, is_wanted: bool) -> Result<Message, IssueError> {
    let data = match record.kind {
        RecordKind::Txt => RData::TXT(TXT::new(vec![record.value.clone()])),
        RecordKind::Cname => RData::CNAME(CNAME(name(&record.value)?)),
    };
    let ttl = if is_wanted { record.ttl } else { 0 };
    let mut change = DnsRecord::from_rdata(name(&record.name)?, ttl, data);
    if !is_wanted {
        change.dns_class = DNSClass::NONE;
    }
    let mut message =
        Message::new(Message::query().metadata.id, MessageType::Query, OpCode::Update);
    message.add_zone(Query::query(zone.clone(), RecordType::SOA));
    message.add_update(change);
    Ok(message)
}

fn refusal(code: ResponseCode, server: SocketAddr, zone: &Name) -> IssueError {
    let says = format!("the DNS server at {server} refused to change the zone {zone}: {code}");
    match code {
        ResponseCode::ServFail => IssueError::passing(says),
        ResponseCode::BADTIME => {
            IssueError::passing(format!("{says}; set the clock of this machine or of the server"))
        }
        ResponseCode::Refused
        | ResponseCode::NotAuth
        | ResponseCode::BADSIG
        | ResponseCode::BADKEY => IssueError::refused(format!(
            "{says}; check name, algorithm and secret of dns01.rfc2136.tsig, and that the server \
             lets this key update the zone"
        )),
        ResponseCode::NotZone => IssueError::refused(format!("{says}; correct dns01.rfc2136.zone")),
        _ => IssueError::passing(says),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
