//! What Envoy would refuse is never sent: a refused secret stays in Envoy's configuration dump,
//! and makes later updates of its listeners fail.
//!
//! The crate `x509` has let only whole pairs through: every block parses, the leaf comes first,
//! the key is the leaf's, and of a kind and size that Envoy takes. Here is the rest, found by
//! handing Envoy 1.40 everything that `x509` takes.

use model::Certificate;
use x509_parser::{der_parser::asn1_rs::oid, prelude::FromDer, prelude::X509Certificate};

use crate::key;

/// Names the cure; holds nothing of the key.
pub fn pair(certificate: &Certificate) -> Result<(), &'static str> {
    if wants_staple(certificate) && certificate.ocsp_staple.is_none() {
        return Err(
            "the certificate demands a stapled OCSP response (must-staple), which Envoy refuses \
             to serve without one: put the response under tls.ocsp-staple",
        );
    }
    if !key::is_readable(certificate) {
        return Err(
            "the private key is in a form that Envoy does not read: write it as plain PKCS#8 with \
             `openssl pkey -in tls.key`",
        );
    }
    Ok(())
}

/// RFC 7633: the extension `status_request`.
fn wants_staple(certificate: &Certificate) -> bool {
    let tls_feature = oid!(1.3.6.1.5.5.7.1.24);
    X509Certificate::from_der(&certificate.leaf).is_ok_and(|(_, leaf)| {
        leaf.extensions().iter().any(|extension| extension.oid == tls_feature)
    })
}

#[cfg(test)]
mod tests;
