//! A Secret to its certificate. The text of the key is dropped here; only the validated pair
//! goes on.
//!
//! Messages of this file name fields and lengths, never content.

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use model::{CertificateId, Reason};
use rustls_pki_types::CertificateDer;
use serde_json::{Map, Value};
use translate::world::{Key, Secret, SecretProblem};
use zeroize::Zeroizing;

use super::{
    Context,
    typed::{self, Warning, WrongField},
};

/// On a Secret in the store namespace: the id it has in the certificate store.
pub const CERTIFICATE_ID: &str = "doorward.dev/certificate-id";
/// On a Secret that Doorward wrote: the issuer that made its certificate.
pub const ISSUED_BY: &str = "doorward.dev/issued-by";

const CRT: &str = "tls.crt";
const KEY: &str = "tls.key";
const CA: &str = "ca.crt";

/// The fields that a problem of a Secret may name.
pub(crate) const CRT_FIELD: &str = "data[\"tls.crt\"]";
pub(crate) const KEY_FIELD: &str = "data[\"tls.key\"]";

pub(crate) fn read(
    mut map: Map<String, Value>,
    key: &Key,
    context: &Context,
    warnings: &mut Vec<Warning>,
) -> Result<Secret, WrongField> {
    let metadata = metadata(&mut map)?;
    let labels = metadata.labels.unwrap_or_default();
    let data = Data::of(&map)?;
    let roots = data.roots();
    let pair = data.pair(context).map_err(|mut problem| {
        problem.message.shrink_to_fit();
        problem
    });
    Ok(Secret {
        store_id: store_id(labels.get(CERTIFICATE_ID), key, context, warnings),
        issued_by: labels.get(ISSUED_BY).map(|name| name.as_str().into()),
        pair: pair.map(Into::into),
        roots,
        crls: Vec::new(),
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

/// The two maps of a Secret; `stringData` wins, as it does in Kubernetes.
struct Data<'a> {
    data: Option<&'a Map<String, Value>>,
    string_data: Option<&'a Map<String, Value>>,
}

impl<'a> Data<'a> {
    fn of(map: &'a Map<String, Value>) -> Result<Self, WrongField> {
        Ok(Self { data: texts(map, "data")?, string_data: texts(map, "stringData")? })
    }

    fn pair(&self, context: &Context) -> Result<model::Certificate, SecretProblem> {
        let crt = self.field(CRT)?.ok_or_else(|| missing(CRT))?;
        let key = self.field(KEY)?.ok_or_else(|| missing(KEY))?;
        validated(&context.pairs, &crt, &key)
    }

    /// What client certificates are checked against; of no interest to most Secrets, so that
    /// what cannot be read is none.
    fn roots(&self) -> Vec<CertificateDer<'static>> {
        let field = match (self.field(CA), self.field(KEY)) {
            (Ok(Some(ca)), _) => Ok(Some(ca)),
            (_, Ok(None)) => self.field(CRT),
            _ => Ok(None),
        };
        match field {
            Ok(Some(pem)) => x509::read_roots(&pem).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The bytes of one field, from whichever map holds it.
    fn field(&self, name: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretProblem> {
        let text = |map: Option<&'a Map<String, Value>>| map?.get(name)?.as_str();
        if let Some(text) = text(self.string_data) {
            return Ok(Some(Zeroizing::new(text.as_bytes().to_vec())));
        }
        let Some(text) = text(self.data) else { return Ok(None) };
        decode(text).map(Some).ok_or_else(|| SecretProblem {
            field: path(name),
            message: format!("{name} is not base64: encode it, or put plain text under stringData"),
        })
    }
}

/// Base64 as Kubernetes takes it: padded, line ends anywhere.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let joined: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
        return STANDARD.decode(joined.as_bytes()).ok().map(Zeroizing::new);
    }
    STANDARD.decode(text).ok().map(Zeroizing::new)
}

/// A map of texts. The error says the type that stands there, not the value.
fn texts<'a>(
    map: &'a Map<String, Value>,
    field: &str,
) -> Result<Option<&'a Map<String, Value>>, WrongField> {
    let wrong = |field: String, found: &Value, wanted: &str| {
        let found = type_of(found);
        let message = format!("{field} is {found}: {wanted}");
        Err(WrongField { field, message })
    };
    match map.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(texts)) => {
            match texts.iter().find(|(_, value)| !value.is_string() && !value.is_null()) {
                None => Ok(Some(texts)),
                Some((key, value)) => wrong(format!("{field}[{key:?}]"), value, "write text"),
            }
        }
        Some(value) => wrong(field.to_owned(), value, "write a map of texts"),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

fn missing(name: &'static str) -> SecretProblem {
    SecretProblem {
        field: path(name),
        message: format!("{name} is missing: put it into the Secret"),
    }
}

fn path(name: &'static str) -> &'static str {
    match name {
        CRT => CRT_FIELD,
        _ => KEY_FIELD,
    }
}

/// The pair of a Secret, or which of its fields is at fault.
pub(crate) fn validated(
    pairs: &x509::Reader,
    crt: &[u8],
    key: &[u8],
) -> Result<model::Certificate, SecretProblem> {
    pairs.read_pair(crt, key).map_err(|problem| SecretProblem {
        field: match problem.field {
            x509::Field::Crt => CRT_FIELD,
            x509::Field::Key => KEY_FIELD,
        },
        message: problem.to_string(),
    })
}

#[cfg(test)]
mod tests;
