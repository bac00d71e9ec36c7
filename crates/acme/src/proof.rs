//! Proofs put up, looked at and taken away: with the gateway or in DNS.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use issue::{Challenge, Dns, IssueError, Record, RecordKind, StoreError};

use crate::{AcmeIssuer, Method, SolverKind, key, place, progress::Proof};

/// Seconds. Short, since each record is looked at once.
const TTL: u32 = 60;

impl AcmeIssuer {
    /// Opening what is open changes nothing.
    pub(crate) async fn open(&self, proof: &Proof) -> Result<(), IssueError> {
        match challenge(proof)? {
            Some(challenge) => self.challenges.open(&challenge).await.map_err(unkept),
            None => {
                let added = self.dns(proof)?.add(&record(proof)).await;
                added
                    .map_err(|error| place::told(error, &proof.host, proof.delegated_to.as_deref()))
            }
        }
    }

    pub(crate) async fn first_unseen<'p>(
        &self,
        proofs: &'p [Proof],
    ) -> Result<Option<&'p Proof>, IssueError> {
        for proof in proofs {
            let is_seen = match challenge(proof)? {
                Some(challenge) => self.challenges.is_answered(&challenge).await?,
                None => self.dns(proof)?.is_served(&record(proof)).await?,
            };
            if !is_seen {
                return Ok(Some(proof));
            }
        }
        Ok(None)
    }

    /// Closing what is not open is no error.
    pub(crate) async fn close(&self, proofs: &[Proof]) -> Result<(), IssueError> {
        for proof in proofs {
            match proof.solver {
                SolverKind::Dns01 => self.dns(proof)?.remove(&record(proof)).await?,
                SolverKind::Http01 | SolverKind::TlsAlpn01 => {
                    let closed = self.challenges.close(&proof.host, &proof.token).await;
                    closed.map_err(unkept)?;
                }
            }
        }
        Ok(())
    }

    fn dns(&self, proof: &Proof) -> Result<&dyn Dns, IssueError> {
        match self.settings.solvers.get(proof.index).map(|solver| &solver.method) {
            Some(Method::Dns01(dns)) => Ok(&**dns),
            _ => Err(IssueError::dead(format!(
                "the solver that had put up the proof of {} is gone from spec.acme.solvers; remove \
                 the TXT record {} by hand",
                proof.host,
                record(proof).name
            ))),
        }
    }
}

/// `None`: it is proved in DNS.
fn challenge(proof: &Proof) -> Result<Option<Challenge>, IssueError> {
    let (host, token) = (proof.host.clone(), proof.token.clone());
    Ok(match proof.solver {
        SolverKind::Http01 => {
            let key_authorization = proof.key_authorization.clone();
            Some(Challenge::Http01 { host, token, key_authorization })
        }
        SolverKind::TlsAlpn01 => {
            let digest = digest(&SHA256, proof.key_authorization.as_bytes());
            let (certificate_pem, key_pem) = key::alpn_pair(&host, digest.as_ref())?;
            Some(Challenge::TlsAlpn01 { host, token, certificate_pem, key_pem })
        }
        SolverKind::Dns01 => None,
    })
}

/// RFC 8555 section 8.4.
fn record(proof: &Proof) -> Record {
    let digest = digest(&SHA256, proof.key_authorization.as_bytes());
    Record {
        name: proof.delegated_to.clone().unwrap_or_else(|| place::own(&proof.host)),
        kind: RecordKind::Txt,
        value: BASE64_URL_SAFE_NO_PAD.encode(digest),
        ttl: TTL,
    }
}

fn unkept(error: StoreError) -> IssueError {
    IssueError::passing(format!("a challenge cannot be kept for the gateway: {error}"))
}
