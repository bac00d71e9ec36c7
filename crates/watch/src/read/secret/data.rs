//! The two maps of a Secret, and the keys in them that count.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use translate::world::SecretProblem;
use zeroize::Zeroizing;

use crate::read::typed::WrongField;

/// `data` and `stringData`; the latter wins, as it does in Kubernetes.
pub struct Data<'a> {
    data: Option<&'a Map<String, Value>>,
    string_data: Option<&'a Map<String, Value>>,
}

/// A key that counts, and the field that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(&'static str, &'static str);

impl Place {
    pub const CERT: Self = Self("cert", "data[\"cert\"]");
    pub const KEY: Self = Self("key", "data[\"key\"]");
    pub const TLS_CRT: Self = Self("tls.crt", "data[\"tls.crt\"]");
    pub const TLS_KEY: Self = Self("tls.key", "data[\"tls.key\"]");
    pub const CACERT: Self = Self("cacert", "data[\"cacert\"]");
    pub const CA_CRT: Self = Self("ca.crt", "data[\"ca.crt\"]");
    pub const CRL: Self = Self("crl", "data[\"crl\"]");
    pub const CA_CRL: Self = Self("ca.crl", "data[\"ca.crl\"]");
    pub const STAPLE: Self = Self("tls.ocsp-staple", "data[\"tls.ocsp-staple\"]");

    const ALL: [Self; 9] = [
        Self::CERT,
        Self::KEY,
        Self::TLS_CRT,
        Self::TLS_KEY,
        Self::CACERT,
        Self::CA_CRT,
        Self::CRL,
        Self::CA_CRL,
        Self::STAPLE,
    ];

    pub fn name(self) -> &'static str {
        self.0
    }

    pub fn field(self) -> &'static str {
        self.1
    }

    /// The one of this field.
    pub fn at(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.field() == field)
    }

    pub fn problem(self, message: impl Into<String>) -> SecretProblem {
        let mut message = message.into();
        message.shrink_to_fit();
        SecretProblem { field: self.field(), message }
    }
}

impl<'a> Data<'a> {
    pub fn of(map: &'a Map<String, Value>) -> Result<Self, WrongField> {
        Ok(Self { data: texts(map, "data")?, string_data: texts(map, "stringData")? })
    }

    pub fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// Whether there is anything under this key.
    pub fn holds(&self, name: &str) -> bool {
        self.text(name).is_some_and(|(text, _)| !text.is_empty())
    }

    /// All keys, sorted.
    pub fn names(&self) -> BTreeSet<&'a str> {
        [self.data, self.string_data]
            .into_iter()
            .flatten()
            .flatten()
            .map(|(key, _)| &**key)
            .collect()
    }

    /// The bytes under one key; none where it is not there.
    pub fn bytes(&self, place: Place) -> Result<Zeroizing<Vec<u8>>, SecretProblem> {
        if !self.has(place.name()) {
            return Ok(Zeroizing::default());
        }
        self.value(place.name()).ok_or_else(|| {
            place.problem(format!(
                "{} is not base64: encode it, or put plain text under stringData",
                place.name()
            ))
        })
    }

    /// `None` where it is not there or no base64.
    pub fn value(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        match self.text(name)? {
            (text, Encoding::Plain) => Some(Zeroizing::new(text.as_bytes().to_vec())),
            (text, Encoding::Base64) => decode(text),
        }
    }

    fn text(&self, name: &str) -> Option<(&'a str, Encoding)> {
        let text = |map: Option<&'a Map<String, Value>>| map?.get(name)?.as_str();
        text(self.string_data)
            .map(|text| (text, Encoding::Plain))
            .or_else(|| Some((text(self.data)?, Encoding::Base64)))
    }
}

enum Encoding {
    Plain,
    Base64,
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
