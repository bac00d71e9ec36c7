//! Certificates and keys back into PEM (RFC 7468): for the state folder and for showing chains.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::Certificate;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use zeroize::Zeroizing;

/// Leaf first, then its issuers.
pub fn chain_pem(certificate: &Certificate) -> String {
    certificates_pem(certificate.chain())
}

pub fn certificates_pem<'a>(
    certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>,
) -> String {
    certificates.into_iter().map(|der| block("CERTIFICATE", der)).collect()
}

pub fn crls_pem(crls: &[CertificateRevocationListDer<'static>]) -> String {
    crls.iter().map(|der| block("X509 CRL", der)).collect()
}

/// The private key, wiped when dropped. Only for a file that this process alone may read.
pub fn key_pem(certificate: &Certificate) -> Zeroizing<String> {
    private_key_pem(certificate.key.expose())
}

/// As [`key_pem`], for a key alone; the form (PKCS#8, PKCS#1, SEC 1) stays as it is.
pub fn private_key_pem(key: &PrivateKeyDer<'_>) -> Zeroizing<String> {
    let label = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        // The only other form there is today; the type is open for more.
        _ => "PRIVATE KEY",
    };
    Zeroizing::new(block(label, key.secret_der()))
}

/// A private key that is PKCS#8 already, wiped when dropped.
pub fn pkcs8_pem(der: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(block("PRIVATE KEY", der))
}

fn block(label: &str, der: &[u8]) -> String {
    const LINE: usize = 64;
    let text = Zeroizing::new(STANDARD.encode(der));
    // Room for everything at once: a string that grows leaves copies of a key behind.
    let mut pem = String::with_capacity(text.len() + text.len() / LINE + 2 * label.len() + 40);
    pem.push_str("-----BEGIN ");
    pem.push_str(label);
    pem.push_str("-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}
