//! Is what the issuer made what was ordered? What is not is refused, and never served.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Fingerprint, KeyAlgorithm, KeyKind, Name};

use crate::{IssueError, Issued, policy::same_names};

/// A certificate as the issuer handed it over, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub issued: Arc<Issued>,
    pub fingerprint: Fingerprint,
    pub names: Vec<Name>,
    pub key: KeyAlgorithm,
    pub not_after: Timestamp,
}

impl Delivery {
    /// Reads it as it will be read when it is served.
    pub fn read(issued: Issued) -> Result<Self, IssueError> {
        let read = x509::read_pair(issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes());
        let certificate = read.map_err(|problem| {
            IssueError::dead(format!("the issuer's answer cannot be served: {problem}"))
        })?;
        Ok(Self {
            issued: Arc::new(issued),
            fingerprint: certificate.fingerprint,
            names: certificate.names.clone(),
            key: certificate.key_algorithm,
            not_after: certificate.not_after,
        })
    }

    /// One that is not valid yet passes: clocks differ, and it will be.
    pub(crate) fn check(
        &self,
        names: &[Name],
        key: KeyKind,
        now: Timestamp,
    ) -> Result<(), IssueError> {
        if !same_names(&self.names, names) {
            let list =
                |names: &[Name]| names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
            return Err(IssueError::dead(format!(
                "the issuer's certificate is for {}, and {} was ordered: it is not served",
                list(&self.names),
                list(names)
            )));
        }
        if !key.is_met_by(self.key) {
            return Err(IssueError::dead(format!(
                "the issuer's certificate has an {} key, and {key} was ordered: it is not served",
                self.key
            )));
        }
        if self.not_after <= now {
            return Err(IssueError::dead(format!(
                "the issuer's certificate ended on {}: it is not served; is this machine's clock right?",
                self.not_after
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
