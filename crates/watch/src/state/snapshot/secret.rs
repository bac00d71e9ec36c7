//! A Secret as it is written, and back. Its certificate is validated again, as if it had come
//! from the API server.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::CertificateId;
use serde::{Deserialize, Serialize};
use translate::world::{Object, Secret, SecretProblem};
use zeroize::Zeroizing;

use super::saved::{Identity, SavedObject};
use crate::read::{CRT_FIELD, KEY_FIELD, validated};

/// Borrows its texts from the line when it is read, so that the key is in no memory but there.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedSecret<'a> {
    identity: Identity,
    store_id: Option<String>,
    issued_by: Option<String>,
    #[serde(borrow)]
    pair: SavedPair<'a>,
    /// DER, in base64.
    roots: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum SavedPair<'a> {
    /// PEM, in base64 as in a Kubernetes Secret: texts without escapes can be borrowed.
    Good {
        crt: &'a str,
        key: &'a str,
    },
    Bad {
        field: String,
        message: String,
    },
}

impl SavedSecret<'_> {
    /// Writes down `secret` for as long as `write` takes.
    pub fn with(
        secret: &Object<Secret>,
        write: impl FnOnce(&SavedSecret<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Object { body, .. } = secret;
        let (crt, key);
        let pair = match &body.pair {
            Ok(certificate) => {
                crt = STANDARD.encode(x509::chain_pem(certificate));
                key = Zeroizing::new(STANDARD.encode(x509::key_pem(certificate).as_bytes()));
                SavedPair::Good { crt: &crt, key: &key }
            }
            Err(SecretProblem { field, message }) => {
                SavedPair::Bad { field: (*field).to_owned(), message: message.clone() }
            }
        };
        write(&SavedSecret {
            identity: Identity::of(secret),
            store_id: body.store_id.as_ref().map(ToString::to_string),
            issued_by: body.issued_by.as_deref().map(str::to_owned),
            pair,
            roots: body.roots.iter().map(|root| STANDARD.encode(root)).collect(),
        })
    }

    /// `None` where a text is no base64. A certificate that does not validate any more is a
    /// problem of this Secret alone.
    pub fn read(self, pairs: &x509::Reader) -> Option<SavedObject<Secret>> {
        let pair = match self.pair {
            SavedPair::Good { crt, key } => {
                let key = Zeroizing::new(STANDARD.decode(key).ok()?);
                validated(pairs, &STANDARD.decode(crt).ok()?, &key).map(Into::into)
            }
            SavedPair::Bad { field, message } => {
                let field = if field == KEY_FIELD { KEY_FIELD } else { CRT_FIELD };
                Err(SecretProblem { field, message })
            }
        };
        let roots = self.roots.iter().map(|root| Some(STANDARD.decode(root).ok()?.into()));
        let body = Secret {
            store_id: self.store_id.as_deref().map(CertificateId::store),
            issued_by: self.issued_by.map(Into::into),
            pair,
            roots: roots.collect::<Option<_>>()?,
            crls: Vec::new(),
        };
        Some(SavedObject { identity: self.identity, body })
    }
}
