//! The own CA's root, shared by all replicas: whoever leads signs with the same one.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use zeroize::Zeroizing;

use super::sealed::Sealed;
use crate::{
    call::{self, By, CallError, Subject, Verb},
    lease::Term,
};

pub(super) const NAME: &str = "doorward-local-ca";
/// Not `kubernetes.io/tls`: it is nobody's certificate to serve.
const TYPE: &str = "doorward.dev/local-ca";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// A root's certificate and key in PEM.
pub struct RootPair {
    pub certificate_pem: String,
    pub key_pem: Zeroizing<String>,
}

/// The Secret of the own CA.
pub struct RootSecret {
    api: Api<Secret>,
    subject: Subject,
}

/// The own CA's root can be neither read nor stored.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(
        "Secret {0}: data[{1:?}] is missing or no text; restore it, or delete the Secret to have a new root made, which clients must then trust"
    )]
    Broken(String, &'static str),
}

impl RootSecret {
    pub fn new(client: Client, store_namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, store_namespace),
            subject: Subject::of::<Secret>(store_namespace, NAME),
        }
    }

    /// The root, if one was made.
    pub async fn load(&self) -> Result<Option<RootPair>, RootError> {
        let found = call::read(Verb::Get, &self.subject, self.api.get_opt(NAME)).await?;
        found.map(|secret| self.pair(&Sealed::from(secret))).transpose()
    }

    /// The root, made by `make` if there is none. Two replicas never end with two: the API
    /// server takes one, and the other replica reads that.
    pub async fn load_or_make<E: From<RootError>>(
        &self,
        term: &Term,
        make: impl FnOnce() -> Result<RootPair, E>,
    ) -> Result<RootPair, E> {
        if let Some(pair) = self.load().await? {
            return Ok(pair);
        }
        let made = make()?;
        match self.create(term, &made).await {
            Ok(()) => Ok(made),
            Err(error) if error.is_already_exists() => {
                let other = self.load().await?;
                Ok(other.ok_or(RootError::Call(error))?)
            }
            Err(error) => Err(RootError::from(error).into()),
        }
    }

    async fn create(&self, term: &Term, pair: &RootPair) -> Result<(), CallError> {
        let data = [
            (CERTIFICATE, pair.certificate_pem.as_bytes().to_vec()),
            (KEY, pair.key_pem.as_bytes().to_vec()),
        ];
        let metadata = super::own_metadata(self.subject.namespace(), NAME);
        let sealed = Sealed::new(metadata, TYPE, data);
        let params = super::post();
        let created = self.api.create(&params, sealed.secret());
        let answer = call::write(By::Leader(term), Verb::Create, &self.subject, created).await;
        answer.map(|secret| drop(Sealed::from(secret)))
    }

    fn pair(&self, secret: &Sealed) -> Result<RootPair, RootError> {
        let text = |key| {
            let text = secret.text(key).filter(|text| !text.is_empty());
            text.ok_or_else(|| {
                RootError::Broken(format!("{}/{NAME}", self.subject.namespace()), key)
            })
        };
        Ok(RootPair {
            certificate_pem: text(CERTIFICATE)?.to_owned(),
            key_pem: Zeroizing::new(text(KEY)?.to_owned()),
        })
    }
}

/// Shows no key.
impl std::fmt::Debug for RootPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RootPair")
            .field("certificate_pem", &self.certificate_pem)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
