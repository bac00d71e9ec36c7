//! Where an Ingress goes: its place among the others, and the listeners that it wants to be on.

mod elb;
mod grpc;
mod listen_ports;
mod order;

pub(crate) use listen_ports::parse as parse_listen_ports;

use k8s_openapi::api::networking::v1::IngressRule;
use model::{BackendProtocol, Dialect, Name, Protocol, Reason};

use super::{annotations::Annotations, options::Options, tls::Wishes};
use crate::dialect::{Problem, Problems, Subject};

#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// Place in its group; of no meaning in `ingress`.
    pub order: u16,
    pub listeners: Vec<(u16, Protocol)>,
    /// The field that names the listeners.
    pub field: String,
    /// Every rule goes to every listener, whatever its host.
    pub forced: bool,
    /// The ports that answer where all others redirect to HTTPS; the redirect goes to the first.
    pub secure_ports: Vec<u16>,
    /// The rules keep the order in which they are written, before those of Ingresses without it.
    pub has_priority: bool,
}

/// What the placement follows from.
pub(super) struct Site<'a> {
    pub subject: &'a Subject,
    pub annotations: &'a Annotations<'a>,
    pub options: &'a Options,
    pub tls: &'a Wishes,
}

impl Site<'_> {
    /// `Err`: the Ingress cannot be used at all.
    pub fn placement(
        &self,
        rules: &[IngressRule],
        problems: &mut Problems,
    ) -> Result<Placement, Problem> {
        match self.subject.dialect {
            Dialect::Ingress | Dialect::Istio => Ok(self.plain(problems)),
            Dialect::Alb => self.by_alb_rules(rules, problems),
            Dialect::Elb => elb::placement(self, problems),
            // Its listeners follow from its class as well, and are filled in there.
            Dialect::Aws => Ok(Placement { secure_ports: vec![443], ..Placement::default() }),
        }
    }

    /// Port 80 always, 443 for an Ingress with a TLS block.
    fn plain(&self, problems: &mut Problems) -> Placement {
        let mut listeners = vec![(80, Protocol::Http)];
        if self.tls.has_block {
            listeners.push((443, Protocol::Https));
        } else if self.options.ssl_redirect {
            let text = "ssl-redirect has no effect on hosts without TLS: add spec.tls";
            problems.warn(Reason::InvalidAnnotation, self.annotations.field("ssl-redirect"), text);
        }
        Placement {
            order: order::DEFAULT,
            listeners,
            field: "spec".into(),
            secure_ports: vec![443],
            ..Placement::default()
        }
    }

    fn by_alb_rules(
        &self,
        rules: &[IngressRule],
        problems: &mut Problems,
    ) -> Result<Placement, Problem> {
        let order = order::read(self.annotations, &self.subject.object)?;
        let ssl_redirect = self.options.ssl_redirect;
        let written = self.annotations.named("listen-ports");
        let listeners = listen_ports::listeners(written, ssl_redirect, rules, self.tls)?;
        if self.options.protocol == BackendProtocol::Grpc {
            grpc::check(self.tls, &listeners, written.is_some(), ssl_redirect)?;
        }
        let field =
            written.map_or_else(|| "spec".into(), |_| self.annotations.field("listen-ports"));
        let forced = written.is_some() || ssl_redirect;
        if !forced {
            self.warn_of_near_misses(rules, problems);
        }
        // The target port is always 443, whatever port the HTTPS listener has: the vendor's way.
        let secure_ports = vec![443];
        Ok(Placement { order, listeners, field, forced, secure_ports, has_priority: false })
    }

    /// Rule hosts count as TLS only if they stand literally in `spec.tls`. Who wrote a wildcard
    /// there will not expect the rule on HTTP alone. The first word is the vendor's.
    fn warn_of_near_misses(&self, rules: &[IngressRule], problems: &mut Problems) {
        for (index, rule) in rules.iter().enumerate() {
            let Some(host) = rule.host.as_deref().and_then(|host| Name::parse(host).ok()) else {
                continue;
            };
            let mut names = self.tls.entries.iter().flat_map(|entry| &entry.hosts);
            let wildcard = names.find(|name| **name != host && name.covers(&host));
            if let Some(wildcard) = wildcard.filter(|_| !self.tls.names(&host)) {
                let text = format!(
                    "mismatchTlsHostsIngress: [{host}]: the rule is served over HTTP only, as {wildcard} in spec.tls does not count for it: add {host} to the hosts of that entry"
                );
                problems.warn(Reason::InvalidField, format!("spec.rules[{index}].host"), text);
            }
        }
    }
}
