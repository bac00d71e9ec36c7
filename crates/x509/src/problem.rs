//! Why a pair, or what goes with one, cannot be served: which part is at fault, and what to do.

use std::fmt;

/// The message continues the field's name: `the private key` + `is encrypted: …`. It never
/// holds a byte of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {message}")]
pub struct PairProblem {
    pub field: Field,
    pub message: String,
}

/// The part that is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `tls.crt`
    Crt,
    /// `tls.key`
    Key,
    /// `ca.crl`
    Crl,
    /// `tls.ocsp-staple`
    Staple,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crt => "the certificate",
            Self::Key => "the private key",
            Self::Crl => "the revocation list",
            Self::Staple => "the OCSP response",
        })
    }
}

impl PairProblem {
    pub(crate) fn crt(message: impl Into<String>) -> Self {
        Self { field: Field::Crt, message: message.into() }
    }

    pub(crate) fn crl(message: impl Into<String>) -> Self {
        Self { field: Field::Crl, message: message.into() }
    }

    pub(crate) fn staple(message: impl Into<String>) -> Self {
        Self { field: Field::Staple, message: message.into() }
    }

    pub(crate) fn key(message: impl Into<String>) -> Self {
        Self { field: Field::Key, message: message.into() }
    }
}
