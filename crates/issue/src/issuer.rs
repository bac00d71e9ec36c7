//! The two ends of an order: who makes the certificate, and who stores it.

use std::{fmt, pin::Pin};

use model::{Name, Want};

/// What the traits of this crate return, so that they can be used as objects.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// Makes certificates.
pub trait Issuer: Send + Sync {
    /// A certificate for all of `names` with a new key.
    fn issue<'a>(&'a self, names: &'a [Name]) -> Future<'a, Result<Issued, IssueError>>;
}

/// Keeps what was issued, as a Secret that the source of the World will see.
pub trait Store: Send + Sync {
    /// Writes or replaces the Secret that `want.id` names.
    fn put<'a>(&'a self, want: &'a Want, issued: &'a Issued) -> Future<'a, Result<(), StoreError>>;
}

/// A new certificate: leaf first, then the chain; and its private key (PKCS #8).
pub struct Issued {
    pub certificate_pem: String,
    pub key_pem: String,
}

/// Shows no key.
impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("certificate_pem", &self.certificate_pem)
            .finish_non_exhaustive()
    }
}

/// An issuer could not make the certificate. The order is tried again, later each time.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct IssueError(pub String);

/// The store could not keep the certificate. The order is tried again, later each time.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);
