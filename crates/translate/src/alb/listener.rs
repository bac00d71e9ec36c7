//! One element of `spec.listeners`.

use std::{sync::Arc, time::Duration};

use model::{CertificateId, Protocol, Reason};

use super::{access, certificates, forwarded, policy};
use crate::{
    claim::{AlbListenerSpec, DefaultClaim, FixedCertificates, Refused},
    dialect::{Fields, Problems, did_you_mean, nearest},
};

/// A field of the listener is wrong: its last good settings stand, or it is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Faulty;

/// A listener as written.
#[derive(Clone, Debug)]
pub(crate) struct ListenerDraft {
    pub port: u16,
    pub protocol: Protocol,
    /// `spec.listeners[1]`.
    pub field: String,
    pub settings: Result<Arc<AlbListenerSpec>, Faulty>,
    pub fixed: Option<Result<FixedCertificates, Refused>>,
    pub default: Option<DefaultClaim>,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Fields that ask for nothing which a gateway of one's own could miss.
const NOT_APPLICABLE: &[&str] =
    &["description", "loadBalancerId", "tags", "defaultActions", "quicConfig", "logConfig"];

/// `None`: port or protocol cannot be read, so that the listener has no identity.
pub(super) fn read(
    mut fields: Fields<'_>,
    idle: &mut Vec<String>,
    problems: &mut Problems,
) -> Option<ListenerDraft> {
    let identity = identity(&mut fields, problems);
    let mut list_problems = Problems::default();
    let fixed = certificates::list(&mut fields, &mut list_problems);
    let default = certificates::default(&mut fields, &mut list_problems);
    problems.append(list_problems);
    let mut faults = Problems::default();
    let settings = settings(&mut fields, identity.map(|(_, protocol)| protocol), &mut faults);
    let settings = match faults.has_rejection() {
        true => Err(Faulty),
        false => Ok(Arc::new(settings)),
    };
    problems.append(faults);
    idle.extend(idle_parts(&fields, identity.map(|(_, protocol)| protocol)));
    let field = fields.path().to_owned();
    fields.accept(NOT_APPLICABLE);
    fields.finish(problems);
    let (port, protocol) = identity?;
    if protocol == Protocol::Quic {
        let text = "QUIC is not served; the listener only shows which certificates it would have: serve the hosts over HTTPS";
        problems.warn(Reason::NotHonoured, format!("{field}.protocol"), text);
    }
    Some(ListenerDraft { port, protocol, field, settings, fixed, default })
}

/// The vendor's defaults are 80 and HTTP.
fn identity(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<(u16, Protocol)> {
    let mut faults = Problems::default();
    let port = fields.text_or_number("port", &mut faults);
    let port = match port.as_deref().unwrap_or("80").parse() {
        Ok(port @ 1..=u16::MAX) => Some(port),
        _ => {
            let text = format!(
                "invalid listener port: {}: write a number from 1 to 65535",
                port.unwrap_or_default()
            );
            faults.reject(Reason::InvalidField, fields.path_of("port"), text);
            None
        }
    };
    let written = fields.text("protocol", &mut faults).unwrap_or("HTTP");
    let protocol = match written {
        text if text.eq_ignore_ascii_case("HTTP") => Some(Protocol::Http),
        text if text.eq_ignore_ascii_case("HTTPS") => Some(Protocol::Https),
        text if text.eq_ignore_ascii_case("QUIC") => Some(Protocol::Quic),
        other => {
            let cure = did_you_mean(nearest(other, ["HTTP", "HTTPS", "QUIC"]));
            let text =
                format!("invalid listener protocol: {other}: write HTTP, HTTPS or QUIC; {cure}");
            faults.reject(Reason::InvalidField, fields.path_of("protocol"), text);
            None
        }
    };
    let readable = !faults.has_rejection();
    problems.append(faults);
    port.zip(protocol).filter(|_| readable)
}

fn settings(
    fields: &mut Fields<'_>,
    protocol: Option<Protocol>,
    problems: &mut Problems,
) -> AlbListenerSpec {
    let protocol = protocol.unwrap_or(Protocol::Http);
    let policy = fields.text("securityPolicyId", problems);
    let policy_field = fields.path_of("securityPolicyId");
    let forwarded = fields.child("xForwardedForConfig", "XForwardedForConfig", problems);
    let access = fields.child("aclConfig", "AclConfig", problems);
    AlbListenerSpec {
        protocol,
        versions: policy::POLICIES.versions(
            policy.filter(|_| protocol == Protocol::Https),
            &policy_field,
            problems,
        ),
        http2: fields.boolean("http2Enabled", problems).unwrap_or(true),
        client_ca: client_ca(fields, problems),
        forwarded: Arc::new(forwarded.map(|f| forwarded::read(f, problems)).unwrap_or_default()),
        access: access.and_then(|fields| access::read(fields, problems)).map(Arc::new),
        idle_timeout: timeout(fields, "idleTimeout", "IdleTimeout", problems),
        request_timeout: timeout(fields, "requestTimeout", "RequestTimeout", problems),
        gzip: fields.boolean("gzipEnabled", problems).unwrap_or(true),
    }
}

/// Fails closed: a listener that wants client certificates but names no CA lets nobody in.
fn client_ca(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Vec<CertificateId>> {
    let enabled = fields.boolean("caEnabled", problems).unwrap_or(false);
    let mut ids = Vec::new();
    for mut item in fields.children("caCertificates", "Certificate", problems) {
        match item.text("CertificateId", problems) {
            Some(id) => ids.push(CertificateId::store(id)),
            None => {
                let text = "CertificateId is missing: name the CA's id in the certificate store";
                problems.reject(Reason::InvalidField, item.path_of("CertificateId"), text);
            }
        }
        item.accept(&["IsDefault"]);
        item.finish(problems);
    }
    if !enabled {
        return None;
    }
    if ids.is_empty() {
        let text = "caEnabled without caCertificates: nobody can connect until the CA's CertificateId is added";
        problems.warn(Reason::InvalidField, fields.path_of("caCertificates"), text);
    }
    Some(ids)
}

/// Zero, as a field left out, is the default.
fn timeout(
    fields: &mut Fields<'_>,
    key: &'static str,
    name: &str,
    problems: &mut Problems,
) -> Duration {
    match fields.integer(key, problems) {
        None | Some(0) => DEFAULT_TIMEOUT,
        Some(seconds @ 1..=600) => Duration::from_secs(seconds.unsigned_abs()),
        Some(seconds) => {
            let text = format!("invalid listener {name}: {seconds}: write seconds from 1 to 600");
            problems.reject(Reason::InvalidField, fields.path_of(key), text);
            DEFAULT_TIMEOUT
        }
    }
}

/// Fields that ask for something which a user would miss.
fn idle_parts(fields: &Fields<'_>, protocol: Option<Protocol>) -> Vec<String> {
    const NOT_SERVED: &[&str] = &["logConfig", "quicConfig", "defaultActions", "gzipEnabled"];
    const TLS_ONLY: &[&str] =
        &["certificates", "defaultCertificate", "caEnabled", "securityPolicyId"];
    let tls_only = if protocol == Some(Protocol::Http) { TLS_ONLY } else { &[] };
    let idle = NOT_SERVED.iter().chain(tls_only).filter(|key| fields.asks_for(key));
    idle.map(|key| fields.path_of(key)).collect()
}
