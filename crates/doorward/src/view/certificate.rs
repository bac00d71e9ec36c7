//! A certificate as the API shows it: of the store, of a Secret, or issued. Never its key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::{Certificate, CertificateId, ListenerKey, Model};
use serde::{Deserialize, Serialize};
use translate::world::{Key, Object, Secret, World};

use crate::app::attaching::AttachedListener;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateView {
    pub id: String,
    /// `Store`, `Issued` or `Secret`.
    pub kind: String,
    /// `Valid`, `Expiring`, `Expired`, `NotYetValid` or `Rejected`.
    pub status: String,
    /// Why it is rejected, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(flatten)]
    pub facts: Option<FactsView>,
    /// The Secret that holds it.
    pub object: String,
    /// `FILE:LINE` of that Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    pub listeners: Vec<UseView>,
    /// Listeners of AWS load balancers that carry it, by ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached_to: Vec<String>,
    /// What its issuer calls it where it keeps it too: an ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_as: Option<String>,
    /// The chain as PEM; only where one certificate is shown in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FactsView {
    pub names: Vec<String>,
    pub subject: String,
    pub issuer: String,
    pub serial: String,
    pub key_algorithm: String,
    pub fingerprint: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// A listener that holds the certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UseView {
    pub listener: String,
    #[serde(rename = "default")]
    pub is_default: bool,
    pub source: String,
}

impl CertificateView {
    /// All certificates of the World, in order of their ids. What issuers and Doorward itself keep
    /// in Secrets of the store namespace is none.
    pub fn all(
        world: &World,
        model: &Model,
        attached: &[AttachedListener],
        now: Timestamp,
    ) -> Vec<Self> {
        let mut uses = uses_of(model);
        let mut all: Vec<Self> = world
            .secrets
            .iter()
            .filter_map(|(key, secret)| {
                let id = id_of(key, &secret.body);
                let listeners = uses.remove(&id).unwrap_or_default();
                let is_one = is_certificate(&secret.body, &listeners);
                is_one.then(|| Self::new(id, secret, listeners, attached, now))
            })
            .collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// One certificate in full, with its chain.
    pub fn one(
        world: &World,
        model: &Model,
        attached: &[AttachedListener],
        id: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let (id, secret) = find(world, id)?;
        let listeners = uses_of(model).remove(&id).unwrap_or_default();
        if !is_certificate(&secret.body, &listeners) {
            return None;
        }
        let chain = secret.body.pair.as_ref().ok().map(|pair| x509::chain_pem(pair));
        Some(Self { certificate: chain, ..Self::new(id, secret, listeners, attached, now) })
    }

    fn new(
        id: CertificateId,
        secret: &Object<Secret>,
        listeners: Vec<UseView>,
        attached: &[AttachedListener],
        now: Timestamp,
    ) -> Self {
        let pair = secret.body.pair.as_ref();
        let kind = match &secret.body {
            Secret { store_id: Some(_), .. } => "Store",
            Secret { issued_by: Some(_), .. } => "Issued",
            _ => "Secret",
        };
        Self {
            id: id.to_string(),
            kind: kind.into(),
            status: pair.map_or("Rejected", |certificate| status_of(certificate, now)).into(),
            problem: pair.err().map(|problem| format!("{}: {problem}", problem.field)),
            facts: pair.ok().map(|certificate| FactsView::from(&**certificate)),
            object: secret.reference.to_string(),
            origin: secret.origin.as_ref().map(ToString::to_string),
            listeners,
            attached_to: carriers(secret.body.issued_as.as_deref(), attached),
            issued_as: secret.body.issued_as.as_deref().map(str::to_owned),
            certificate: None,
        }
    }
}

/// Whether it is one, or meant to be: by its content, its label, or whoever names it.
fn is_certificate(secret: &Secret, listeners: &[UseView]) -> bool {
    secret.credentials.is_none() || secret.store_id.is_some() || !listeners.is_empty()
}

fn carriers(arn: Option<&str>, attached: &[AttachedListener]) -> Vec<String> {
    let carries = |one: &&AttachedListener| {
        arn.is_some_and(|arn| one.carried.iter().any(|carried| carried.as_str() == arn))
    };
    attached.iter().filter(carries).map(|one| one.listener.to_string()).collect()
}

/// The Secret behind a certificate's id.
pub fn find<'a>(world: &'a World, id: &str) -> Option<(CertificateId, &'a Object<Secret>)> {
    world
        .secrets
        .iter()
        .map(|(key, secret)| (id_of(key, &secret.body), &**secret))
        .find(|(found, _)| found.as_str() == id)
}

/// The store id of a Secret that has one, else `NAMESPACE/NAME`.
fn id_of(key: &Key, secret: &Secret) -> CertificateId {
    match &secret.store_id {
        Some(id) => id.clone(),
        None => CertificateId::secret(&key.namespace, &key.name),
    }
}

/// Which listeners hold which certificate.
pub fn uses_of(model: &Model) -> BTreeMap<CertificateId, Vec<UseView>> {
    let mut uses = BTreeMap::<CertificateId, Vec<UseView>>::new();
    let mut note = |key: &ListenerKey, binding: &model::Binding| {
        uses.entry(binding.id.clone()).or_default().push(UseView {
            listener: key.to_string(),
            is_default: binding.is_default,
            source: binding.source.to_string(),
        });
    };
    for listener in model.listeners() {
        listener.certificates.bindings.iter().for_each(|binding| note(&listener.key, binding));
    }
    uses
}

fn status_of(certificate: &Certificate, now: Timestamp) -> &'static str {
    if certificate.is_expired(now) {
        "Expired"
    } else if certificate.is_not_yet_valid(now) {
        "NotYetValid"
    } else if certificate.warn_from() <= now {
        "Expiring"
    } else {
        "Valid"
    }
}

impl From<&Certificate> for FactsView {
    fn from(certificate: &Certificate) -> Self {
        Self {
            names: certificate.names.iter().map(ToString::to_string).collect(),
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            serial: certificate.serial.clone(),
            key_algorithm: certificate.key_algorithm.to_string(),
            fingerprint: certificate.fingerprint.to_string(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
        }
    }
}

#[cfg(test)]
mod tests;
