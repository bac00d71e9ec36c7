//! The certificate's chain, and which one where the CA offers several (RFC 8555 section 7.4.2).

use instant_acme::{Account, Error};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::wire::Chain;

/// More than any CA offers.
const MOST_ALTERNATES: usize = 8;

/// The chain in PEM whose last issuer is called `preferred`, or the CA's first where none is.
pub(crate) async fn chain(
    account: &Account,
    url: String,
    preferred: Option<&str>,
) -> Result<String, Error> {
    let first = fetch(account, url).await?;
    let Some(preferred) = preferred.filter(|root| !leads_to(&first.pem, root)) else {
        return Ok(first.pem);
    };
    for url in first.alternates.into_iter().take(MOST_ALTERNATES) {
        let other = fetch(account, url).await?;
        if leads_to(&other.pem, preferred) {
            return Ok(other.pem);
        }
    }
    tracing::warn!(
        "the CA offers no chain to {preferred:?}, its first one is taken: correct \
         spec.acme.preferredChain or leave it out"
    );
    Ok(first.pem)
}

/// The library fetches no alternates. It does fetch orders from whatever URL it is given, signed
/// as it has to be, and hands on the chain that the wire then finds in place of an order.
async fn fetch(account: &Account, url: String) -> Result<Chain, Error> {
    match account.order(url).await {
        Ok(_) => Err(Error::Str("a certificate where the order says it is")),
        Err(Error::Other(other)) => match other.downcast::<Chain>() {
            Ok(chain) => Ok(*chain),
            Err(other) => Err(Error::Other(other)),
        },
        Err(error) => Err(error),
    }
}

fn leads_to(pem: &str, root: &str) -> bool {
    let last = CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).last();
    last.is_some_and(|last| {
        X509Certificate::from_der(&last).is_ok_and(|(_, certificate)| {
            let names = certificate.issuer().iter_common_name();
            names.filter_map(|name| name.as_str().ok()).any(|name| name == root)
        })
    })
}
