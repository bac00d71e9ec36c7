//! A line as JSON or as text. Both escape what clients send, so that no client can forge a line.

use std::{
    io::{self, Write},
    time::Duration,
};

use http::Version;
use serde::Serialize;

use super::{
    AccessLogFormat,
    entry::{Head, Line, What, text},
};

pub fn write(out: &mut impl Write, format: AccessLogFormat, line: &Line) -> io::Result<()> {
    match format {
        AccessLogFormat::Json => {
            serde_json::to_writer(&mut *out, &Json::of(line))?;
            out.write_all(b"\n")
        }
        AccessLogFormat::Text => write_text(out, line),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    time: String,
    listener: String,
    client: String,
    #[serde(flatten)]
    what: Asked<'a>,
    bytes_sent: u64,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_ms: Option<f64>,
    #[serde(skip_serializing_if = "is_zero")]
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Asked<'a> {
    #[serde(rename_all = "camelCase")]
    Request {
        method: &'a str,
        host: Option<&'a str>,
        path: &'a str,
        protocol: &'static str,
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_agent: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        referer: Option<&'a str>,
    },
    #[serde(rename_all = "camelCase")]
    Tunnel { host: Option<&'a str>, protocol: &'static str, bytes_received: u64 },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tls<'a> {
    server_name: Option<&'a str>,
    version: &'static str,
    cipher: &'static str,
    resumed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_subject: Option<&'a str>,
}

impl<'a> Json<'a> {
    fn of(line: &'a Line) -> Self {
        Self {
            time: format!("{:.3}", line.time),
            listener: line.listener.to_string(),
            client: line.connection.client.to_string(),
            what: Asked::of(line),
            bytes_sent: line.sent,
            duration_ms: milliseconds(line.took),
            tls: line.connection.tls.as_ref().map(|tls| Tls {
                server_name: tls.server_name.as_deref(),
                version: tls.version,
                cipher: tls.cipher,
                resumed: tls.resumed,
                client_subject: tls.client_certificate.as_ref().map(|c| c.subject_dn.as_str()),
            }),
            rule: line.facts.rule.as_deref(),
            endpoint: line.facts.endpoint.as_deref(),
            endpoint_ms: line.facts.endpoint_time.map(milliseconds),
            attempts: line.facts.attempts,
            reason: line.facts.reason,
        }
    }
}

impl<'a> Asked<'a> {
    fn of(line: &'a Line) -> Self {
        match &line.what {
            What::Request(head) => Self::Request {
                method: head.method.as_str(),
                host: head.asked_host(),
                path: head.target(),
                protocol: protocol(head.version),
                status: head.status.map(|status| status.as_u16()),
                user_agent: text(&head.user_agent),
                referer: text(&head.referer),
            },
            What::Tunnel { received, .. } => Self::Tunnel {
                host: tunnel_host(line),
                protocol: TUNNEL,
                bytes_received: *received,
            },
        }
    }
}

const TUNNEL: &str = "TCP";

/// What the client of a tunnel asked for, whoever ended its TLS.
fn tunnel_host(line: &Line) -> Option<&str> {
    let ended_here = || line.connection.tls.as_ref()?.server_name.as_deref();
    match &line.what {
        What::Tunnel { server_name, .. } => server_name.as_deref().or_else(ended_here),
        What::Request(_) => None,
    }
}

/// `CLIENT - - [TIME] "METHOD PATH PROTOCOL" STATUS BYTES "REFERER" "USER-AGENT"`, then host,
/// listener, milliseconds, endpoint and reason. A tunnel has `"TCP"` for its request, and no
/// status.
fn write_text(out: &mut impl Write, line: &Line) -> io::Result<()> {
    let (what, referer, user_agent, host) = match &line.what {
        What::Request(head) => {
            (asked(head), text(&head.referer), text(&head.user_agent), head.asked_host())
        }
        What::Tunnel { .. } => (format!("\"{TUNNEL}\" -"), None, None, tunnel_host(line)),
    };
    writeln!(
        out,
        "{} - - [{:.3}] {} {} {} {} {} {} {:.3} {} {}",
        line.connection.client.ip(),
        line.time,
        what,
        line.sent,
        quoted(referer),
        quoted(user_agent),
        quoted(host),
        line.listener,
        milliseconds(line.took),
        line.facts.endpoint.as_deref().unwrap_or("-"),
        line.facts.reason.unwrap_or("-"),
    )
}

fn asked(head: &Head) -> String {
    // What nginx writes when the client left before the answer.
    let status = head.status.map_or(499, |status| status.as_u16());
    let (target, protocol) = (head.target().escape_default(), protocol(head.version));
    format!("\"{} {target} {protocol}\" {status}", head.method)
}

fn quoted(value: Option<&str>) -> String {
    match value {
        Some(value) => format!("\"{}\"", value.escape_default()),
        None => "\"-\"".to_owned(),
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
