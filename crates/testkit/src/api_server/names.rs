//! What an object is called: names given and made, and that a request and its body agree.

use std::{
    hash::{BuildHasher, RandomState},
    iter,
};

use serde_json::Value;

use super::{failure::Failure, managed, merge, write::Write};

/// The fields of `metadata` that the server sets and no request changes.
pub(super) const OWN: [&str; 8] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// The name of an object that is about to be.
pub(super) struct Named {
    pub(super) name: String,
}

impl Named {
    pub(super) fn of_new(write: &Write, body: &Value) -> Result<Self, Failure> {
        check_agreement(write, body)?;
        let name = match (text(body, "name"), text(body, "generateName"), write.name) {
            ("", "", "") => {
                let why = "Required value: name or generateName is required";
                return Err(Failure::invalid(write.resource, "", "metadata.name", why));
            }
            ("", "", name) | (name, _, _) if !name.is_empty() => name.to_owned(),
            (_, prefix, _) => format!("{prefix}{}", random_letters(5)),
        };
        if !is_valid(&name) {
            let why = format!(
                "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower \
                 case alphanumeric characters, '-' or '.', and must start and end with an \
                 alphanumeric character"
            );
            return Err(Failure::invalid(write.resource, &name, "metadata.name", &why));
        }
        Ok(Self { name })
    }

    /// The body with the identity of a new object.
    pub(super) fn identify(&self, write: &Write, mut body: Value) -> Value {
        body["apiVersion"] = write.resource.stored_version().into();
        body["kind"] = write.resource.kind.as_str().into();
        let metadata = merge::as_object(&mut body["metadata"]);
        for field in OWN {
            metadata.remove(field);
        }
        metadata.insert("name".into(), self.name.as_str().into());
        if write.resource.namespaced {
            metadata.insert("namespace".into(), write.namespace.into());
        }
        metadata.insert("uid".into(), new_uid().into());
        metadata.insert("creationTimestamp".into(), managed::written(write.now).into());
        body
    }
}

/// A text of the object's metadata, or `""`.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// The uid and the resourceVersion that a body names must be those of the object.
pub(super) fn check_preconditions(write: &Write, old: &Value, body: &Value) -> Result<(), Failure> {
    let (wanted, actual) = (text(body, "uid"), text(old, "uid"));
    if !wanted.is_empty() && wanted != actual {
        let why = format!(
            "Precondition failed: UID in precondition: {wanted}, UID in object meta: {actual}"
        );
        return Err(Failure::conflict(write.resource, write.name, &why));
    }
    let (wanted, actual) = (text(body, "resourceVersion"), text(old, "resourceVersion"));
    if !matches!(wanted, "" | "0") && wanted != actual {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        return Err(Failure::conflict(write.resource, write.name, why));
    }
    Ok(())
}

/// That the body is of the object the path names.
pub(super) fn check_agreement(write: &Write, body: &Value) -> Result<(), Failure> {
    let resource = write.resource;
    let (version, kind) = (resource.stored_version(), resource.kind.as_str());
    if body["apiVersion"] != version || body["kind"] != kind {
        return Err(Failure::bad_request(format!(
            "{}, Kind={} in the body does not match the path: {version}, Kind={kind}",
            body["apiVersion"], body["kind"],
        )));
    }
    let (namespace, name) = (text(body, "namespace"), text(body, "name"));
    if !namespace.is_empty() && namespace != write.namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if !write.name.is_empty() && !name.is_empty() && name != write.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            write.name
        )));
    }
    Ok(())
}

/// RFC 1123 names, as the server wants them of nearly every kind.
fn is_valid(name: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name.split('.').all(|label| {
            label.starts_with(is_alphanumeric)
                && label.ends_with(is_alphanumeric)
                && label.chars().all(|c| is_alphanumeric(c) || c == '-')
        })
}

/// Of those that Kubernetes takes for `generateName`: none that spells a word.
fn random_letters(count: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut random = random();
    iter::repeat_with(|| {
        let letter = LETTERS[(random % LETTERS.len() as u64) as usize];
        random /= LETTERS.len() as u64;
        char::from(letter)
    })
    .take(count)
    .collect()
}

fn new_uid() -> String {
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// The standard library seeds each of these anew.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
