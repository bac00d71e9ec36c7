//! Who asks, and for which namespace: settled by how the connection was made, never by what is
//! said on it. A proxy's node metadata is written by the proxy.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::CertificateId;
use x509_parser::{
    extensions::{GeneralName, ParsedExtension},
    prelude::{FromDer, X509Certificate},
};

/// How connections prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// By being able to connect: a Unix socket's permissions, or this machine's loopback. All
    /// count as proxies of one namespace.
    Local { namespace: Arc<str> },
    /// By a client certificate.
    MutualTls(MutualTls),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTls {
    /// The Secret with the server's own certificate.
    pub certificate: CertificateId,
    /// The Secret with the CA that client certificates are checked against.
    pub client_ca: CertificateId,
    pub clients: Clients,
}

/// Which namespace a client certificate stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clients {
    /// `spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT` stands for NAMESPACE, as Istio issues them; only
    /// for these trust domains.
    pub trust_domains: BTreeSet<String>,
    /// A URI or DNS name of the certificate, written out in full, to its namespace.
    pub named: BTreeMap<String, Arc<str>>,
}

/// A client certificate that was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name it was known by.
    pub name: String,
    pub namespace: Arc<str>,
}

impl Clients {
    /// By the certificate's alternative names; its common name counts for nothing (RFC 6125).
    pub fn identify(&self, leaf: &[u8]) -> Option<Identity> {
        let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
        let names: Vec<&str> = certificate
            .extensions()
            .iter()
            .filter_map(|extension| match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(san) => Some(&san.general_names),
                _ => None,
            })
            .flatten()
            .filter_map(|name| match name {
                GeneralName::URI(name) | GeneralName::DNSName(name) => Some(*name),
                _ => None,
            })
            .collect();
        names.iter().find_map(|name| {
            let namespace =
                self.named.get(*name).cloned().or_else(|| Some(self.by_spiffe(name)?.into()))?;
            Some(Identity { name: (*name).to_owned(), namespace })
        })
    }

    fn by_spiffe<'a>(&self, uri: &'a str) -> Option<&'a str> {
        let mut parts = uri.strip_prefix("spiffe://")?.split('/');
        let domain = parts.next()?;
        let parts: Vec<&str> = parts.collect();
        match parts.as_slice() {
            ["ns", namespace, "sa", account] if self.trust_domains.contains(domain) => {
                (!namespace.is_empty() && !account.is_empty()).then_some(*namespace)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
