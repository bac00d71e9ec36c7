//! Opens what ACM exported: the key comes encrypted with a passphrase that was made for this one
//! call.

use aws_lc_rs::rand;
use issue::{IssueError, Issued};
use model::Name;
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument, der::pem::PemLabel};
use zeroize::Zeroizing;

pub(super) struct Exported {
    pub(super) certificate_pem: String,
    pub(super) chain_pem: String,
    pub(super) encrypted_key_pem: Zeroizing<String>,
    pub(super) passphrase: Zeroizing<String>,
}

/// 64 random characters; ACM takes 4 to 128, but no `#`, `$` or `%`.
pub(super) fn passphrase() -> Result<Zeroizing<String>, IssueError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    rand::fill(&mut *bytes).map_err(|_| IssueError::passing("there are no random numbers"))?;
    let mut text = Zeroizing::new(String::with_capacity(64));
    for byte in bytes.iter() {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(half.into(), 16));
        }
    }
    Ok(text)
}

/// Checks that it is a pair for these names before anybody gets it.
pub(super) fn open(exported: Exported, arn: &str, names: &[Name]) -> Result<Issued, IssueError> {
    let key = decrypt(&exported.encrypted_key_pem, &exported.passphrase)?;
    let key_pem = x509::pkcs8_pem(key.as_bytes());
    let mut certificate_pem = exported.certificate_pem;
    if !certificate_pem.ends_with('\n') {
        certificate_pem.push('\n');
    }
    certificate_pem.push_str(&exported.chain_pem);
    let pair = x509::read_pair(certificate_pem.as_bytes(), key_pem.as_bytes())
        .map_err(|problem| unusable(&problem.to_string()))?;
    if let Some(missing) = names.iter().find(|&name| !pair.names.contains(name)) {
        return Err(unusable(&format!("it is not for {missing}")));
    }
    Ok(Issued { certificate_pem, key_pem: key_pem.to_string(), issued_as: Some(arn.to_owned()) })
}

pub(super) fn decrypt(pem: &str, passphrase: &str) -> Result<SecretDocument, IssueError> {
    let (label, encrypted) =
        SecretDocument::from_pem(pem).map_err(|error| unusable(&error.to_string()))?;
    EncryptedPrivateKeyInfoRef::validate_pem_label(label)
        .map_err(|error| unusable(&error.to_string()))?;
    EncryptedPrivateKeyInfoRef::try_from(encrypted.as_bytes())
        .and_then(|encrypted| encrypted.decrypt(passphrase))
        .map_err(|error| unusable(&error.to_string()))
}

fn unusable(why: &str) -> IssueError {
    IssueError::passing(format!("what ACM exported cannot be used: {why}"))
}
