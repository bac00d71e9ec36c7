//! `port` and `bind` of a server: where it listens and what is spoken there.

use std::net::IpAddr;

use model::Reason;

use crate::dialect::{Fields, Problems, did_you_mean, nearest};

/// What Istio knows, with those that its documents leave out.
const PROTOCOLS: &[(&str, Spoken)] = &[
    ("HTTP", Spoken::Http),
    ("HTTPS", Spoken::Https),
    ("HTTP2", Spoken::Http),
    ("GRPC", Spoken::Http),
    ("GRPC-WEB", Spoken::Http),
    ("TCP", Spoken::Tcp),
    ("TLS", Spoken::Tls),
    ("MONGO", Spoken::Tcp),
    ("REDIS", Spoken::Tcp),
    ("MYSQL", Spoken::Tcp),
];

#[derive(Debug)]
pub(super) struct Port<'a> {
    pub number: u16,
    pub name: &'a str,
    pub spoken: Spoken,
}

/// What a protocol comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Http,
    Https,
    Tcp,
    Tls,
}

impl<'a> Port<'a> {
    pub fn read(fields: &mut Fields<'a>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path_of("port");
        let Some(mut port) = fields.child("port", "Port", problems) else {
            problems.reject(
                Reason::InvalidField,
                path,
                "no port: write {number: 443, name: https, protocol: HTTPS}",
            );
            return None;
        };
        let number = number(&mut port, problems);
        let spoken = protocol(&mut port, problems);
        let name = port.text("name", problems);
        if name.is_none() && !port.asks_for("name") {
            let text = "the port has no name: write one that no other server of this Gateway has";
            problems.reject(Reason::InvalidField, port.path_of("name"), text);
        }
        if port.asks_for("targetPort") {
            let text = "targetPort has no meaning in a Gateway: remove it";
            problems.reject(Reason::InvalidField, port.path_of("targetPort"), text);
        }
        port.accept(&["targetPort"]);
        port.finish(problems);
        Some(Self { number: number?, name: name?, spoken: spoken? })
    }
}

fn number(port: &mut Fields<'_>, problems: &mut Problems) -> Option<u16> {
    let path = port.path_of("number");
    let Some(written) = port.integer("number", problems) else {
        if !port.asks_for("number") {
            problems.reject(Reason::InvalidField, path, "no number: write one from 1 to 65535");
        }
        return None;
    };
    let number = u16::try_from(written).ok().filter(|number| *number > 0);
    if number.is_none() {
        let text = format!("{written} is no port: write a number from 1 to 65535");
        problems.reject(Reason::InvalidField, path, text);
    }
    number
}

fn protocol(port: &mut Fields<'_>, problems: &mut Problems) -> Option<Spoken> {
    let path = port.path_of("protocol");
    let Some(written) = port.text("protocol", problems) else {
        if !port.asks_for("protocol") {
            let text = "no protocol: write HTTP, HTTPS, TCP or TLS";
            problems.reject(Reason::InvalidField, path, text);
        }
        return None;
    };
    let found = PROTOCOLS.iter().find(|(name, _)| name.eq_ignore_ascii_case(written));
    let Some((name, spoken)) = found else {
        let cure = match nearest(written, PROTOCOLS.iter().map(|(name, _)| *name)) {
            Some(like) => did_you_mean(Some(like)),
            None => "write HTTP, HTTPS, GRPC, HTTP2, TCP or TLS".to_owned(),
        };
        let text = format!("{written:?} is no protocol of a Gateway; {cure}");
        problems.reject(Reason::InvalidField, path, text);
        return None;
    };
    let instead = match *name {
        "MONGO" | "REDIS" | "MYSQL" => "is passed on as TCP and not looked into: write TCP",
        "GRPC-WEB" => "is passed on as HTTP and not turned into gRPC: let the backend speak it",
        _ => return Some(*spoken),
    };
    problems.warn(Reason::NotHonoured, path, format!("{name} {instead}"));
    Some(*spoken)
}

/// `None` where the load balancer's own address is meant; a socket is refused.
pub(super) fn bind(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<IpAddr> {
    let path = fields.path_of("bind");
    let written = fields.text("bind", problems)?;
    if written.starts_with("unix://") {
        let text = "a Unix socket is not served: remove bind, and connect to the port";
        problems.reject(Reason::NotHonoured, path, text);
        return None;
    }
    let address = written.parse().ok();
    if address.is_none() {
        let text = format!("{written:?} is no IP address: write one of this machine, or remove it");
        problems.reject(Reason::InvalidField, path, text);
    }
    address
}
