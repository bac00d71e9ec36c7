//! One look at everything, and the writes that come of it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use futures::{StreamExt, stream};
use kube::api::{Patch, PatchParams};
use model::ObjectRef;
use report::{Due, NewEvent, Situation, StatusChange, events, statuses};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::{
    Memory, PER_ROUND, RENEWING, Reporter, WAITING, answer::Refused, event, kind::Kind,
    refusals::Right,
};
use crate::{call, lease::Term};

/// Of all server-side applies, here and elsewhere.
const FIELD_MANAGER: &str = "doorward";
/// Requests under way at the same time.
const AT_ONCE: usize = 8;

pub struct Round<'a> {
    reporter: &'a Reporter,
    term: &'a Term,
    /// When the term's clock began to run.
    began: Instant,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub writes: usize,
    /// The API server was asked and answered, be it with a refusal.
    pub is_answered: bool,
    /// When there is something to do even if nothing changes.
    pub wake: Option<Instant>,
}

/// One request of the round.
enum Write {
    Status(Kind, StatusChange),
    Event(NewEvent),
}

impl<'a> Round<'a> {
    pub fn new(reporter: &'a Reporter, term: &'a Term, began: Instant) -> Self {
        Self { reporter, term, began }
    }

    pub async fn run(self, memory: &mut Memory) -> Outcome {
        let now = Instant::now();
        let (writes, wake) = self.decide(memory, now);
        let count = writes.len();
        let mut faults = Faults::default();
        // The rest of a round would only wait as long in vain.
        let is_away = AtomicBool::new(false);
        let mut answers = stream::iter(writes)
            .map(|write| async {
                if is_away.load(Relaxed) {
                    return (write, Err(Refused::NotAsked));
                }
                let answer = self.send(&write).await;
                if matches!(answer, Err(Refused::NoAnswer(_) | Refused::NotLeader)) {
                    is_away.store(true, Relaxed);
                }
                (write, answer)
            })
            .buffer_unordered(AT_ONCE);
        while let Some((write, answer)) = answers.next().await {
            self.take_in(write, answer, memory, &mut faults);
        }
        faults.tell();
        let wake = [wake, memory.refusals.next(now)].into_iter().flatten().min();
        Outcome { writes: count, is_answered: !is_away.load(Relaxed), wake }
    }

    /// What to write now, and when to look again.
    fn decide(&self, memory: &mut Memory, now: Instant) -> (Vec<Write>, Option<Instant>) {
        let inputs = &self.reporter.inputs;
        let (model, verdicts) = (inputs.models.borrow().clone(), inputs.verdicts.borrow().clone());
        let (outcomes, live) = (inputs.outcomes.borrow().clone(), inputs.live.borrow().clone());
        let situation =
            Situation { model: &model, verdicts: &verdicts, outcomes: &outcomes, live: &live };

        let mut due = statuses(&situation, &self.reporter.publish);
        due.retain(|change| {
            Kind::of(&change.object)
                .is_some_and(|kind| !memory.refusals.is_paused(Right::status(kind), now))
        });
        let mut admitted = memory.pace.admit(due, now);
        let mut wake = admitted.next;
        if admitted.changes.len() > PER_ROUND {
            admitted.changes.truncate(PER_ROUND);
            wake = Some(now);
        }
        let statuses = admitted
            .changes
            .into_iter()
            .filter_map(|change| Some(Write::Status(Kind::of(&change.object)?, change)));
        let mut writes: Vec<Write> = statuses.collect();

        if !memory.refusals.is_paused(Right::Events, now) {
            let elapsed = now - self.began;
            let Due { events, waiting, dropped, renew_at } =
                events(&situation, &mut memory.said, &mut memory.budget, elapsed);
            let waiting_until = (waiting > 0).then(|| now + WAITING);
            let renewing_at = renew_at.map(|at| (self.began + at).max(now + RENEWING));
            wake = [wake, waiting_until, renewing_at].into_iter().flatten().min();
            let is_crowded = waiting + dropped > 0;
            if is_crowded && !memory.is_crowded {
                info!(waiting, dropped, "more to say than events may be written; warnings follow");
            }
            memory.is_crowded = is_crowded;
            writes.extend(events.into_iter().map(Write::Event));
        }
        (writes, wake)
    }

    async fn send(&self, write: &Write) -> Result<(), Refused> {
        let client = &self.reporter.client;
        match write {
            Write::Status(kind, change) => {
                let params = PatchParams::apply(FIELD_MANAGER).force();
                let patch = Patch::Apply(body(*kind, change));
                let api = kind.api(client.clone(), &change.object);
                let request = api.patch_status(&change.object.name, &params, &patch);
                self.term.write(call::bounded(call::LIMIT, request)).await?;
                Ok(())
            }
            Write::Event(event) => {
                event::write(client, self.term, event, &self.reporter.instance).await
            }
        }
    }

    fn take_in(
        &self,
        write: Write,
        answer: Result<(), Refused>,
        memory: &mut Memory,
        faults: &mut Faults,
    ) {
        let now = Instant::now();
        let counts = &self.reporter.counts;
        let right = match &write {
            Write::Status(kind, _) => Right::status(*kind),
            Write::Event(_) => Right::Events,
        };
        let refused = match answer {
            Ok(()) => {
                if memory.refusals.granted(right) {
                    info!(rule = right.rule(), "allowed to report again");
                }
                match write {
                    Write::Status(_, change) => {
                        debug!(object = %change.object, "status written");
                        counts.status_written();
                        memory.pace.written(change, now);
                    }
                    Write::Event(_) => counts.event_written(),
                }
                return;
            }
            Err(refused) => refused,
        };
        if !matches!(refused, Refused::Gone | Refused::NotLeader | Refused::NotAsked) {
            counts.failed();
        }
        match (&refused, &write) {
            (Refused::Forbidden(error), _) => {
                if memory.refusals.refused(right, now) {
                    let rule = right.rule();
                    warn!(
                        error,
                        rule, "not allowed to report: add the rule to Doorward's ClusterRole"
                    );
                }
            }
            (refused, write) => faults.note(write.object(), refused),
        }
        match write {
            // The object will be gone from what is live; until then it is left alone.
            Write::Status(_, change) if refused == Refused::Gone => {
                memory.pace.written(change, now);
            }
            Write::Status(_, change) if matches!(refused, Refused::NotThis(_)) => {
                memory.pace.failed(change, now);
            }
            Write::Event(event) if !matches!(refused, Refused::Gone | Refused::NotThis(_)) => {
                memory.said.take_back(&event);
                memory.budget.give_back(&event.uid);
            }
            Write::Status(..) | Write::Event(_) => {}
        }
    }
}

impl Write {
    fn object(&self) -> &ObjectRef {
        match self {
            Self::Status(_, change) => &change.object,
            Self::Event(event) => &event.object,
        }
    }
}

/// The apply: all of `status` that is ours. Without any field of it there is none at all, or
/// Doorward would go on to own the empty one.
fn body(kind: Kind, change: &StatusChange) -> Value {
    let object = &change.object;
    let mut metadata = json!({ "name": &*object.name });
    if let Some(namespace) = &object.namespace {
        metadata["namespace"] = (**namespace).into();
    }
    let mut body =
        json!({ "apiVersion": kind.api_version(), "kind": kind.as_str(), "metadata": metadata });
    if change.status.as_object().is_some_and(|fields| !fields.is_empty()) {
        body["status"] = change.status.clone();
    }
    body
}

/// What went wrong in one round, for one line in the log.
#[derive(Debug, Default)]
struct Faults {
    count: usize,
    first: Option<(ObjectRef, Refused)>,
}

impl Faults {
    fn note(&mut self, object: &ObjectRef, refused: &Refused) {
        if matches!(refused, Refused::NoAnswer(_) | Refused::NotThis(_)) {
            self.count += 1;
            self.first.get_or_insert_with(|| (object.clone(), refused.clone()));
        }
    }

    fn tell(&self) {
        let Some((object, Refused::NoAnswer(error) | Refused::NotThis(error))) = &self.first else {
            return;
        };
        warn!(failed = self.count, %object, error, "statuses or events could not be written; they are tried again");
    }
}
