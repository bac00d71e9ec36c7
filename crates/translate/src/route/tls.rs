//! What an Ingress wants in TLS: its `spec.tls`, or its rule hosts where it has none.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::{IngressRule, IngressTLS};
use model::{CertificateId, Name, Reason};

use super::annotations::Annotations;
use crate::{
    claim::TlsMember,
    dialect::{Problems, Subject},
};

/// The wishes of one Ingress.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// The entries of `spec.tls`, in order.
    pub entries: Vec<Arc<TlsMember>>,
    /// The rule hosts that are in no entry, one each.
    pub rule_hosts: Vec<Arc<TlsMember>>,
    /// The Issuer that the Ingress asks for.
    pub issuer: Option<Arc<str>>,
    /// `spec.tls` has entries, be they good or bad.
    pub has_block: bool,
}

impl Wishes {
    pub fn read(
        tls: &[IngressTLS],
        rules: &[IngressRule],
        annotations: &Annotations<'_>,
        subject: &Subject,
        problems: &mut Problems,
    ) -> Self {
        let issuer = issuer(annotations);
        let member = |field: String, hosts: Vec<Name>, certificate: Option<CertificateId>| {
            Arc::new(TlsMember {
                object: subject.object.clone(),
                origin: subject.origin.clone(),
                field,
                certificate_field: "secretName".into(),
                hosts,
                certificate,
                issuer: issuer.clone(),
                as_one: false,
            })
        };
        let mut entries = Vec::with_capacity(tls.len());
        for (index, entry) in tls.iter().enumerate() {
            let field = format!("spec.tls[{index}]");
            let hosts = hosts_of(entry, &field, problems);
            let secret = entry.secret_name.as_deref().filter(|name| !name.is_empty());
            let namespace = subject.object.namespace.as_deref().unwrap_or_default();
            let secret = secret.map(|name| CertificateId::secret(namespace, name));
            if hosts.is_empty() && secret.is_none() {
                let text = "the entry names neither hosts nor a Secret and has no effect: add hosts or secretName";
                problems.warn(Reason::InvalidField, field, text);
                continue;
            }
            entries.push(member(field, hosts, secret));
        }
        let mut rule_hosts: Vec<Arc<TlsMember>> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let Some(host) = rule.host.as_deref().and_then(|host| Name::parse(host).ok()) else {
                continue;
            };
            let all = entries.iter().chain(&rule_hosts);
            if !all.flat_map(|member| &member.hosts).any(|known| *known == host) {
                rule_hosts.push(member(format!("spec.rules[{index}].host"), vec![host], None));
            }
        }
        Self { entries, rule_hosts, issuer, has_block: !tls.is_empty() }
    }

    /// Whether a rule host stands literally in some entry.
    pub fn names(&self, host: &Name) -> bool {
        self.entries.iter().any(|member| member.hosts.contains(host))
    }

    /// Whether some entry is good for a rule host: by name, by wildcard, or because the entry
    /// names no hosts and so takes all of its Ingress.
    pub fn covers(&self, host: &Name) -> bool {
        self.entries.iter().any(|member| {
            member.hosts.is_empty() || member.hosts.iter().any(|name| name.covers(host))
        })
    }

    pub fn names_some_host(&self) -> bool {
        self.entries.iter().any(|member| !member.hosts.is_empty())
    }
}

fn hosts_of(entry: &IngressTLS, field: &str, problems: &mut Problems) -> Vec<Name> {
    let mut hosts = Vec::new();
    for (index, host) in entry.hosts.iter().flatten().enumerate().filter(|(_, h)| !h.is_empty()) {
        match Name::parse(host) {
            Ok(name) => hosts.push(name),
            Err(error) => problems.warn(
                Reason::InvalidField,
                format!("{field}.hosts[{index}]"),
                format!("TLS host {host:?} is left out: {error}"),
            ),
        }
    }
    hosts
}

/// Our own annotation, or cert-manager's as the same wish.
pub(crate) fn issuer(annotations: &Annotations<'_>) -> Option<Arc<str>> {
    annotations
        .own("issuer")
        .or_else(|| annotations.exact("cert-manager.io/cluster-issuer"))
        .or_else(|| annotations.exact("cert-manager.io/issuer"))
        .map(Arc::from)
}
