//! What a CA sends is looked at before it is believed: our key, our names, a whole chain.

use std::collections::BTreeSet;

use issue::IssueError;
use jiff::Timestamp;
use model::{Certificate, Name};

/// The certificate, if it is the one that was ordered. A CA that sends something else is not asked
/// again until somebody has looked: every further order would count and end the same way.
pub(crate) fn check(
    chain_pem: &str,
    key_pem: &str,
    names: &[Name],
    now: Timestamp,
) -> Result<Certificate, IssueError> {
    let wrong = |what: String| {
        IssueError::refused(format!(
            "the CA sent a certificate that is not the one ordered, and it is not stored: {what}; \
             have the CA at spec.acme.server looked at"
        ))
    };
    let certificate = x509::read_pair(chain_pem.as_bytes(), key_pem.as_bytes())
        .map_err(|problem| wrong(problem.to_string()))?;
    let got: BTreeSet<&Name> = certificate.names.iter().collect();
    let asked: BTreeSet<&Name> = names.iter().collect();
    if got != asked {
        let list = |names: &BTreeSet<&Name>| {
            names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        return Err(wrong(format!("it is for {}, asked was {}", list(&got), list(&asked))));
    }
    if certificate.is_expired(now) {
        return Err(IssueError::refused(format!(
            "the CA sent a certificate that ended at {}, and this machine's clock says {now}: set \
             the clock",
            certificate.not_after
        )));
    }
    Ok(certificate)
}

#[cfg(test)]
mod tests;
