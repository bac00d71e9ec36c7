//! The loop of the election: it does what `observe` decides, and tells of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, api::PostParams};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    Leadership, LeaseView, NAME, Pace, Term,
    observe::{Candidate, Step},
    random,
};
use crate::{
    call::{Subject, Verb, bounded, reason},
    store::FIELD_MANAGER,
};

/// The election, to be run.
pub struct Election {
    api: Api<Lease>,
    subject: Subject,
    me: Arc<str>,
    pace: Pace,
    candidate: Candidate,
    trouble: Option<Trouble>,
    terms: watch::Sender<Option<Term>>,
    view: watch::Sender<LeaseView>,
}

/// Why a call failed.
struct Trouble {
    text: Arc<str>,
    /// The right to write is missing, which a successful read does not heal.
    denies_writing: bool,
}

/// Prepares to stand for leader in the store namespace. `me` must be like no other replica's
/// ([`super::identity`]).
pub fn elect(client: Client, namespace: &str, me: Arc<str>, pace: Pace) -> (Leadership, Election) {
    let (terms, term) = watch::channel(None);
    let (views, view) = watch::channel(LeaseView::default());
    let election = Election {
        api: Api::namespaced(client, namespace),
        subject: Subject::of::<Lease>(namespace, NAME),
        candidate: Candidate::new(me.clone(), pace, Instant::now()),
        me,
        pace,
        trouble: None,
        terms,
        view: views,
    };
    (Leadership::new(term, view), election)
}

impl Election {
    /// Stands for leader until `stop`; then the lease is released, which takes no longer than
    /// [`Pace::lease`]. Wait for it: a process that ends before keeps the others waiting.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let step = self.candidate.step(Instant::now());
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.take(step) => {}
            }
        }
        self.release().await;
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Wait(until) => sleep_until(until).await,
            Step::Resign => self.step_down(),
            Step::Look => {
                let looked = self.call(self.api.get_opt(NAME)).await;
                match looked {
                    Ok(lease) => {
                        self.candidate.saw(lease, Instant::now(), self.pause());
                        self.trouble.take_if(|trouble| !trouble.denies_writing);
                        self.show();
                    }
                    Err(error) => self.failed(&error, Verb::Get),
                }
            }
            Step::Create | Step::Replace => self.write(step).await,
        }
    }

    async fn write(&mut self, step: Step) {
        let sent = Instant::now();
        let lease = self.candidate.record(Timestamp::now());
        let params = params();
        let (verb, written) = match step {
            Step::Create => (Verb::Create, self.call(self.api.create(&params, &lease)).await),
            _ => (Verb::Update, self.call(self.api.replace(NAME, &params, &lease)).await),
        };
        match written {
            Ok(lease) => {
                let certain_until = self.candidate.wrote(lease, sent, self.pause());
                self.hold(certain_until);
                self.trouble = None;
                self.show();
            }
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
                debug!(lease = %self.subject, "another replica has written the lease; looking again");
                self.candidate.conflicted(Instant::now());
            }
            // Deleted meanwhile: it is made anew.
            Err(kube::Error::Api(status)) if status.is_not_found() && verb == Verb::Update => {
                self.candidate.conflicted(Instant::now());
            }
            Err(error) => self.failed(&error, verb),
        }
    }

    /// The leader's call ends with the term at the latest.
    async fn call<T>(&self, request: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
        bounded(self.candidate.patience(Instant::now()), request).await
    }

    /// The lease is ours until then: a new term, or the one we have goes on.
    fn hold(&self, certain_until: Instant) {
        let current = self.terms.borrow().clone();
        if current.as_ref().is_some_and(|term| term.renew(certain_until)) {
            return;
        }
        info!(replica = %self.me, "this replica is the leader: it issues and writes");
        self.terms.send_replace(Some(Term::begin(certain_until)));
        if let Some(lapsed) = current {
            lapsed.end();
        }
    }

    fn step_down(&mut self) {
        self.candidate.stepped_down();
        if let Some(term) = self.terms.send_replace(None) {
            term.end();
            match self.candidate.holder() {
                Some(holder) if holder == &*self.me => warn!(
                    "the lease could not be renewed in time: this replica writes nothing more until it has the lease again"
                ),
                holder => warn!(
                    holder,
                    "the lease is not this replica's any more: it writes nothing until it has it again"
                ),
            }
        }
        self.show();
    }

    fn failed(&mut self, error: &kube::Error, verb: Verb) {
        self.candidate.failed(Instant::now(), self.pause());
        let why = reason(error, verb, &self.subject);
        let text: Arc<str> = format!("cannot {verb} {}: {why}", self.subject).into();
        if self.trouble.as_ref().is_none_or(|trouble| trouble.text != text) {
            warn!("trouble with electing a leader: {text}");
        }
        let is_denied = matches!(error, kube::Error::Api(status) if status.is_forbidden());
        self.trouble = Some(Trouble { text, denies_writing: is_denied && verb != Verb::Get });
        self.show();
    }

    /// Shows how things stand.
    fn show(&self) {
        let new = LeaseView {
            holder: self.candidate.holder().map(Arc::from),
            is_leader: self.terms.borrow().is_some(),
            trouble: self.trouble.as_ref().map(|trouble| trouble.text.clone()),
        };
        self.view.send_if_modified(|view| {
            if view.trouble.is_some() && new.trouble.is_none() {
                info!(lease = %self.subject, "the lease is within reach again");
            }
            let differs = *view != new;
            *view = new;
            differs
        });
    }

    /// Between two calls; replicas that were started together should not call together for ever.
    fn pause(&self) -> Duration {
        let [byte] = random();
        self.pace.retry + self.pace.retry / 5 * u32::from(byte) / 255
    }

    /// Ends the term and lets another replica have the lease at once. A call of ours that nobody
    /// saw answered may still arrive, so it gets the time to do so first.
    async fn release(mut self) {
        let Some(term) = self.terms.send_replace(None) else { return };
        term.end();
        // One that hangs for longer is none that could still arrive.
        let _ = timeout(self.pace.margin(), term.quiet()).await;
        if let Some(given_up) = term.given_up() {
            sleep_until(given_up + self.pace.margin()).await;
        }
        // A renewal may have been under way, so the record is read first.
        let looked = bounded(self.pace.attempt(), self.api.get_opt(NAME)).await;
        if let Ok(lease) = looked {
            self.candidate.saw(lease, Instant::now(), Duration::ZERO);
        }
        let Some(lease) = self.candidate.release(Timestamp::now()) else { return };
        let params = params();
        let released = self.api.replace(NAME, &params, &lease);
        match bounded(self.pace.attempt(), released).await {
            Ok(_) => info!("released the lease: another replica leads"),
            Err(error) => warn!(
                "the lease is not released, so the others wait until it runs out: cannot update {}: {}",
                self.subject,
                reason(&error, Verb::Update, &self.subject)
            ),
        }
    }
}

fn params() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}

#[cfg(test)]
mod tests;
