//! One Ingress, read: everything that follows from it and the parameters of its class.

use std::{sync::Arc, time::Duration};

use ipnet::IpNet;
use k8s_openapi::api::networking::v1::Ingress;
use model::{Arn, Dialect, Protocol, Verdict};

use super::{
    attach,
    certificates::{self, Certificates},
    keys, mutual,
    mutual::Mutual,
    params::Params,
};
use crate::{
    route::{Annotations, Plan, Reader, parse_listen_ports, parse_net},
    world::{IngressClassParams, Key, Object},
};

/// An Ingress of ours, without its rules.
#[derive(Debug)]
pub(crate) struct AwsIngress {
    /// What it was read with.
    params: Option<Arc<Object<IngressClassParams>>>,
    /// `None` where nothing of it can be served.
    pub(super) wish: Option<Wish>,
    pub(super) verdicts: Vec<Verdict>,
}

/// What it wants of its load balancer.
#[derive(Debug)]
pub(super) struct Wish {
    pub balancer: Arc<str>,
    /// Place in the group, before namespace and name.
    pub order: i16,
    pub certificates: Certificates,
    /// Listeners of AWS's own load balancers that are to carry them too.
    pub attach_to: Vec<Arn>,
    /// The port that all plain HTTP is sent to.
    pub ssl_redirect: Option<u16>,
    pub ssl_policy: Option<Policy>,
    pub mutual: Vec<Mutual>,
    /// Empty: everybody may connect.
    pub inbound: Vec<IpNet>,
    pub idle_timeout: Option<Duration>,
    pub http2: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub name: Box<str>,
    pub field: String,
    /// Said for all Ingresses at once.
    pub of_class: bool,
}

impl AwsIngress {
    /// Together with its rules. `params`: of the class, if it names any that are there.
    pub fn read(
        key: &Key,
        object: &Object<Ingress>,
        params: Option<&Arc<Object<IngressClassParams>>>,
    ) -> (Plan, Self) {
        let mut plan = Plan::read(Dialect::Aws, key, object);
        let annotations = Annotations::of(object.body.metadata.annotations.as_ref(), Dialect::Aws);
        let mut reader = Reader::new(&annotations);
        let of_class = params.map(|params| Params::read(params).0).unwrap_or_default();
        let wish = Draft { reader: &mut reader, plan: &mut plan, of_class: &of_class }.read();
        let mut problems = reader.finish();
        let wish =
            wish.filter(|_| !problems.has_rejection() && !plan.placement.listeners.is_empty());
        if wish.is_some() {
            problems.soften();
        }
        let verdicts = problems.into_verdicts(&plan.subject);
        (plan, Self { params: params.cloned(), wish, verdicts })
    }

    /// Whether it must be read again.
    pub fn is_outdated(&self, params: Option<&Arc<Object<IngressClassParams>>>) -> bool {
        match (&self.params, params) {
            (None, None) => false,
            (Some(before), Some(now)) => !Arc::ptr_eq(before, now),
            _ => true,
        }
    }
}

struct Draft<'r, 'a> {
    reader: &'r mut Reader<'a>,
    plan: &'r mut Plan,
    of_class: &'r Params,
}

impl Draft<'_, '_> {
    fn read(mut self) -> Option<Wish> {
        keys::check(self.reader);
        let balancer = self.balancer();
        let order = self.order();
        let of_class = Some(&*self.of_class.certificates);
        let certificates = certificates::read(self.reader, self.plan, of_class);
        self.listeners(&certificates);
        let attach_to = attach::read(self.reader.annotations, &mut self.reader.problems);
        let ssl_redirect = self.ssl_redirect();
        let ssl_policy = self.ssl_policy();
        let inbound = self.inbound();
        let (idle_timeout, http2) = self.attributes();
        Some(Wish {
            balancer: balancer?,
            order: order?,
            certificates,
            attach_to,
            ssl_redirect,
            ssl_policy,
            mutual: mutual::read(self.reader),
            inbound,
            idle_timeout,
            http2,
        })
    }

    /// The group's name, or one that no other Ingress comes to: namespaces have no dots.
    fn balancer(&mut self) -> Option<Arc<str>> {
        const KEY: &str = "group.name";
        let written = self.reader.text(KEY);
        if let Some(group) = &self.of_class.group {
            if written.is_some_and(|written| *written != **group) {
                self.reader.warn(
                    KEY,
                    format!(
                        "the class puts its Ingresses into group {group}: remove the annotation"
                    ),
                );
            }
            return Some((**group).into());
        }
        let Some(group) = written else {
            let key = &self.plan.key;
            return Some(format!("{}.{}", key.namespace, key.name).into());
        };
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if group.len() > 63 || !group.bytes().all(fits) {
            self.reader.reject(KEY, format!("{group:?} is no name of a group: use up to 63 small letters, digits, '-' and '.'"));
            return None;
        }
        Some(group.into())
    }

    fn order(&mut self) -> Option<i16> {
        const KEY: &str = "group.order";
        let Some(text) = self.reader.text(KEY) else { return Some(0) };
        let order = text.parse().ok().filter(|order| (-1000..=1000).contains(order));
        if order.is_none() {
            self.reader.reject(
                KEY,
                format!("{text:?} is no place in a group: write a number from -1000 to 1000"),
            );
        }
        order
    }

    /// What is written; else HTTPS where certificates are named or made, and HTTP where not.
    fn listeners(&mut self, certificates: &Certificates) {
        const KEY: &str = "listen-ports";
        let placement = &mut self.plan.placement;
        placement.field = self.reader.field(KEY);
        placement.forced = true;
        let Some(text) = self.reader.text(KEY) else {
            placement.listeners = match certificates {
                Certificates::Discovered => vec![(80, Protocol::Http)],
                _ => vec![(443, Protocol::Https)],
            };
            return;
        };
        match ports(text) {
            Ok(listeners) => placement.listeners = listeners,
            Err(message) => self.reader.reject(KEY, message),
        }
    }

    fn ssl_redirect(&mut self) -> Option<u16> {
        const KEY: &str = "ssl-redirect";
        let text = self.reader.text(KEY)?;
        let port = text.parse().ok().filter(|port| *port != 0);
        if port.is_none() {
            self.reader.reject(
                KEY,
                format!("{text:?} is no port: write the port of an HTTPS listener, as \"443\""),
            );
        }
        port
    }

    fn ssl_policy(&mut self) -> Option<Policy> {
        const KEY: &str = "ssl-policy";
        let written = self.reader.text(KEY);
        let field = self.reader.field(KEY);
        if let Some(name) = &self.of_class.ssl_policy {
            if written.is_some_and(|written| *written != **name) {
                self.reader
                    .warn(KEY, format!("the class decides for {name}: remove the annotation"));
            }
            return Some(Policy { name: name.clone(), field, of_class: true });
        }
        Some(Policy { name: written?.into(), field, of_class: false })
    }

    fn inbound(&mut self) -> Vec<IpNet> {
        const KEY: &str = "inbound-cidrs";
        if !self.of_class.inbound.is_empty() {
            return self.of_class.inbound.clone();
        }
        let mut nets = Vec::new();
        for text in self.reader.list(KEY) {
            match parse_net(text) {
                Ok(net) => nets.push(net),
                Err(wrong) => self.reader.reject(KEY, format!("{text:?}: {wrong}")),
            }
        }
        nets
    }

    /// Of the attributes of AWS's load balancer, those that a gateway has too.
    fn attributes(&mut self) -> (Option<Duration>, Option<bool>) {
        const KEY: &str = "load-balancer-attributes";
        let (mut idle, mut http2) = (None, None);
        for attribute in self.reader.list(KEY) {
            match attribute.split_once('=') {
                Some(("idle_timeout.timeout_seconds", seconds)) => {
                    let seconds =
                        seconds.parse().ok().filter(|seconds| (1..=4000).contains(seconds));
                    match seconds {
                        Some(seconds) => idle = Some(Duration::from_secs(seconds)),
                        None => self
                            .reader
                            .reject(KEY, format!("{attribute:?}: write 1 to 4000 seconds")),
                    }
                }
                Some(("routing.http2.enabled", "true")) => http2 = Some(true),
                Some(("routing.http2.enabled", "false")) => http2 = Some(false),
                _ => self.reader.idle.push(format!("{KEY} {attribute}")),
            }
        }
        (idle, http2)
    }
}

/// The value of `listen-ports`, each pair once. Nothing but HTTP and HTTPS, each with ports of its
/// own.
fn ports(text: &str) -> Result<Vec<(u16, Protocol)>, String> {
    let mut listeners: Vec<(u16, Protocol)> = Vec::new();
    for (port, protocol) in parse_listen_ports(text)? {
        if protocol == Protocol::Quic {
            return Err(format!("listen protocol must be within [HTTP, HTTPS]: {protocol}"));
        }
        match listeners.iter().find(|(taken, _)| *taken == port) {
            None => listeners.push((port, protocol)),
            Some((_, same)) if *same == protocol => {}
            Some(_) => return Err(format!("port {port} is both HTTP and HTTPS: keep one of them")),
        }
    }
    Ok(listeners)
}
