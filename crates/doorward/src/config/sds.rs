//! The SDS server's part of the settings: who may connect, and whose certificates they get.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::{Context, Result, bail, ensure};
use model::CertificateId;
use publish::{Address, Admission, Clients, Grants, Limits, MutualTls, Settings, SocketMode};
use serde::Deserialize;

use super::{FILE_NAME, check_namespace, file::File};
use crate::args::SdsAddress;

/// `sds`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SdsFile {
    /// As `--sds`, which beats it.
    pub address: Option<SdsAddress>,
    /// Of a Unix socket: `"0600"` or `"0660"`.
    pub socket_mode: Option<String>,
    /// The namespace that those who connect without a certificate count as.
    pub namespace: Option<String>,
    /// Namespace of a proxy to further namespaces whose Secrets it may have.
    pub grants: Option<BTreeMap<String, Vec<String>>>,
    pub tls: Option<Tls>,
    pub limits: SdsLimits,
}

/// `sds.tls`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// The server's own certificate: `NAMESPACE/NAME` of a Secret, or an id of the store.
    pub certificate: String,
    /// The Secret whose `ca.crt` client certificates are checked against.
    pub client_ca: String,
    #[serde(default)]
    pub trust_domains: BTreeSet<String>,
    /// Name in a client certificate to namespace.
    #[serde(default)]
    pub clients: BTreeMap<String, String>,
}

/// `sds.limits`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SdsLimits {
    pub connections: Option<usize>,
    pub streams: Option<usize>,
    pub subscriptions: Option<usize>,
    pub requests_per_second: Option<u32>,
}

/// `None` where SDS is not asked for.
pub fn settings(
    flag: Option<&SdsAddress>,
    file: &File,
    store_namespace: &Arc<str>,
) -> Result<Option<Settings>> {
    let nothing = SdsFile::default();
    let sds = file.sds.as_ref().unwrap_or(&nothing);
    let Some(address) = flag.or(sds.address.as_ref()) else { return Ok(None) };
    let gateways = file.mesh.as_ref().and_then(|mesh| mesh.gateway_namespace.as_deref());
    let admission = admission(address, sds, gateways)?;
    let platform = match &admission {
        Admission::Local { namespace } => Some(&**namespace),
        Admission::MutualTls(_) => gateways,
    };
    Ok(Some(Settings {
        address: bound_address(address, sds)?,
        grants: grants(sds, platform, store_namespace)?,
        admission,
        limits: limits(&sds.limits)?,
    }))
}

fn admission(address: &SdsAddress, sds: &SdsFile, gateways: Option<&str>) -> Result<Admission> {
    match (&sds.tls, address) {
        (Some(_), SdsAddress::Unix(_)) => bail!(
            "sds.tls in {FILE_NAME} is for TCP addresses: a Unix socket is guarded by its permissions"
        ),
        (Some(tls), SdsAddress::Tcp(_)) => mutual_tls(tls).map(Admission::MutualTls),
        (None, SdsAddress::Tcp(address)) if !address.ip().is_loopback() => bail!(
            "--sds {address} hands out private keys and can be reached from other machines: set sds.tls in {FILE_NAME}, or give a loopback address or unix:PATH"
        ),
        (None, _) => {
            let namespace = sds.namespace.as_deref().or(gateways).with_context(|| {
                format!(
                    "--sds: whose Secrets may be handed out? Set mesh.gatewayNamespace (or sds.namespace) in {FILE_NAME}"
                )
            })?;
            check_namespace("sds.namespace", namespace)?;
            Ok(Admission::Local { namespace: namespace.into() })
        }
    }
}

fn mutual_tls(tls: &Tls) -> Result<MutualTls> {
    ensure!(
        !tls.clients.is_empty() || !tls.trust_domains.is_empty(),
        "sds.tls in {FILE_NAME} lets nobody in: name trustDomains, or clients with their namespaces"
    );
    for namespace in tls.clients.values() {
        check_namespace("sds.tls.clients", namespace)?;
    }
    let named = tls.clients.iter();
    let named = named.map(|(name, namespace)| (name.clone(), namespace.as_str().into()));
    Ok(MutualTls {
        certificate: certificate_id("sds.tls.certificate", &tls.certificate)?,
        client_ca: certificate_id("sds.tls.clientCa", &tls.client_ca)?,
        clients: Clients { trust_domains: tls.trust_domains.clone(), named: named.collect() },
    })
}

fn certificate_id(key: &str, text: &str) -> Result<CertificateId> {
    let is_whole = !text.is_empty() && text.split('/').all(|part| !part.is_empty());
    ensure!(
        is_whole && text.matches('/').count() <= 1,
        "{key} in {FILE_NAME}: {text:?}: write NAMESPACE/NAME of a Secret, or an id of the store"
    );
    Ok(CertificateId::store(text))
}

fn bound_address(address: &SdsAddress, sds: &SdsFile) -> Result<Address> {
    let mode = match sds.socket_mode.as_deref() {
        None | Some("0600") => SocketMode::Owner,
        Some("0660") => SocketMode::OwnerAndGroup,
        Some(other) => bail!(
            "sds.socketMode in {FILE_NAME}: {other:?}: write \"0600\" or \"0660\", others get no private keys"
        ),
    };
    Ok(match address {
        SdsAddress::Tcp(address) => Address::Tcp(*address),
        SdsAddress::Unix(path) => Address::Unix { path: path.clone(), mode },
    })
}

/// Unless told otherwise, the platform's own proxies may have the certificate store.
fn grants(sds: &SdsFile, platform: Option<&str>, store_namespace: &Arc<str>) -> Result<Grants> {
    let Some(written) = &sds.grants else {
        let store = platform.map(|namespace| (namespace.into(), vec![store_namespace.clone()]));
        return Ok(Grants(store.into_iter().collect()));
    };
    let mut grants = BTreeMap::new();
    for (namespace, further) in written {
        for name in further.iter().chain([namespace]) {
            check_namespace("sds.grants", name)?;
        }
        let further = further.iter().map(|name| name.as_str().into()).collect();
        grants.insert(namespace.as_str().into(), further);
    }
    Ok(Grants(grants))
}

fn limits(written: &SdsLimits) -> Result<Limits> {
    let default = Limits::default();
    let limits = Limits {
        connections: written.connections.unwrap_or(default.connections),
        streams: written.streams.unwrap_or(default.streams),
        subscriptions: written.subscriptions.unwrap_or(default.subscriptions),
        requests_per_second: written.requests_per_second.unwrap_or(default.requests_per_second),
        ..default
    };
    let all = [limits.connections, limits.streams, limits.subscriptions];
    let in_range = all.iter().all(|limit| (1..=1_000_000).contains(limit));
    ensure!(
        in_range && limits.requests_per_second > 0,
        "sds.limits in {FILE_NAME}: write numbers from 1 to 1000000"
    );
    Ok(limits)
}

#[cfg(test)]
mod tests;
