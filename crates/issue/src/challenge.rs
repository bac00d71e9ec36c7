//! Challenges of ACME that the gateway answers itself, on every replica.

use model::Name;
use zeroize::Zeroizing;

use crate::{Future, StoreError};

/// Opens and closes challenges: kept where every replica sees them, and served by its listeners.
pub trait Challenges: Send + Sync {
    /// Returns once it is kept. Opening the same one again changes nothing.
    fn open<'a>(&'a self, challenge: &'a Challenge) -> Future<'a, Result<(), StoreError>>;

    /// Closes what is open for these names, if anything.
    fn close<'a>(&'a self, names: &'a [Name]) -> Future<'a, Result<(), StoreError>>;
}

/// One thing that an ACME server looks at to believe that a name is ours.
pub enum Challenge {
    /// RFC 8555 section 8.3: `GET http://HOST/.well-known/acme-challenge/TOKEN`.
    Http01 { host: Name, token: String, key_authorization: String },
    /// RFC 8737: a handshake with the ALPN `acme-tls/1` is answered with this certificate.
    TlsAlpn01 { host: Name, certificate_pem: String, key_pem: Zeroizing<String> },
}
