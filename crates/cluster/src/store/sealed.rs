//! A Secret in our hands: never shown, wiped when dropped.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::api::ObjectMeta;
use serde::{Serialize, Serializer};
use zeroize::Zeroize as _;

/// A Secret with its content, on its way to the API server or from it.
pub struct Sealed(Secret);

impl Sealed {
    pub fn new<'a>(
        metadata: ObjectMeta,
        kind: &str,
        data: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
    ) -> Self {
        let data: BTreeMap<_, _> =
            data.into_iter().map(|(key, bytes)| (key.to_owned(), ByteString(bytes))).collect();
        Self(Secret {
            metadata,
            type_: Some(kind.to_owned()),
            data: Some(data),
            ..Secret::default()
        })
    }

    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// The same object with other content, to replace it if it is still the one that was read.
    pub fn with<'a>(&self, data: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Self {
        Self::new(self.0.metadata.clone(), self.0.type_.as_deref().unwrap_or_default(), data)
    }

    pub fn bytes(&self, key: &str) -> Option<&[u8]> {
        Some(&self.0.data.as_ref()?.get(key)?.0)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(key)?).ok()
    }
}

impl From<Secret> for Sealed {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Shows no content.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectMeta { namespace, name, .. } = &self.0.metadata;
        f.debug_struct("Sealed")
            .field("namespace", namespace)
            .field("name", name)
            .finish_non_exhaustive()
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        for bytes in self.0.data.iter_mut().flat_map(BTreeMap::values_mut) {
            bytes.0.zeroize();
        }
    }
}

#[cfg(test)]
mod tests;
