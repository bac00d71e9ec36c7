//! A Secret as it is written, and back. Its certificate is validated again, as if it had come
//! from the API server.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::CertificateId;
use serde::{Deserialize, Serialize};
use translate::world::{Object, Secret, SecretProblem};
use zeroize::Zeroizing;

use super::saved::{Identity, SavedObject};
use crate::read::{Place, TLS, stapled, validated};

/// Borrows its texts from the line when it is read, so that the key is in no memory but there.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedSecret<'a> {
    identity: Identity,
    store_id: Option<String>,
    issued_by: Option<String>,
    #[serde(default)]
    issued_as: Option<String>,
    #[serde(borrow)]
    pair: SavedPair<'a>,
    /// DER, in base64.
    roots: Vec<String>,
    #[serde(default)]
    crls: Vec<String>,
    #[serde(default)]
    ca_problem: Option<SavedProblem>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum SavedPair<'a> {
    /// PEM, in base64 as in a Kubernetes Secret: texts without escapes can be borrowed.
    Good {
        crt: &'a str,
        key: &'a str,
        /// DER.
        #[serde(default)]
        staple: Option<String>,
    },
    Bad(SavedProblem),
}

#[derive(Deserialize, Serialize)]
struct SavedProblem {
    field: String,
    message: String,
}

impl SavedProblem {
    fn of(problem: &SecretProblem) -> Self {
        Self { field: problem.field.to_owned(), message: problem.message.clone() }
    }

    fn read(self) -> SecretProblem {
        Place::at(&self.field).unwrap_or(TLS.crt).problem(self.message)
    }
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
                let staple = certificate.ocsp_staple.as_ref().map(|der| STANDARD.encode(der));
                SavedPair::Good { crt: &crt, key: &key, staple }
            }
            Err(problem) => SavedPair::Bad(SavedProblem::of(problem)),
        };
        write(&SavedSecret {
            identity: Identity::of(secret),
            store_id: body.store_id.as_ref().map(ToString::to_string),
            issued_by: body.issued_by.as_deref().map(str::to_owned),
            issued_as: body.issued_as.as_deref().map(str::to_owned),
            pair,
            roots: body.roots.iter().map(|root| STANDARD.encode(root)).collect(),
            crls: body.crls.iter().map(|crl| STANDARD.encode(crl)).collect(),
            ca_problem: body.ca_problem.as_ref().map(SavedProblem::of),
        })
    }

    /// `None` where a text is no base64. A certificate that does not validate any more is a
    /// problem of this Secret alone.
    pub fn read(self, pairs: &x509::Reader) -> Option<SavedObject<Secret>> {
        let pair = match self.pair {
            SavedPair::Good { crt, key, staple } => {
                let key = Zeroizing::new(STANDARD.decode(key).ok()?);
                let pair = validated(pairs, &STANDARD.decode(crt).ok()?, &key, &TLS);
                let staple = staple.map(|der| STANDARD.decode(der)).transpose().ok()?;
                pair.map(|mut certificate| {
                    certificate.ocsp_staple =
                        staple.and_then(|der| stapled(&der, &certificate).ok());
                    certificate.into()
                })
            }
            SavedPair::Bad(problem) => Err(problem.read()),
        };
        let body = Secret {
            store_id: self.store_id.as_deref().map(CertificateId::store),
            issued_by: self.issued_by.map(Into::into),
            issued_as: self.issued_as.map(Into::into),
            pair,
            roots: decoded(&self.roots)?,
            crls: decoded(&self.crls)?,
            ca_problem: self.ca_problem.map(SavedProblem::read),
            // Only who issues needs them, and nobody does without the API server.
            credentials: None,
        };
        Some(SavedObject { identity: self.identity, body })
    }
}

fn decoded<T: From<Vec<u8>>>(texts: &[String]) -> Option<Vec<T>> {
    texts.iter().map(|text| Some(STANDARD.decode(text).ok()?.into())).collect()
}
