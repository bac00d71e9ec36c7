//! The last good settings of an AlbConfig's listener, as they are saved.

use std::{sync::Arc, time::Duration};

use http::HeaderName;
use ipnet::IpNet;
use model::{
    AccessList, AccessMode, CertificateId, ForwardedHeaders, Protocol, TlsVersions, TrustedSources,
};
use serde::{Deserialize, Serialize};
use translate::claim::AlbListenerSpec;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedListener {
    protocol: Protocol,
    versions: TlsVersions,
    http2: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_ca: Option<Vec<String>>,
    #[serde(default)]
    forwarded: SavedForwarded,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<SavedAccess>,
    idle_seconds: u64,
    request_seconds: u64,
    gzip: bool,
}

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct SavedForwarded {
    /// The switches that are on.
    on: Vec<Switch>,
    /// The names of the headers for facts of the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_verify: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted: Option<Vec<IpNet>>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Switch {
    ClientAddress,
    Proto,
    Host,
    LoadBalancerId,
    Port,
    ClientPort,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SavedAccess {
    /// Only the entries; otherwise everybody but them.
    is_white: bool,
    entries: Vec<IpNet>,
}

impl SavedListener {
    pub fn of(spec: &AlbListenerSpec) -> Self {
        let ids = |ids: &Vec<CertificateId>| ids.iter().map(ToString::to_string).collect();
        let access = spec.access.as_ref().map(|access| SavedAccess {
            is_white: access.mode == AccessMode::White,
            entries: access.entries.clone(),
        });
        Self {
            protocol: spec.protocol,
            versions: spec.versions,
            http2: spec.http2,
            client_ca: spec.client_ca.as_ref().map(ids),
            forwarded: SavedForwarded::of(&spec.forwarded),
            access,
            idle_seconds: spec.idle_timeout.as_secs(),
            request_seconds: spec.request_timeout.as_secs(),
            gzip: spec.gzip,
        }
    }

    pub fn restore(self) -> AlbListenerSpec {
        let mode = |is_white| if is_white { AccessMode::White } else { AccessMode::Black };
        let access = self.access.map(|access| {
            Arc::new(AccessList { mode: mode(access.is_white), entries: access.entries })
        });
        let ids = |ids: Vec<String>| ids.iter().map(|id| CertificateId::store(id)).collect();
        AlbListenerSpec {
            protocol: self.protocol,
            versions: self.versions,
            http2: self.http2,
            client_ca: self.client_ca.map(ids),
            forwarded: Arc::new(self.forwarded.restore()),
            access,
            idle_timeout: Duration::from_secs(self.idle_seconds),
            request_timeout: Duration::from_secs(self.request_seconds),
            gzip: self.gzip,
        }
    }
}

impl SavedForwarded {
    fn of(headers: &ForwardedHeaders) -> Self {
        // Named one by one: a new part must not be forgotten here.
        let ForwardedHeaders {
            client_address,
            proto,
            host,
            load_balancer_id,
            port,
            client_port,
            client_subject,
            client_issuer,
            client_fingerprint,
            client_verify,
            trusted,
        } = headers;
        let switches = [
            (*client_address, Switch::ClientAddress),
            (*proto, Switch::Proto),
            (*host, Switch::Host),
            (*load_balancer_id, Switch::LoadBalancerId),
            (*port, Switch::Port),
            (*client_port, Switch::ClientPort),
        ];
        let text = |name: &Option<HeaderName>| name.as_ref().map(ToString::to_string);
        Self {
            on: switches
                .into_iter()
                .filter_map(|(is_on, switch)| is_on.then_some(switch))
                .collect(),
            client_subject: text(client_subject),
            client_issuer: text(client_issuer),
            client_fingerprint: text(client_fingerprint),
            client_verify: text(client_verify),
            trusted: trusted.as_ref().map(|trusted| trusted.0.clone()),
        }
    }

    fn restore(self) -> ForwardedHeaders {
        let is_on = |switch| self.on.contains(&switch);
        // What is no header's name was not written by us.
        let name = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        ForwardedHeaders {
            client_address: is_on(Switch::ClientAddress),
            proto: is_on(Switch::Proto),
            host: is_on(Switch::Host),
            load_balancer_id: is_on(Switch::LoadBalancerId),
            port: is_on(Switch::Port),
            client_port: is_on(Switch::ClientPort),
            client_subject: name(&self.client_subject),
            client_issuer: name(&self.client_issuer),
            client_fingerprint: name(&self.client_fingerprint),
            client_verify: name(&self.client_verify),
            trusted: self.trusted.clone().map(TrustedSources),
        }
    }
}

#[cfg(test)]
mod tests;
