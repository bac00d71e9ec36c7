//! Revocation lists (RFC 5280, section 5). Read by the same parser that checks clients with them
//! later, so that a list which is let through can be used.

use rustls_pki_types::CertificateRevocationListDer;
use webpki::{BorrowedCertRevocationList, Error};

use crate::{PairProblem, pem};

/// What is revoked of some authority: one or more lists in PEM, in any order. Neither dates nor
/// signatures are checked.
pub fn read_crls(pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, PairProblem> {
    let crls = pem::crls(pem)?;
    for (index, crl) in crls.iter().enumerate() {
        BorrowedCertRevocationList::from_der(crl).map_err(|error| refused(&error, index + 1))?;
    }
    Ok(crls)
}

/// `position` is counted from 1.
fn refused(error: &Error, position: usize) -> PairProblem {
    PairProblem::crl(match error {
        Error::UnsupportedDeltaCrl => {
            format!("at position {position} is a delta: put the complete list here")
        }
        Error::UnsupportedIndirectCrl => format!(
            "at position {position} revokes what others issued: put a list of the authority's own \
             here"
        ),
        Error::UnsupportedCrlVersion => {
            format!("at position {position} is not of version 2: have it issued anew")
        }
        Error::UnsupportedCriticalExtension => format!(
            "at position {position} has a critical extension that is not understood: have it \
             issued without"
        ),
        _ => format!(
            "at position {position} is not well formed: have it issued anew, with a number and a \
             next update"
        ),
    })
}
