//! Certificates straight from a CA in AWS Private CA, for keys that never leave Doorward.
//!
//! Nothing has to be proved: who may ask is a matter of IAM. The CA signs within seconds. It
//! keeps a certificate for ever, so there is nothing to take away afterwards.

mod api;
mod draft;
mod verify;

use issue::{Clock, Future, IssueError, Issued, Issuer, Progress, Request, Stage, Step};
use serde::{Deserialize, Serialize};

use crate::{Account, digest::digest, schedule};
use api::{Answered, Api};
use draft::Draft;

#[derive(Clone, Debug)]
pub struct Settings {
    /// ARN of the CA.
    pub authority: String,
    /// ARN of a template; `None`: the one for servers, `EndEntityServerAuthCertificate/V1`.
    pub template: Option<String>,
    pub days: u32,
}

pub struct PcaIssuer {
    api: Api,
    settings: Settings,
    clock: Clock,
}

/// What is remembered of an order. The key is made before anything is asked for, and kept: a
/// certificate of a key that was lost is of no use.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct State {
    draft: Option<Draft>,
    /// Of the certificate, once the CA has accepted the request.
    arn: Option<String>,
    looks: u32,
}

impl PcaIssuer {
    pub fn new(account: &Account, settings: Settings, clock: Clock) -> Self {
        Self { api: Api::new(account), settings, clock }
    }

    async fn step(&self, request: &Request, state: State) -> Result<Step, IssueError> {
        let Some(draft) = state.draft else {
            let draft = Some(Draft::of(request)?);
            return Ok(go_on(State { draft, ..state }, 0, "made a key"));
        };
        let Some(arn) = state.arn else {
            let arn =
                self.api.issue(&self.settings, &draft.csr_pem, &token(request, &draft)).await?;
            let state = State { draft: Some(draft), arn: Some(arn), looks: 0 };
            return Ok(go_on(state, 1, "the private CA has the request"));
        };
        match self.api.certificate(&self.settings.authority, &arn).await? {
            Answered::NotYet => {
                let after = schedule::private(state.looks).as_secs();
                let looks = state.looks.saturating_add(1);
                let state = State { draft: Some(draft), arn: Some(arn), looks };
                Ok(go_on(state, after, "the private CA signs the certificate"))
            }
            Answered::Signed { certificate_pem } => {
                let key_pem = draft.key_pem;
                verify::check(&certificate_pem, &key_pem, &request.names, (self.clock)())?;
                let key_pem = key_pem.to_string();
                Ok(Step::Issued(Issued { certificate_pem, key_pem, issued_as: None }))
            }
        }
    }
}

impl Issuer for PcaIssuer {
    fn advance<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async move {
            let state = match progress.0.is_null() {
                true => State::default(),
                false => State::deserialize(&progress.0).map_err(|_| {
                    IssueError::dead("the progress of an order at a private CA is unreadable")
                })?,
            };
            self.step(request, state).await
        })
    }
}

/// The CA answers a second request of the same token with the first one's certificate, for five
/// minutes; 36 characters at most.
fn token(request: &Request, draft: &Draft) -> String {
    let serial = request.serial.to_string();
    let mut token = digest(&[request.id.as_str(), &serial, &draft.csr_pem]);
    token.truncate(36);
    token
}

fn go_on(state: State, after: u64, message: &str) -> Step {
    Step::Continue {
        // A struct of texts and numbers has a JSON form.
        progress: Progress(serde_json::to_value(state).unwrap_or_default()),
        stage: Stage::Issuing,
        after: std::time::Duration::from_secs(after),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
