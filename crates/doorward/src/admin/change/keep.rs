//! Where changes are kept: the state folder on one machine, the API server on Kubernetes.

use ::watch::state::NewSecret;
use http::StatusCode;
use issue::Future;
use model::{CertificateId, ListenerKey};
use translate::world::{Object, Secret};

use crate::admin::answer::ApiError;

/// Takes changes, from where they come back through the World.
pub trait Keep: Send + Sync {
    /// Writes or replaces a Secret of the certificate store.
    fn put_secret<'a>(&'a self, secret: &'a NewSecret<'a>) -> Future<'a, Result<(), KeepError>>;

    /// False if there was none.
    fn delete_secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> Future<'a, Result<bool, KeepError>>;

    /// Keeps what an operator changed by hand.
    fn edit(&self, edit: Edit) -> Future<'_, Result<(), KeepError>>;

    /// Says where somebody else wrote this Secret, if that can be told from here.
    fn written_elsewhere(&self, secret: &Object<Secret>) -> Option<String>;
}

/// A change of the console. `generation` is that of the World the operator saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    ReadOnly { load_balancer: String, enabled: bool },
    Default { listener: ListenerKey, id: CertificateId, generation: u64 },
    Add { listener: ListenerKey, id: CertificateId, generation: u64 },
    Remove { listener: ListenerKey, id: CertificateId, generation: u64 },
}

/// A change that is not kept, and so is not made.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// It belongs to somebody else, who would put it back.
    #[error("{0}")]
    WrittenElsewhere(String),
    /// The disk does not take it.
    #[error("{0}")]
    NotWritten(String),
    /// The API server does not take it.
    #[error("{0}")]
    Refused(String),
}

impl From<KeepError> for ApiError {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::WrittenElsewhere(what) => Self::conflict("WrittenInManifests", what),
            KeepError::NotWritten(why) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "NotWritten", why)
            }
            KeepError::Refused(why) => Self::new(StatusCode::BAD_GATEWAY, "ApiServer", why),
        }
    }
}
