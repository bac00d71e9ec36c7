//! A line as JSON or as text. Both escape what clients send, so that no client can forge a line.

use std::{
    io::{self, Write},
    time::Duration,
};

use http::Version;
use serde::Serialize;

use super::{
    AccessLogFormat,
    entry::{Line, text},
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
    method: &'a str,
    host: Option<&'a str>,
    path: &'a str,
    protocol: &'static str,
    status: Option<u16>,
    bytes_sent: u64,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referer: Option<&'a str>,
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
            method: line.method.as_str(),
            host: line.asked_host(),
            path: line.target(),
            protocol: protocol(line.version),
            status: line.status.map(|status| status.as_u16()),
            bytes_sent: line.sent,
            duration_ms: milliseconds(line.took),
            user_agent: text(&line.user_agent),
            referer: text(&line.referer),
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

/// `CLIENT - - [TIME] "METHOD PATH PROTOCOL" STATUS BYTES "REFERER" "USER-AGENT"`, then host,
/// listener, milliseconds, endpoint and reason.
fn write_text(out: &mut impl Write, line: &Line) -> io::Result<()> {
    let quoted = |value: Option<&str>| match value {
        Some(value) => format!("\"{}\"", value.escape_default()),
        None => "\"-\"".to_owned(),
    };
    writeln!(
        out,
        "{} - - [{:.3}] \"{} {} {}\" {} {} {} {} {} {} {:.3} {} {}",
        line.connection.client.ip(),
        line.time,
        line.method,
        line.target().escape_default(),
        protocol(line.version),
        // What nginx writes when the client left before the answer.
        line.status.map_or(499, |status| status.as_u16()),
        line.sent,
        quoted(text(&line.referer)),
        quoted(text(&line.user_agent)),
        quoted(line.asked_host()),
        line.listener,
        milliseconds(line.took),
        line.facts.endpoint.as_deref().unwrap_or("-"),
        line.facts.reason.unwrap_or("-"),
    )
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
