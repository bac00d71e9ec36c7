//! Challenges of ACME that the gateway answers itself, on every replica.

use model::Name;
use zeroize::Zeroizing;

use crate::{Future, IssueError, StoreError};

/// Opens and closes challenges: kept where every replica sees them, and served by its listeners.
pub trait Challenges: Send + Sync {
    /// Returns once it is kept. Opening the same one again changes nothing.
    fn open<'a>(&'a self, challenge: &'a Challenge) -> Future<'a, Result<(), StoreError>>;

    /// Whether the gateway answers it already, as far as this process can see; `false` asks to be
    /// asked again. An error says what the gateway lacks to answer at all.
    fn is_answered<'a>(&'a self, challenge: &'a Challenge) -> Future<'a, Result<bool, IssueError>> {
        let _ = challenge;
        Box::pin(async { Ok(true) })
    }

    /// Why the gateway could answer no challenge of this host, as far as that is known before there
    /// is one.
    fn can_answer(&self, host: &Name, over: Proof) -> Result<(), IssueError> {
        let _ = (host, over);
        Ok(())
    }

    /// Closes one challenge; one that is not open is no error. Others of the host stay open: they
    /// belong to other orders.
    fn close<'a>(&'a self, host: &'a Name, token: &'a str) -> Future<'a, Result<(), StoreError>>;
}

/// How a CA asks the gateway for the proof of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// On port 80 (RFC 8555 section 8.3).
    Http01,
    /// On port 443 (RFC 8737 section 3).
    TlsAlpn01,
}

/// One thing that an ACME server looks at to believe that a name is ours.
pub enum Challenge {
    /// RFC 8555 section 8.3: `GET http://HOST/.well-known/acme-challenge/TOKEN`.
    Http01 { host: Name, token: String, key_authorization: String },
    /// RFC 8737: a handshake with the ALPN `acme-tls/1` is answered with this certificate.
    TlsAlpn01 { host: Name, token: String, certificate_pem: String, key_pem: Zeroizing<String> },
}
