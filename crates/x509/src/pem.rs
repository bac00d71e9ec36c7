//! PEM to DER (RFC 7468). Text around the sections is allowed, as `openssl x509 -text` writes it.

use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
    pem::{Error, PemObject},
};

use crate::{MAX_FIELD, PairProblem, problem::Field};

/// All certificates of a text, at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PairProblem> {
    check_size(pem, Field::Crt)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| PairProblem::crt(broken(&error)))?;
    if certificates.is_empty() {
        return Err(PairProblem::crt(match first_label(pem) {
            Some(label) => format!(
                "holds no certificate but a {label}: put the certificate chain in PEM here, leaf first"
            ),
            None => "is not PEM: it must begin with -----BEGIN CERTIFICATE-----".to_owned(),
        }));
    }
    Ok(certificates)
}

/// All revocation lists of a text, at least one.
pub(crate) fn crls(pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, PairProblem> {
    check_size(pem, Field::Crl)?;
    let crls: Vec<_> = CertificateRevocationListDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| PairProblem::crl(broken(&error)))?;
    if crls.is_empty() {
        return Err(PairProblem::crl(
            "is not PEM: it must begin with -----BEGIN X509 CRL-----; \
             `openssl crl -inform DER` writes it so",
        ));
    }
    Ok(crls)
}

/// The one private key of a text.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, PairProblem> {
    check_size(pem, Field::Key)?;
    if is_encrypted(pem) {
        return Err(PairProblem::key(
            "is encrypted: decrypt it with `openssl pkey -in encrypted.key -out plain.key`",
        ));
    }
    let mut keys = PrivateKeyDer::pem_slice_iter(pem);
    let key = match keys.next() {
        Some(key) => key.map_err(|error| PairProblem::key(broken(&error)))?,
        None => {
            return Err(PairProblem::key(match first_label(pem) {
                Some(label) => format!(
                    "holds a {label}: put the private key in PEM here, as PKCS#8, PKCS#1 or SEC1"
                ),
                None => "is not PEM: it must begin with -----BEGIN PRIVATE KEY-----".to_owned(),
            }));
        }
    };
    match keys.next() {
        None => Ok(key),
        Some(_) => Err(PairProblem::key("is followed by more: keep only the key of the leaf")),
    }
}

fn check_size(pem: &[u8], field: Field) -> Result<(), PairProblem> {
    let message = match pem.len() {
        len if len > MAX_FIELD => format!(
            "has {len} bytes, {MAX_FIELD} at most are read: keep only what the handshake needs"
        ),
        _ if pem.iter().all(u8::is_ascii_whitespace) => "is empty: put the PEM text here".into(),
        _ => return Ok(()),
    };
    Err(PairProblem { field, message })
}

/// PKCS#8 says so in its label, the older forms in a header (RFC 1421).
fn is_encrypted(pem: &[u8]) -> bool {
    lines(pem).any(|line| {
        line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
            || (line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"))
    })
}

/// What the first section calls itself; parameters that precede an EC key do not count.
fn first_label(pem: &[u8]) -> Option<String> {
    lines(pem)
        .filter_map(|line| line.strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----"))
        .find(|label| !label.ends_with(b" PARAMETERS"))
        .map(|label| {
            String::from_utf8_lossy(&label[..label.len().min(40)]).escape_debug().collect()
        })
}

fn lines(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    pem.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii)
}

/// The library's own words may quote the text, so they are not passed on.
fn broken(error: &Error) -> &'static str {
    match error {
        Error::MissingSectionEnd { .. } => "is cut short: a line -----END …----- is missing",
        Error::IllegalSectionStart { .. } => "has a broken -----BEGIN …----- line",
        Error::Base64Decode(_) => "is not base64 between its BEGIN and END lines",
        _ => "is not well-formed PEM",
    }
}
