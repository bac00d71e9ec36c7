//! Certificates of AWS Certificate Manager: public ones of Amazon's CA, proved by a CNAME that
//! stays, or private ones of a CA in AWS Private CA.
//!
//! They are requested as exportable, so that the gateway can serve them; listeners of AWS load
//! balancers take the same certificates by their ARN. ACM renews what was exported under the same
//! ARN as long as the CNAME is there, and a renewal here is mostly one more export.
//!
//! What ACM has is the truth: each step looks first, and a certificate is found again by its tags.

mod api;
mod export;
mod failure;
mod instance;
mod next;
mod records;
mod retire;
mod seen;
mod spec;
mod tend;

use std::sync::Arc;

use futures::future::join_all;
use issue::{
    Clock, Dns, Future, IssueError, Issuer, Progress, Record, RenewalWindow, Request, Stage, Step,
};
use jiff::SignedDuration;
use model::Certificate;
use serde::{Deserialize, Serialize};
use tracing::info;

use crate::{Account, inventory::Inventory, schedule};
use api::Api;
use instance::Instance;
use next::{Next, next};
use spec::Spec;
pub(crate) use spec::check;
pub use tend::{Finding, Problem};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// ACM begins to renew 60 days before the end at the earliest; until 45 days before it, it has
/// mostly done so.
const RENEWED_BEFORE_END: SignedDuration = SignedDuration::from_hours(24 * 45);
/// A renewal that is not through by then gets a replacement beside it.
const AT_RISK_BEFORE_END: SignedDuration = SignedDuration::from_hours(24 * 30);

#[derive(Clone, Debug)]
pub struct Settings {
    /// The tag that IAM conditions of the AWS Load Balancer Controller look at.
    pub cluster: String,
    /// Tells two clusters of one name apart: the UID of the namespace `kube-system`, or any text
    /// that nobody else uses.
    pub cluster_uid: String,
    /// ARN of a CA in AWS Private CA; `None`: Amazon's public CA.
    pub authority: Option<String>,
    /// Further tags for each certificate.
    pub tags: Vec<(String, String)>,
    pub records: RecordPolicy,
}

/// What becomes of validation records when a certificate is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordPolicy {
    /// They stay: certificates of other regions and tools may rest on them too, and ACM renews
    /// none of those without.
    #[default]
    Keep,
    /// They go with the last certificate of this account and region that rests on them. Only for
    /// accounts that use no other region.
    RemoveUnused,
}

pub struct AcmIssuer {
    api: Api,
    inventory: Arc<Inventory>,
    dns: Arc<dyn Dns>,
    settings: Settings,
    clock: Clock,
}

/// What is remembered of an order. All of it can be found out again.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct State {
    arn: Option<String>,
    /// Whether the certificate carries this order's number, so that no other order retires it.
    is_marked: bool,
    phase: Phase,
    /// Looks taken in this phase.
    looks: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
enum Phase {
    /// Its validation records are not placed yet.
    #[default]
    Requested,
    Validating,
    Renewing,
}

impl AcmIssuer {
    /// `dns` writes the validation records; a private CA needs none.
    pub fn new(
        account: &Account,
        inventory: Arc<Inventory>,
        dns: Arc<dyn Dns>,
        settings: Settings,
        clock: Clock,
    ) -> Self {
        Self { api: Api::new(account), inventory, dns, settings, clock }
    }

    async fn step(&self, request: &Request, state: State) -> Result<Step, IssueError> {
        let spec = Spec::of(request, &self.settings)?;
        let Some(arn) = state.arn.clone() else {
            return self.find_or_request(request, &spec).await;
        };
        let seen = self.api.describe(&arn).await?;
        let held = request.replaces.as_ref().map(|held| held.serial.as_str());
        match next(&spec, seen.as_ref(), &state, held, (self.clock)()) {
            Next::Look { phase, after, stage, message } => {
                let looks = if phase == state.phase { state.looks.saturating_add(1) } else { 0 };
                Ok(go_on(State { phase, looks, ..state }, stage, after, message))
            }
            Next::Place { records, then } => {
                self.place(&records).await?;
                let looks = if then == state.phase { state.looks.saturating_add(1) } else { 0 };
                let after = schedule::validation(looks);
                let message = format!("{} validation records are in DNS", records.len());
                Ok(go_on(State { phase: then, looks, ..state }, Stage::Validating, after, message))
            }
            Next::Export => self.export(&spec, &arn, &state, request).await,
            Next::Renew => {
                info!(certificate = %request.id, %arn, "asking ACM to renew");
                self.api.renew(&arn).await?;
                let state = State { phase: Phase::Renewing, looks: 0, ..state };
                let after = schedule::validation(0);
                Ok(go_on(state, Stage::Waiting, after, "ACM renews the certificate".into()))
            }
            Next::Replace { why } => {
                info!(certificate = %request.id, %arn, reason = %why, "requesting a replacement");
                self.request(request, &spec).await
            }
            Next::GiveUp(error) => Err(error),
        }
    }

    /// A certificate that an earlier attempt or an earlier order left is taken up again.
    async fn find_or_request(&self, request: &Request, spec: &Spec) -> Result<Step, IssueError> {
        let own = self.own_instances(request, Some(spec)).await?;
        if let Some(found) = instance::choose(&own, request.serial) {
            info!(certificate = %request.id, arn = %found.arn, "found a certificate of ours in ACM");
            let state = State {
                arn: Some(found.arn.clone()),
                is_marked: found.order == Some(request.serial),
                ..State::default()
            };
            let message = "found the certificate in ACM".into();
            return Ok(go_on(state, Stage::Ordering, std::time::Duration::ZERO, message));
        }
        self.may_request(&own, spec).await?;
        self.request(request, spec).await
    }

    /// What ACM must refuse, or would do in vain, is not requested.
    async fn examine_order(&self, request: &Request) -> Result<(), IssueError> {
        let spec = Spec::of(request, &self.settings)?;
        let own = self.own_instances(request, Some(&spec)).await?;
        match instance::choose(&own, request.serial) {
            Some(_) => Ok(()),
            None => self.may_request(&own, &spec).await,
        }
    }

    async fn may_request(&self, own: &[Instance], spec: &Spec) -> Result<(), IssueError> {
        instance::check_budget(own, (self.clock)())?;
        if spec.authority.is_none() {
            for name in &spec.names {
                self.dns.check(name.wildcard_parent().unwrap_or(name.as_str())).await?;
            }
        }
        Ok(())
    }

    async fn request(&self, request: &Request, spec: &Spec) -> Result<Step, IssueError> {
        let tags = spec.tags(request, &self.settings);
        let token = spec.token(request, &self.settings);
        let arn = self.api.request(spec, &token, tags).await?;
        self.inventory.forget().await;
        info!(certificate = %request.id, %arn, "requested a certificate from ACM");
        let state = State { arn: Some(arn), is_marked: true, ..State::default() };
        let after = schedule::records(0);
        Ok(go_on(state, Stage::Ordering, after, "requested from ACM".into()))
    }

    async fn export(
        &self,
        spec: &Spec,
        arn: &str,
        state: &State,
        request: &Request,
    ) -> Result<Step, IssueError> {
        if !state.is_marked {
            self.api.tag(arn, spec::order_tag(request.serial)).await?;
        }
        let exported = self.api.export(arn).await?;
        export::open(exported, arn, &spec.names).map(Step::Issued)
    }

    /// Certificates of ours for this order's id; with `spec` only those that are what it wants.
    async fn own_instances(
        &self,
        request: &Request,
        spec: Option<&Spec>,
    ) -> Result<Vec<Instance>, IssueError> {
        let mut own = Vec::new();
        for listed in self.inventory.list().await?.iter() {
            if !instance::may_be(listed, &request.names) {
                continue;
            }
            let Some(tags) = self.inventory.tags(&listed.arn).await? else { continue };
            if spec::is_own(&tags, request, &self.settings)
                && spec.is_none_or(|spec| spec.is_meant_by(&tags))
            {
                own.push(Instance::of(listed, &tags));
            }
        }
        Ok(own)
    }

    async fn place(&self, records: &[Record]) -> Result<(), IssueError> {
        let placed = join_all(records.iter().map(|record| self.dns.add(record))).await;
        placed.into_iter().collect()
    }
}

impl Issuer for AcmIssuer {
    fn examine<'a>(&'a self, request: &'a Request) -> Future<'a, Result<(), IssueError>> {
        Box::pin(self.examine_order(request))
    }

    fn advance<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async move { self.step(request, state_of(progress)?).await })
    }

    fn retire<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move { self.take_away(request, state_of(progress)?).await })
    }

    /// When ACM has mostly renewed by itself, and long before a renewal would be late.
    fn renewal_window<'a>(
        &'a self,
        held: &'a Certificate,
    ) -> Future<'a, Result<Option<RenewalWindow>, IssueError>> {
        let now = (self.clock)();
        let lifetime = held.not_after.duration_since(held.not_before);
        let before_end = |span: SignedDuration| {
            // Private CAs issue for less than that too.
            held.not_after.checked_sub(span.min(lifetime / 3)).unwrap_or(held.not_after)
        };
        let window = RenewalWindow {
            start: before_end(RENEWED_BEFORE_END),
            end: before_end(AT_RISK_BEFORE_END),
            explanation: None,
            ask_again: now.checked_add(DAY).unwrap_or(now),
        };
        Box::pin(async move { Ok(Some(window)) })
    }

    fn tend(&self) -> Future<'_, Result<Vec<String>, IssueError>> {
        Box::pin(async {
            let findings = self.look_after().await?;
            Ok(findings.iter().map(ToString::to_string).collect())
        })
    }
}

fn state_of(progress: &Progress) -> Result<State, IssueError> {
    if progress.0.is_null() {
        return Ok(State::default());
    }
    serde_json::from_value(progress.0.clone()).map_err(|error| {
        IssueError::dead(format!("the progress of an ACM order is unreadable: {error}"))
    })
}

fn go_on(state: State, stage: Stage, after: std::time::Duration, message: String) -> Step {
    // A struct of texts and numbers has a JSON form.
    let progress = Progress(serde_json::to_value(state).unwrap_or_default());
    Step::Continue { progress, stage, after, message }
}

#[cfg(test)]
mod tests;
