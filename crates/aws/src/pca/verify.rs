//! What the CA gave is checked as a client would, before anybody gets it.

use std::sync::Arc;

use issue::IssueError;
use jiff::Timestamp;
use model::Name;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
};
use rustls_pki_types::{ServerName, UnixTime};

/// The pair belongs together, is signed by the last certificate of its chain, is for servers, and
/// good for every name now.
pub(super) fn check(
    certificate_pem: &str,
    key_pem: &str,
    names: &[Name],
    now: Timestamp,
) -> Result<(), IssueError> {
    let pair = x509::read_pair(certificate_pem.as_bytes(), key_pem.as_bytes())
        .map_err(|problem| unusable(&problem))?;
    let root = pair.issuers.last().ok_or_else(|| unusable(&"it came without a chain"))?;
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).map_err(|error| unusable(&error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(&error))?;
    let since_1970 = std::time::Duration::from_secs(now.as_second().try_into().unwrap_or_default());
    for name in names {
        // A client never asks for a wildcard, but for a name below it.
        let host = name.as_str().replacen('*', "any", 1);
        let server = ServerName::try_from(host).map_err(|error| unusable(&error))?;
        verifier
            .verify_server_cert(
                &pair.leaf,
                &pair.issuers,
                &server,
                &[],
                UnixTime::since_unix_epoch(since_1970),
            )
            .map_err(|error| unusable(&error))?;
    }
    Ok(())
}

fn unusable(why: &dyn std::fmt::Display) -> IssueError {
    IssueError::dead(format!("what the private CA signed cannot be served: {why}"))
}
