//! Challenges as entries of a Secret, from where they come back to every replica's gateway in
//! the Model.

use std::sync::Arc;

use model::{CHALLENGES_SECRET, Model, Name, OpenChallenge, Protocol};
use tokio::sync::watch;

use crate::{Challenge, Challenges, Entries, Future, IssueError, Proof, StoreError};

/// Opens challenges by writing them down, and sees by the Model when they are answered.
pub struct KeptChallenges {
    entries: Arc<dyn Entries>,
    models: watch::Receiver<Arc<Model>>,
}

impl KeptChallenges {
    pub fn new(entries: Arc<dyn Entries>, models: watch::Receiver<Arc<Model>>) -> Self {
        Self { entries, models }
    }

    /// One that is open stays as it is: its certificate may be in a handshake just now.
    async fn write(&self, challenge: &Challenge) -> Result<(), StoreError> {
        let (token, open) = entry(challenge);
        if self.entries.load(CHALLENGES_SECRET, token).await?.is_some() {
            return Ok(());
        }
        let text = serde_json::to_string(&open)
            .map_err(|_| StoreError("a challenge cannot be written down".into()))?;
        self.entries.save(CHALLENGES_SECRET, token, &text).await
    }
}

impl Challenges for KeptChallenges {
    fn open<'a>(&'a self, challenge: &'a Challenge) -> Future<'a, Result<(), StoreError>> {
        Box::pin(self.write(challenge))
    }

    fn is_answered<'a>(&'a self, challenge: &'a Challenge) -> Future<'a, Result<bool, IssueError>> {
        let model = self.models.borrow().clone();
        Box::pin(async move { is_answered(&model, challenge) })
    }

    fn can_answer(&self, host: &Name, over: Proof) -> Result<(), IssueError> {
        can_answer(&self.models.borrow(), host, over)
    }

    fn close<'a>(&'a self, _: &'a Name, token: &'a str) -> Future<'a, Result<(), StoreError>> {
        self.entries.remove(CHALLENGES_SECRET, token)
    }
}

fn entry(challenge: &Challenge) -> (&str, OpenChallenge) {
    match challenge {
        Challenge::Http01 { host, token, key_authorization } => {
            let (host, key_authorization) = (host.clone(), key_authorization.clone());
            (token, OpenChallenge::Http01 { host, key_authorization })
        }
        Challenge::TlsAlpn01 { host, token, certificate_pem, key_pem } => {
            let (certificate, key) = (certificate_pem.clone(), key_pem.clone());
            (token, OpenChallenge::TlsAlpn01 { host: host.clone(), certificate, key })
        }
    }
}

/// Whether the gateways that serve this Model answer it.
fn is_answered(model: &Model, challenge: &Challenge) -> Result<bool, IssueError> {
    match challenge {
        Challenge::Http01 { host, token, .. } => {
            can_answer(model, host, Proof::Http01)?;
            Ok(model.challenges.key_authorization(host.as_str(), token).is_some())
        }
        Challenge::TlsAlpn01 { host, token, .. } => {
            can_answer(model, host, Proof::TlsAlpn01)?;
            let open = model.challenges.certificate(host.as_str());
            Ok(open.is_some_and(|open| *open.token == **token))
        }
    }
}

/// Without a listener on the port that CAs ask none ever will: Doorward opens no port that nobody
/// has asked for.
fn can_answer(model: &Model, host: &Name, over: Proof) -> Result<(), IssueError> {
    let (is_heard, lacking) = match over {
        Proof::Http01 => {
            let is_http = |protocol| protocol == Protocol::Http;
            (listens(model, 80, is_http), "HTTP on port 80")
        }
        Proof::TlsAlpn01 => {
            let is_tls = |protocol| matches!(protocol, Protocol::Https | Protocol::Tls);
            (listens(model, 443, is_tls), "TLS on port 443")
        }
    };
    let other = match over {
        Proof::Http01 => "a tlsAlpn01",
        Proof::TlsAlpn01 => "an http01",
    };
    match is_heard {
        true => Ok(()),
        false => Err(IssueError::refused(format!(
            "no listener speaks {lacking}, where the CA asks for the proof of {host}: add one to a \
             load balancer, or use {other} or dns01 solver"
        ))),
    }
}

fn listens(model: &Model, port: u16, speaks: impl Fn(Protocol) -> bool) -> bool {
    model.listeners().any(|listener| listener.key.port == port && speaks(listener.protocol))
}

#[cfg(test)]
mod tests;
