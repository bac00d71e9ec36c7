//! All that follows from one Gateway alone; kept as long as the object stays the same.
//!
//! A fault of one server costs that server, any other costs the Gateway. Which rules count is
//! Istio's validation of Gateways; what Istio's own proxies can do and Doorward cannot is
//! refused by name.

mod ciphers;
mod client;
mod hosts;
mod port;
mod server;
mod tls;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use model::{Dialect, Reason, Verdict};
use serde_json::Value;

pub(crate) use server::{Kind, ServerHost, ServerPlan};
pub(crate) use tls::{Credential, Termination, secret_of};

use crate::{
    claim::OnDelete,
    dialect::{Fields, Place, Problems, Subject, did_you_mean, nearest},
    route::{Annotations, OWN_PREFIX, field, issuer},
    world::{Gateway, Object},
};

#[derive(Debug)]
pub(crate) struct GatewayPlan {
    pub subject: Subject,
    /// The labels that a workload must have for this Gateway to be meant for it; none: any.
    pub selector: BTreeMap<String, String>,
    /// Those without a fault, in written order.
    pub servers: Vec<Arc<ServerPlan>>,
    /// The Issuer that the object asks for.
    pub issuer: Option<Arc<str>>,
    pub on_delete: Option<OnDelete>,
    pub verdicts: Vec<Verdict>,
}

impl GatewayPlan {
    pub fn read(object: &Object<Gateway>) -> Self {
        let subject = Subject {
            object: object.reference.clone(),
            origin: object.origin.clone(),
            dialect: Dialect::Istio,
        };
        let mut problems = Problems::default();
        check_name(&subject.object.name, &mut problems);
        let written = annotations(&object.body.0);
        let annotations = Annotations::of(Some(&written), Dialect::Istio);
        let issuer = issuer(&annotations);
        let on_delete = on_delete(&annotations, &mut problems);
        let spec = object.body.0.get("spec").unwrap_or(&Value::Null);
        let (selector, servers) =
            read_spec(spec, &subject, problems.has_rejection(), &mut problems);
        let verdicts = problems.into_verdicts(&subject);
        Self { subject, selector, servers, issuer, on_delete, verdicts }
    }

    /// Whether it is meant for a workload with these labels; `None`: one that takes any.
    pub fn is_for(&self, workload: Option<&BTreeMap<String, String>>) -> bool {
        workload.is_none_or(|labels| {
            self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        })
    }
}

fn read_spec(
    spec: &Value,
    subject: &Subject,
    is_refused: bool,
    problems: &mut Problems,
) -> (BTreeMap<String, String>, Vec<Arc<ServerPlan>>) {
    let place = Place {
        path: "spec".to_owned(),
        go_type: "Gateway",
        go_path: String::new(),
        go_prefix: "",
        reason: Reason::InvalidField,
    };
    let Some(fields) = Fields::open(spec, place, problems) else {
        problems.reject(Reason::InvalidField, "spec.servers", "write at least one server");
        return Default::default();
    };
    let mut fields = fields.in_exact_case();
    let selector = selector(&mut fields, problems);
    let mut of_servers = Problems::default();
    let written = fields.children("servers", "Server", &mut of_servers);
    if written.is_empty() && !of_servers.has_rejection() {
        problems.reject(Reason::InvalidField, "spec.servers", "write at least one server");
    }
    let is_refused = is_refused || problems.has_rejection();
    let mut servers = Vec::with_capacity(written.len());
    let mut names = Names::default();
    for server in written {
        let mut of_server = Problems::default();
        let server = ServerPlan::read(server, subject, &mut names, &mut of_server);
        servers.extend(server.filter(|_| !of_server.has_rejection()).map(Arc::new));
        of_servers.append(of_server);
    }
    fields.finish(problems);
    if is_refused {
        servers.clear();
    }
    if !servers.is_empty() {
        of_servers.soften_parts("; this server is not served until then");
    }
    problems.append(of_servers);
    (selector.unwrap_or_default(), servers)
}

/// What must be unique among the servers of one Gateway.
#[derive(Debug, Default)]
struct Names<'a> {
    ports: HashSet<&'a str>,
    servers: HashSet<&'a str>,
}

/// `None` with a problem, which must not read as "any workload".
fn selector(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<BTreeMap<String, String>> {
    let path = fields.path_of("selector");
    let Some(value) = fields.value("selector") else { return Some(BTreeMap::new()) };
    let labels = value.as_object().and_then(|labels| {
        let texts = labels.iter();
        texts.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    });
    if labels.is_none() {
        let text = "no map of labels: write texts, as in {istio: ingressgateway}";
        problems.reject(Reason::InvalidField, path, text);
    }
    labels
}

/// The name becomes part of other names in Istio, and so must be one label.
fn check_name(name: &str, problems: &mut Problems) {
    if !hosts::is_label(name) {
        let text = format!(
            "{name:?} is no DNS label: use 1-63 lower-case letters, digits or '-', with a letter or digit at both ends"
        );
        problems.reject(Reason::InvalidField, "metadata.name", text);
    }
}

fn annotations(body: &Value) -> BTreeMap<String, String> {
    let written = body.pointer("/metadata/annotations").and_then(Value::as_object);
    let texts = written.into_iter().flatten();
    texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn on_delete(annotations: &Annotations<'_>, problems: &mut Problems) -> Option<OnDelete> {
    const WORDS: &[(&str, OnDelete)] =
        &[("keep-last-good", OnDelete::KeepLastGood), ("withdraw", OnDelete::Withdraw)];
    let written = annotations.own("on-delete")?;
    let found = WORDS.iter().find(|(word, _)| *word == written);
    if found.is_none() {
        let cure = match nearest(written, WORDS.iter().map(|(word, _)| *word)) {
            Some(like) => format!("; {}", did_you_mean(Some(like))),
            None => String::new(),
        };
        let text = format!(
            "{written:?} is no policy, so the one of mesh.onDelete holds: write keep-last-good or withdraw{cure}"
        );
        problems.warn(Reason::InvalidAnnotation, field(OWN_PREFIX, "on-delete"), text);
    }
    found.map(|(_, policy)| *policy)
}

#[cfg(test)]
mod tests;
