//! Issued and uploaded certificates, as the Kubernetes Secrets that they would be in a cluster.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{StateError, StateFolder, private_folder, write};

/// A Secret to be written.
pub struct NewSecret<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub labels: BTreeMap<&'a str, &'a str>,
    pub annotations: BTreeMap<&'a str, &'a str>,
    pub certificate_pem: &'a str,
    pub key_pem: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    r#type: &'static str,
    data: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    namespace: &'a str,
    labels: &'a BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<&'a str, &'a str>>,
}

impl StateFolder {
    /// Writes or replaces a Secret, in one step.
    pub fn put_secret(&self, secret: &NewSecret<'_>) -> Result<(), StateError> {
        let path = self.secret_path(secret.namespace, secret.name)?;
        if let Some(folder) = path.parent() {
            private_folder(folder)
                .map_err(|source| StateError::Write { path: folder.to_owned(), source })?;
        }
        write(&path, secret.to_yaml().as_bytes(), 0o600)
    }

    /// Removes a Secret; false if there was none.
    pub fn delete_secret(&self, namespace: &str, name: &str) -> Result<bool, StateError> {
        let path = self.secret_path(namespace, name)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(StateError::Write { path, source }),
        }
    }

    /// Names become path elements, so nothing but what Kubernetes allows in a name gets through.
    pub(super) fn secret_path(&self, namespace: &str, name: &str) -> Result<PathBuf, StateError> {
        for part in [namespace, name] {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
            if part.is_empty()
                || part.len() > 240
                || part.starts_with('.')
                || !part.bytes().all(fits)
            {
                return Err(StateError::BadName(part.to_owned()));
            }
        }
        Ok(self.view.secrets().join(namespace).join(format!("{name}.yaml")))
    }
}

impl NewSecret<'_> {
    pub(super) fn to_yaml(&self) -> Zeroizing<String> {
        let certificate = STANDARD.encode(self.certificate_pem);
        let key = Zeroizing::new(STANDARD.encode(self.key_pem));
        let data = BTreeMap::from([("tls.crt", certificate.as_str()), ("tls.key", key.as_str())]);
        let Self { namespace, name, labels, annotations, .. } = self;
        let mut manifest = Manifest::new(namespace, name, labels, "kubernetes.io/tls", data);
        manifest.metadata.annotations = Some(annotations).filter(|written| !written.is_empty());
        to_yaml(&manifest)
    }
}

impl<'a> Manifest<'a> {
    /// `data` is in base64.
    pub(super) fn new(
        namespace: &'a str,
        name: &'a str,
        labels: &'a BTreeMap<&'a str, &'a str>,
        r#type: &'static str,
        data: BTreeMap<&'a str, &'a str>,
    ) -> Self {
        let metadata = Metadata { name, namespace, labels, annotations: None };
        Self { api_version: "v1", kind: "Secret", metadata, r#type, data }
    }
}

pub(super) fn to_yaml(manifest: &Manifest<'_>) -> Zeroizing<String> {
    // Plain texts in maps: there is nothing that the serialiser could refuse.
    Zeroizing::new(serde_saphyr::to_string(manifest).expect("a Secret is plain YAML"))
}
