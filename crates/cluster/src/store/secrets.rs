//! Issued and uploaded certificates, as Secrets that the source takes up again.

use std::collections::BTreeMap;

use ::watch::{
    read::{ISSUED_AS, ISSUED_BY},
    state::NewSecret,
};
use issue::{Future, Issued, Store, StoreError};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams},
};
use model::CertificateId;

use super::{FIELD_MANAGER, sealed::Sealed};
use crate::{
    call::{self, By, CallError, Subject, Verb},
    lease::Leadership,
};

const TLS: &str = "kubernetes.io/tls";

/// Writes and deletes Secrets with certificates. Cheap to clone.
#[derive(Clone)]
pub struct Secrets(Client);

impl Secrets {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Writes or replaces a Secret, in one step. What an operator uploads replaces whatever is
    /// there; the leader takes over no field that somebody else has written.
    pub async fn put(&self, by: By<'_>, secret: &NewSecret<'_>) -> Result<(), CallError> {
        let NewSecret { namespace, name, .. } = *secret;
        let mut metadata = super::own_metadata(namespace, name);
        metadata.labels.get_or_insert_default().extend(owned(&secret.labels));
        metadata.annotations.get_or_insert_default().extend(owned(&secret.annotations));
        let data = [
            ("tls.crt", secret.certificate_pem.as_bytes().to_vec()),
            ("tls.key", secret.key_pem.as_bytes().to_vec()),
        ];
        let sealed = Sealed::new(metadata, TLS, data);
        let apply = PatchParams::apply(FIELD_MANAGER);
        let params = match by {
            By::Leader(_) => apply,
            By::Operator => apply.force(),
        };
        let (api, subject) = self.of(namespace, name);
        let patch = Patch::Apply(&sealed);
        // The answer holds no content this way.
        let applied = api.patch_metadata(name, &params, &patch);
        call::write(by, Verb::Patch, &subject, applied).await.map(drop)
    }

    /// Removes a Secret; false if there was none.
    pub async fn delete(&self, by: By<'_>, namespace: &str, name: &str) -> Result<bool, CallError> {
        let (api, subject) = self.of(namespace, name);
        let params = DeleteParams::default();
        match call::write(by, Verb::Delete, &subject, api.delete(name, &params)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn of(&self, namespace: &str, name: &str) -> (Api<Secret>, Subject) {
        let api = Api::namespaced(self.0.clone(), namespace);
        (api, Subject::of::<Secret>(namespace, name))
    }
}

fn owned(texts: &BTreeMap<&str, &str>) -> impl Iterator<Item = (String, String)> {
    texts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
}

/// Where issued certificates go. Only the leader's are kept, so each is issued once.
pub struct IssuedSecrets {
    secrets: Secrets,
    leadership: Leadership,
}

impl IssuedSecrets {
    pub fn new(secrets: Secrets, leadership: Leadership) -> Self {
        Self { secrets, leadership }
    }
}

impl Store for IssuedSecrets {
    fn put<'a>(
        &'a self,
        id: &'a CertificateId,
        issuer: &'a str,
        issued: &'a Issued,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let Some((namespace, name)) = id.as_secret() else {
                return Err(StoreError(format!("{id} is no Secret's id, NAMESPACE/NAME")));
            };
            let Some(term) = self.leadership.current() else {
                return Err(StoreError(format!(
                    "Secret {id} is not written: this replica is not the leader"
                )));
            };
            let secret = NewSecret {
                namespace,
                name,
                labels: [(ISSUED_BY, issuer)].into(),
                annotations: issued.issued_as.iter().map(|name| (ISSUED_AS, &**name)).collect(),
                certificate_pem: &issued.certificate_pem,
                key_pem: &issued.key_pem,
            };
            let put = self.secrets.put(By::Leader(&term), &secret).await;
            put.map_err(|error| StoreError(error.to_string()))
        })
    }
}

#[cfg(test)]
mod tests;
