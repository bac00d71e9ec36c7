//! A new account that is bound to a contract with the CA (RFC 8555 section 7.3.4), for a key that
//! is kept already. The library makes the key of such an account itself and hands it over when
//! the account is made: a kill in between would cost the contract, which many CAs bind once.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, StatusCode, header::LOCATION};
use instant_acme::{Error, Problem};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

use crate::{
    ExternalAccount,
    directory::{self, Directory},
    wire::Wire,
};

/// A nonce that is refused comes with another one.
const MOST_TRIES: usize = 3;

/// The new account's URL.
pub(crate) async fn create(
    wire: &Wire,
    server: &str,
    key: &PrivatePkcs8KeyDer<'_>,
    contact: Option<&str>,
    external: &ExternalAccount,
) -> Result<String, Error> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der())
        .map_err(|_| Error::KeyRejected)?;
    let Directory { new_nonce, new_account, .. } = directory::read(wire, server).await?;
    let payload = json!({
        "contact": Vec::from_iter(contact),
        "termsOfServiceAgreed": true,
        "externalAccountBinding": binding(external, &jwk(&key), &new_account)?,
    });
    let (head, _) = wire.send(Method::HEAD, &new_nonce, Vec::new()).await?;
    let mut nonce = nonce_of(&head.headers)?;
    for _ in 0..MOST_TRIES {
        let protected =
            json!({"alg": "ES256", "jwk": jwk(&key), "nonce": nonce, "url": &new_account});
        let body = signed(&protected, &payload, |message| {
            let signature = key.sign(&SystemRandom::new(), message);
            signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| Error::Crypto)
        })?;
        let (head, answer) = wire.send(Method::POST, &new_account, body.to_string().into()).await?;
        if head.status == StatusCode::BAD_REQUEST {
            // The wire lets no other refusal pass.
            nonce = nonce_of(&head.headers)?;
            tracing::debug!("the nonce was refused: {}", String::from_utf8_lossy(&answer));
            continue;
        }
        let url = head.headers.get(LOCATION).and_then(|url| url.to_str().ok());
        return url.map(str::to_owned).ok_or(Error::Str("the new account's URL"));
    }
    Err(Error::Api(Problem {
        r#type: Some("urn:ietf:params:acme:error:badNonce".into()),
        detail: Some("every nonce is refused".into()),
        status: None,
        subproblems: Vec::new(),
    }))
}

/// The CA's key signs ours.
fn binding(external: &ExternalAccount, jwk: &Value, new_account: &str) -> Result<Value, Error> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &external.key);
    let protected = json!({"alg": "HS256", "kid": external.key_id, "url": new_account});
    signed(&protected, jwk, |message| Ok(hmac::sign(&key, message).as_ref().to_vec()))
}

/// RFC 7515 section 7.2.2.
fn signed(
    protected: &Value,
    payload: &Value,
    sign: impl Fn(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Value, Error> {
    let (protected, payload) = (encode(protected.to_string()), encode(payload.to_string()));
    let signature = sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(json!({"protected": protected, "payload": payload, "signature": encode(signature)}))
}

/// RFC 7517: the public key, of which the point is two halves behind a byte that says so.
fn jwk(key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    let (x, y) = point[1..].split_at(point.len() / 2);
    json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn nonce_of(headers: &HeaderMap) -> Result<String, Error> {
    let nonce = headers.get("replay-nonce").and_then(|nonce| nonce.to_str().ok());
    nonce.map(str::to_owned).ok_or(Error::Str("a nonce"))
}
