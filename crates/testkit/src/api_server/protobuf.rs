//! Bodies in the protobuf form, which `kubectl create secret` and its like send and nothing else:
//! of the few kinds that `kubectl` makes without a manifest, the fields it sets.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>; the numbers
//! are those of the `generated.proto` beside each kind's Go types.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

/// Before each body stands this, then a message that names the kind and holds the object.
const MAGIC: &[u8] = b"k8s\0";

/// A field's number, its name in JSON, and what it holds.
type Field = (u64, &'static str, Form);

#[derive(Clone, Copy)]
enum Form {
    Text,
    /// Base64 in JSON.
    Bytes,
    /// From a text.
    Map(&'static Form),
    Message(&'static [Field]),
}

const ENVELOPE: &[Field] = &[
    (1, "type", Form::Message(&[(1, "apiVersion", Form::Text), (2, "kind", Form::Text)])),
    (2, "raw", Form::Bytes),
];

const METADATA: Field = (
    1,
    "metadata",
    Form::Message(&[
        (1, "name", Form::Text),
        (2, "generateName", Form::Text),
        (3, "namespace", Form::Text),
        (11, "labels", Form::Map(&Form::Text)),
        (12, "annotations", Form::Map(&Form::Text)),
    ]),
);

const REVIEWED: Field = (
    1,
    "resourceAttributes",
    Form::Message(&[
        (1, "namespace", Form::Text),
        (2, "verb", Form::Text),
        (3, "group", Form::Text),
        (4, "version", Form::Text),
        (5, "resource", Form::Text),
        (6, "subresource", Form::Text),
        (7, "name", Form::Text),
    ]),
);

const KINDS: &[(&str, &[Field])] = &[
    ("Namespace", &[METADATA]),
    ("ServiceAccount", &[METADATA]),
    (
        "Secret",
        &[
            METADATA,
            (2, "data", Form::Map(&Form::Bytes)),
            (3, "type", Form::Text),
            (4, "stringData", Form::Map(&Form::Text)),
        ],
    ),
    ("ConfigMap", &[METADATA, (2, "data", Form::Map(&Form::Text))]),
    ("SelfSubjectAccessReview", &[METADATA, (2, "spec", Form::Message(&[REVIEWED]))]),
];

/// The object as JSON; `None` when it is of another kind, or no such body.
pub(super) fn parse(body: &[u8]) -> Option<Value> {
    let envelope = message(body.strip_prefix(MAGIC)?, ENVELOPE)?;
    let raw = BASE64_STANDARD.decode(envelope["raw"].as_str().unwrap_or_default()).ok()?;
    let kind = envelope["type"]["kind"].as_str()?;
    let (_, fields) = KINDS.iter().find(|(name, _)| *name == kind)?;
    let mut object = message(&raw, fields)?;
    object["apiVersion"] = envelope["type"]["apiVersion"].clone();
    object["kind"] = kind.into();
    Some(object)
}

/// <https://protobuf.dev/programming-guides/encoding/>: keys and values, one after the other.
fn message(mut bytes: &[u8], fields: &[Field]) -> Option<Value> {
    let mut object = Map::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        match key & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => bytes = bytes.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                if let Some((_, name, form)) =
                    fields.iter().find(|(number, ..)| *number == key >> 3)
                {
                    take(&mut object, name, *form, content)?;
                }
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(Value::Object(object))
}

fn take(object: &mut Map<String, Value>, name: &str, form: Form, content: &[u8]) -> Option<()> {
    let value = match form {
        Form::Text => String::from_utf8(content.to_vec()).ok()?.into(),
        Form::Bytes => BASE64_STANDARD.encode(content).into(),
        Form::Message(fields) => message(content, fields)?,
        Form::Map(of) => {
            let entry = message(content, &[(1, "key", Form::Text), (2, "value", *of)])?;
            let key = entry["key"].as_str().unwrap_or_default().to_owned();
            let map = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
            map[key] = entry.get("value").cloned().unwrap_or_else(|| "".into());
            return Some(());
        }
    };
    // What is not set comes as an empty text.
    if value != "" {
        object.insert(name.into(), value);
    }
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
