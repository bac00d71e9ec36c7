//! ExportCertificate: the key leaves encrypted, as PKCS #8 with PBES2.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pkcs8::{LineEnding, PrivateKeyInfoRef, pkcs5::pbes2};
use serde_json::{Value, json};

use super::{Status, known};
use crate::world::{Answer, Refusal, World};

/// Few, as tests export often.
const ITERATIONS: u32 = 10;

pub(super) fn export(world: &mut World, input: &Value) -> Answer<Value> {
    let passphrase = STANDARD
        .decode(input["Passphrase"].as_str().unwrap_or_default())
        .map_err(|_| Refusal::new("ValidationException", "The passphrase is not base64"))?;
    if !(4..=128).contains(&passphrase.len()) || passphrase.iter().any(|b| b"#$%".contains(b)) {
        return Err(Refusal::new("ValidationException", "The passphrase does not fit"));
    }
    let certificate = known(world, input)?;
    if !certificate.is_exportable {
        return Err(Refusal::new("ValidationException", "The certificate is not exportable"));
    }
    let (Status::Issued, Some(made)) = (certificate.status, &certificate.issued) else {
        return Err(Refusal::new("RequestInProgressException", "It is not issued yet"));
    };
    certificate.was_exported = true;
    let authority = certificate.authority.clone();
    let key = encrypt(&certificate.key.serialize_der(), &passphrase);
    let pem = made.pem.clone();
    let chain = match authority.and_then(|arn| world.private_cas.get(&arn)) {
        Some(ca) => &ca.authority.pem,
        None => &world.authority.pem,
    };
    Ok(json!({"Certificate": pem, "CertificateChain": chain, "PrivateKey": key}))
}

fn encrypt(key: &[u8], passphrase: &[u8]) -> String {
    let parameters =
        pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &[7; 16], [9; 16])
            .expect("these parameters fit");
    let encrypted = PrivateKeyInfoRef::try_from(key)
        .and_then(|key| key.encrypt_with_params(parameters, passphrase))
        .expect("a key of rcgen's is PKCS #8");
    let pem = encrypted.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF);
    pem.expect("DER has a PEM form").to_string()
}
