//! What annotations say of a listener besides its certificates. The same on a Service and on an
//! Ingress.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, StatusCode};
use model::{
    AccessList, CertificateId, Filter, ForwardedHeaders, HeaderSource, HostChoice, Protocol, Rule,
    TlsVersions,
};

use super::{access, balancer::Class, policy};
use crate::{
    claim::{CertificateClaim, ClientCaClaim, ListenerClaim, TlsClaim},
    route::{Reader, no_rule},
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Settings with their defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ListenerSettings {
    /// `tls-ciphers-policy` as written.
    pub policy: Option<Box<str>>,
    pub versions: TlsVersions,
    pub http2: bool,
    pub client_ca: Option<CertificateId>,
    /// `keepalive_timeout`.
    pub idle_timeout: Duration,
    pub client_timeout: Option<Duration>,
    /// `member_timeout`.
    pub request_timeout: Duration,
    pub forwarded: Arc<ForwardedHeaders>,
    /// `x-forwarded-for-port`, a header that only ELB knows under this name.
    pub client_port: bool,
    pub access: Option<Arc<AccessList>>,
    pub gzip: bool,
}

impl ListenerSettings {
    /// `has_https`: some listener of the object is to be HTTPS.
    pub fn read(reader: &mut Reader<'_>, class: Class, has_https: bool) -> Self {
        if class == Class::Union {
            refuse_on_shared(reader);
        }
        warn_on_shared(reader, class, &["tls-ciphers-policy"]);
        if !has_https {
            warn_of_tls_settings(reader);
        }
        let custom = reader.text("security_policy_id");
        if let Some(id) = custom {
            let text = format!(
                "the custom policy {id} is the cloud's and cannot be read here; TLS 1.2 and 1.3 are offered with forward secrecy: name one of ELB's own by tls-ciphers-policy"
            );
            reader.not_honoured("security_policy_id", text);
        }
        let named = reader.text("tls-ciphers-policy").filter(|_| custom.is_none() && has_https);
        let field = reader.field("tls-ciphers-policy");
        let host = reader.flag("x-forwarded-host").unwrap_or(false);
        let port = reader.flag("x-forwarded-port").unwrap_or(false);
        Self {
            policy: named.map(Box::from),
            versions: policy::POLICIES.versions(named, &field, &mut reader.problems),
            http2: reader.flag("http2-enable").unwrap_or(false) && has_https,
            client_ca: reader.text("client-ca-cert-id").map(CertificateId::store),
            idle_timeout: idle_timeout(reader),
            client_timeout: client_timeout(reader),
            request_timeout: seconds(reader.number("member_timeout", 1..=300)),
            forwarded: Arc::new(ForwardedHeaders {
                client_address: true,
                proto: true,
                host,
                port,
                ..ForwardedHeaders::default()
            }),
            client_port: reader.flag("x-forwarded-for-port").unwrap_or(false),
            access: access::read(reader).map(Arc::new),
            gzip: gzip(reader),
        }
    }

    /// The policy's name; on ELB there always is one.
    pub fn policy(&self) -> &str {
        self.policy.as_deref().unwrap_or(policy::DEFAULT)
    }

    /// What every rule on the listener adds to requests.
    pub fn filters(&self) -> Vec<Filter> {
        let header = Filter::InsertHeader {
            name: HeaderName::from_static("x-forwarded-for-port"),
            value: HeaderSource::ClientPort,
            overwrite: true,
        };
        Vec::from_iter(self.client_port.then_some(header))
    }

    /// A listener under these settings. `tls`: `None` for HTTP.
    pub fn listener(
        &self,
        port: u16,
        protocol: Protocol,
        field: &str,
        tls: Option<TlsClaim>,
        rules: Vec<Arc<Rule>>,
    ) -> ListenerClaim {
        ListenerClaim {
            host_choice: HostChoice::default(),
            servers: Vec::new(),
            tunnel: None,
            port,
            protocol,
            field: field.to_owned(),
            shared_by: Vec::new(),
            tls,
            rules,
            default_action: no_rule(StatusCode::NOT_FOUND),
            forwarded: self.forwarded.clone(),
            access: self.access.clone(),
            idle_timeout: self.idle_timeout,
            client_timeout: self.client_timeout,
            request_timeout: self.request_timeout,
            gzip: self.gzip,
        }
    }

    /// The TLS part of a claim. `field` is where a client CA is written.
    pub fn tls(&self, field: String, certificates: CertificateClaim) -> TlsClaim {
        let client_ca = self.client_ca.clone().map(|id| ClientCaClaim {
            ids: vec![id],
            fields: vec![field],
            cure: "remove client-ca-cert-id",
            ..ClientCaClaim::default()
        });
        TlsClaim {
            ciphers: None,
            versions: self.versions,
            http2: self.http2,
            client_ca,
            certificates,
        }
    }
}

/// The words on x-forwarded-host are those of the vendor's webhook.
fn refuse_on_shared(reader: &mut Reader<'_>) {
    const DEDICATED_ONLY: &[&str] = &[
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-for-port",
        "client-ca-cert-id",
        "gzip-enabled",
    ];
    for name in DEDICATED_ONLY {
        if reader.text(name).is_some_and(|value| value != "false") {
            let prefix = reader.annotations.prefix;
            let text = format!(
                "only performance elb supports {prefix}{name}: write {prefix}class: performance, or remove it"
            );
            reader.reject(name, text);
        }
    }
}

/// Shared hardware has none of these; a gateway of one's own has no such limit.
pub(super) fn warn_on_shared(reader: &mut Reader<'_>, class: Class, names: &[&str]) {
    const POLICIES: &[&str] = &["tls-1-0-with-1-3", "tls-1-2-fs", "tls-1-2-fs-with-1-3"];
    let is_dedicated = |name: &&str| {
        let text = reader.text(name);
        text.is_some_and(|text| *name != "tls-ciphers-policy" || POLICIES.contains(&text))
    };
    let names: Vec<&str> = names.iter().copied().filter(is_dedicated).collect();
    let Some(first) = names.first().filter(|_| class == Class::Union) else { return };
    let prefix = reader.annotations.prefix;
    let text = format!(
        "on CCE only performance elb supports {}; in force here all the same: write {prefix}class: performance where both must agree",
        names.join(", ")
    );
    reader.warn(first, text);
}

fn warn_of_tls_settings(reader: &mut Reader<'_>) {
    const TLS_ONLY: &[&str] =
        &["http2-enable", "tls-ciphers-policy", "security_policy_id", "client-ca-cert-id"];
    for name in TLS_ONLY {
        if reader.text(name).is_some_and(|value| value != "false") {
            reader.warn(
                name,
                format!("{name} has no effect without an HTTPS port: add one, or remove it"),
            );
        }
    }
}

/// Zero would end a connection before its first request is there.
fn idle_timeout(reader: &mut Reader<'_>) -> Duration {
    match reader.number("keepalive_timeout", 0..=4000) {
        Some(0) => {
            let text = "0 seconds would end connections before their first request; they end after 1 second without one: write 1 or more";
            reader.not_honoured("keepalive_timeout", text);
            Duration::from_secs(1)
        }
        other => seconds(other),
    }
}

fn gzip(reader: &mut Reader<'_>) -> bool {
    let is_on = reader.flag("gzip-enabled").unwrap_or(false);
    if is_on {
        let text = "answers go to clients as backends write them: let the backends compress";
        reader.not_honoured("gzip-enabled", text);
    }
    is_on
}

/// Left out, the gateway's own limits hold, which are shorter than the minute of ELB: whoever does
/// not ask for it gains nothing by slow clients.
fn client_timeout(reader: &mut Reader<'_>) -> Option<Duration> {
    reader.number("client_timeout", 1..=300).map(|number| Duration::from_secs(number.into()))
}

fn seconds(number: Option<u32>) -> Duration {
    number.map_or(DEFAULT_TIMEOUT, |number| Duration::from_secs(number.into()))
}
