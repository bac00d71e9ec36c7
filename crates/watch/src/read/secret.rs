//! A Secret to its certificate and what clients are checked against. The text of the key is
//! dropped here; only the validated pair goes on.
//!
//! Messages of this room name keys and lengths, never content.

mod credentials;
mod data;
mod shape;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use model::{Certificate, CertificateId, Reason};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde_json::{Map, Value};
use translate::world::{Key, Secret, SecretProblem};

use self::data::Data;
pub(crate) use self::{
    data::Place,
    shape::{Shape, TLS},
};
use super::{
    Context,
    typed::{self, Warning, WrongField},
};

/// On a Secret in the store namespace: the id it has in the certificate store.
pub const CERTIFICATE_ID: &str = "doorward.dev/certificate-id";
/// On a Secret that Doorward wrote: the issuer that made its certificate.
pub const ISSUED_BY: &str = "doorward.dev/issued-by";
/// Beside it, an annotation: what that issuer calls the certificate where it keeps it too.
pub const ISSUED_AS: &str = "doorward.dev/issued-as";

pub(crate) fn read(
    mut map: Map<String, Value>,
    key: &Key,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Secret, WrongField> {
    let metadata = metadata(&mut map)?;
    let labels = metadata.labels.unwrap_or_default();
    let mut annotations = metadata.annotations.unwrap_or_default();
    let issued_by = labels.get(ISSUED_BY).map(|name| name.as_str().into());
    let data = Data::of(&map)?;
    let (ClientCa { roots, crls }, ca_problem) = match ClientCa::read(&data) {
        Ok(ca) => (ca, None),
        Err(problem) => (ClientCa::default(), Some(problem)),
    };
    Ok(Secret {
        store_id: store_id(labels.get(CERTIFICATE_ID), key, context, warnings),
        issued_as: annotations.remove(ISSUED_AS).filter(|_| issued_by.is_some()).map(Into::into),
        issued_by,
        pair: pair(&data, context, warnings).map(Into::into),
        roots,
        crls,
        ca_problem,
        credentials: credentials::credentials(&data, key, context).map(Into::into),
    })
}

fn metadata(map: &mut Map<String, Value>) -> Result<ObjectMeta, WrongField> {
    let Some(Value::Object(metadata)) = map.remove("metadata") else {
        return Ok(ObjectMeta::default());
    };
    typed::deserialize(metadata, |_| {}).map_err(|wrong| WrongField {
        field: format!("metadata.{}", wrong.field),
        message: format!("metadata.{}", wrong.message),
    })
}

/// The label counts only in the store namespace.
fn store_id(
    label: Option<&String>,
    key: &Key,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Option<CertificateId> {
    let id = label.filter(|id| !id.is_empty())?;
    if key.namespace == context.store_namespace {
        return Some(CertificateId::store(id));
    }
    warnings.push(Warning {
        reason: Reason::NotHonoured,
        field: format!("metadata.labels[{CERTIFICATE_ID:?}]"),
        message: format!(
            "label {CERTIFICATE_ID} counts only in the store namespace {}: move the Secret there, \
             or remove the label",
            context.store_namespace
        ),
    });
    None
}

/// The pair, and why its staple is left out.
fn pair(
    data: &Data<'_>,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Certificate, SecretProblem> {
    let shape = Shape::of(data).map_err(|(place, message)| place.problem(message))?;
    let (crt, key) = (data.bytes(shape.crt)?, data.bytes(shape.key)?);
    let mut certificate = validated(&context.pairs, &crt, &key, shape)?;
    if *shape == TLS && data.holds(Place::STAPLE.name()) {
        let staple = data.bytes(Place::STAPLE).map_err(|problem| problem.message);
        match staple.and_then(|bytes| stapled(&bytes, &certificate)) {
            Ok(staple) => certificate.ocsp_staple = Some(staple),
            Err(problem) => warnings.push(Warning {
                reason: Reason::SecretInvalid,
                field: Place::STAPLE.field().to_owned(),
                message: format!("nothing is stapled to the certificate: {problem}"),
            }),
        }
    }
    Ok(certificate)
}

/// A pair that can be served, or which of its fields is at fault.
pub(crate) fn validated(
    pairs: &x509::Reader,
    crt: &[u8],
    key: &[u8],
    shape: &Shape,
) -> Result<Certificate, SecretProblem> {
    pairs.read_pair(crt, key).map_err(|problem| {
        let place = if problem.field == x509::Field::Key { shape.key } else { shape.crt };
        place.problem(problem.to_string())
    })
}

/// The OCSP response to be stapled, or what is wrong with it.
pub(crate) fn stapled(response: &[u8], certificate: &Certificate) -> Result<Arc<[u8]>, String> {
    x509::check_staple(response, certificate).map_err(|problem| problem.to_string())?;
    Ok(response.into())
}

/// What clients are checked against.
#[derive(Default)]
struct ClientCa {
    roots: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
}

impl ClientCa {
    fn read(data: &Data<'_>) -> Result<Self, SecretProblem> {
        let Some(place) = shape::client_ca(data) else { return Ok(Self::default()) };
        let problem = |place: Place| {
            move |problem: x509::PairProblem| place.problem(format!("{}: {problem}", place.name()))
        };
        let roots = x509::read_roots(&data.bytes(place)?).map_err(problem(place))?;
        let crls = match shape::crl(data) {
            None => Vec::new(),
            Some(place) => x509::read_crls(&data.bytes(place)?).map_err(problem(place))?,
        };
        Ok(Self { roots, crls })
    }
}

#[cfg(test)]
mod tests;
