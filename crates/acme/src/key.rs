//! The certificate's key, its signing request, and the certificate that proves a name over TLS.

use issue::{IssueError, KeyKind};
use model::Name;
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_RSA_SHA256, RsaKeySize, SanType,
};
use zeroize::Zeroizing;

/// A new private key in PEM (PKCS #8).
pub(crate) fn make(kind: KeyKind) -> Result<Zeroizing<String>, IssueError> {
    let key = match kind {
        KeyKind::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
    };
    Ok(Zeroizing::new(key.map_err(failed)?.serialize_pem()))
}

/// The signing request in DER: these names, and no common name, which CAs have given up.
pub(crate) fn request(key_pem: &str, names: &[Name]) -> Result<Vec<u8>, IssueError> {
    let key = KeyPair::from_pem(key_pem).map_err(failed)?;
    let request = params(names).map_err(failed)?.serialize_request(&key).map_err(failed)?;
    Ok(request.der().to_vec())
}

/// RFC 8737 section 3: a self-signed certificate for the host, with the digest of the key
/// authorisation in it. Certificate and key in PEM.
pub(crate) fn alpn_pair(
    host: &Name,
    digest: &[u8],
) -> Result<(String, Zeroizing<String>), IssueError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut params = params(std::slice::from_ref(host)).map_err(failed)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

fn params(names: &[Name]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = names
        .iter()
        .map(|name| Ok(SanType::DnsName(name.as_str().try_into()?)))
        .collect::<Result<_, rcgen::Error>>()?;
    Ok(params)
}

/// Never with the library's own words, which might quote the key.
fn failed(_: rcgen::Error) -> IssueError {
    IssueError::dead("a key or signing request could not be made: it is ordered anew")
}
