//! Single entries of Secrets of the store namespace: what issuers keep beside certificates, open
//! challenges among it, which every replica's source takes up.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use issue::{Entries, Future, StoreError};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{FIELD_MANAGER, sealed::Sealed};
use crate::{
    call::{self, By, CallError, Subject, Verb},
    lease::{Leadership, Term},
};

/// Reads for anybody, writes for the leader.
pub struct SecretEntries {
    api: Api<Secret>,
    namespace: String,
    leadership: Leadership,
}

impl SecretEntries {
    pub fn new(client: Client, store_namespace: &str, leadership: Leadership) -> Self {
        let api = Api::namespaced(client, store_namespace);
        Self { api, namespace: store_namespace.to_owned(), leadership }
    }

    fn subject(&self, secret: &str) -> Subject {
        Subject::of::<Secret>(&self.namespace, secret)
    }

    async fn read(&self, secret: &str, key: &str) -> Result<Option<Zeroizing<String>>, CallError> {
        let found = call::read(Verb::Get, &self.subject(secret), self.api.get_opt(secret)).await?;
        let found = found.map(Sealed::from);
        Ok(found.and_then(|found| Some(Zeroizing::new(found.text(key)?.to_owned()))))
    }

    /// A patch of one entry, so that entries written meanwhile by others stay.
    async fn write(&self, secret: &str, key: &str, text: Option<&str>) -> Result<(), StoreError> {
        let Some(term) = self.leadership.current() else {
            return Err(StoreError(format!(
                "Secret {}/{secret} is not written: this replica is not the leader",
                self.namespace
            )));
        };
        let value = match text {
            Some(text) => Value::String(STANDARD.encode(text)),
            None => Value::Null,
        };
        let patch = json!({ "data": { key: value } });
        match self.patch(&term, secret, &patch).await {
            Err(error) if error.is_not_found() && text.is_none() => Ok(()),
            Err(error) if error.is_not_found() => {
                self.create(&term, secret, key, text.unwrap_or_default()).await
            }
            patched => patched,
        }
        .map_err(told)
    }

    async fn patch(&self, term: &Term, secret: &str, patch: &Value) -> Result<(), CallError> {
        let params =
            PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..Default::default() };
        let patch = Patch::Merge(patch);
        // The answer holds no content this way.
        let patched = self.api.patch_metadata(secret, &params, &patch);
        let subject = self.subject(secret);
        call::write(By::Leader(term), Verb::Patch, &subject, patched).await.map(drop)
    }

    async fn create(
        &self,
        term: &Term,
        secret: &str,
        key: &str,
        text: &str,
    ) -> Result<(), CallError> {
        let metadata = super::own_metadata(&self.namespace, secret);
        let sealed = Sealed::new(metadata, "Opaque", [(key, text.as_bytes().to_vec())]);
        let params = super::post();
        let created = self.api.create(&params, sealed.secret());
        let answer =
            call::write(By::Leader(term), Verb::Create, &self.subject(secret), created).await;
        answer.map(|secret| drop(Sealed::from(secret)))
    }
}

fn told(error: CallError) -> StoreError {
    StoreError(error.to_string())
}

impl Entries for SecretEntries {
    fn load<'a>(
        &'a self,
        secret: &'a str,
        key: &'a str,
    ) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>> {
        Box::pin(async move { self.read(secret, key).await.map_err(told) })
    }

    fn save<'a>(
        &'a self,
        secret: &'a str,
        key: &'a str,
        text: &'a str,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(self.write(secret, key, Some(text)))
    }

    fn remove<'a>(&'a self, secret: &'a str, key: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(self.write(secret, key, None))
    }
}

#[cfg(test)]
mod tests;
