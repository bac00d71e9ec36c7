//! The one writer of a zone. Route 53 takes one change of a zone at a time and refuses the next
//! one until then, so wishes that come meanwhile wait and go together, in one batch.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_route53::{
    Client,
    error::ProvideErrorMetadata as _,
    operation::change_resource_record_sets::ChangeResourceRecordSetsError,
    types::{self, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType},
};
use issue::{IssueError, Record, RecordKind};
use tokio::sync::oneshot;

use super::{
    change::{Change, Set, Wish, plan},
    presentation::{read_name, read_value, write_value},
    zones::ZoneId,
};
use crate::fault::{Call, fault};

/// Route 53 allows 1,000 records and 32,000 characters of values in a batch; a hundred of ours
/// stay below both.
const BATCH: usize = 100;

pub(super) type ChangeId = Arc<str>;
/// The change that brought it; `None`: nothing had to change.
type Outcome = Result<Option<ChangeId>, IssueError>;

pub(super) struct Writer {
    client: Client,
    zone: ZoneId,
    waiting: Mutex<Vec<Job>>,
    /// Whoever has it carries out all jobs that wait.
    turn: tokio::sync::Mutex<()>,
}

struct Job {
    record: Record,
    wish: Wish,
    done: oneshot::Sender<Outcome>,
}

/// Jobs about one name and type, which make one change at most.
type Groups = BTreeMap<(String, RecordKind), Vec<Job>>;

impl Writer {
    pub(super) fn new(client: Client, zone: ZoneId) -> Self {
        Self { client, zone, waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    pub(super) async fn write(&self, record: &Record, wish: Wish) -> Outcome {
        let mut outcome = self.wait_in_line(record, wish);
        loop {
            let turn = self.turn.lock().await;
            match outcome.try_recv() {
                // Who had the turn before took it along.
                Ok(outcome) => return outcome,
                Err(oneshot::error::TryRecvError::Empty) => {}
                // Who took it along was called off in the middle.
                Err(oneshot::error::TryRecvError::Closed) => {
                    outcome = self.wait_in_line(record, wish);
                }
            }
            let jobs =
                std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            Box::pin(self.carry_out(jobs)).await;
            drop(turn);
        }
    }

    fn wait_in_line(&self, record: &Record, wish: Wish) -> oneshot::Receiver<Outcome> {
        let (done, outcome) = oneshot::channel();
        let job = Job { record: record.clone(), wish, done };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(job);
        outcome
    }

    async fn carry_out(&self, jobs: Vec<Job>) {
        let mut groups = Groups::new();
        for job in jobs {
            groups.entry((job.record.name.clone(), job.record.kind)).or_default().push(job);
        }
        while !groups.is_empty() {
            let rest = groups.keys().nth(BATCH).cloned();
            let later = rest.map(|key| groups.split_off(&key)).unwrap_or_default();
            if let Err(groups) = self.write_together(groups).await {
                self.write_one_by_one(groups).await;
            }
            groups = later;
        }
    }

    /// One batch for all. A new CNAME is mostly just that, so nothing is read for it. Gives the
    /// groups back when Route 53 finds one of the changes impossible: it then makes none of them.
    async fn write_together(&self, groups: Groups) -> Result<(), Groups> {
        let mut changes = Vec::new();
        let mut settled = Vec::new();
        let mut planned = Vec::new();
        for (key, jobs) in groups {
            let is_new = key.1 == RecordKind::Cname && jobs.iter().all(|job| job.wish == Wish::Add);
            let before = if is_new { Ok(None) } else { self.read(&key.0, key.1).await };
            match before {
                Ok(before) => {
                    let (change, outcomes) = plan_for(before.as_ref(), &jobs);
                    changes.extend(change);
                    planned.push((key, jobs, outcomes));
                }
                Err(error) => settled.push((jobs, error)),
            }
        }
        for (jobs, error) in settled {
            tell_all(jobs, &error);
        }
        match self.send(changes).await {
            Ok(id) => {
                for (_, jobs, outcomes) in planned {
                    tell(jobs, outcomes, id.as_ref());
                }
            }
            Err(Refusal::Impossible(_)) => {
                return Err(planned.into_iter().map(|(key, jobs, _)| (key, jobs)).collect());
            }
            Err(Refusal::Other(error)) => {
                for (_, jobs, _) in planned {
                    tell_all(jobs, &error);
                }
            }
        }
        Ok(())
    }

    /// Looks at what is there first, so that what cannot be changed is told to whom it concerns.
    async fn write_one_by_one(&self, groups: Groups) {
        for ((name, kind), jobs) in groups {
            let before = match self.read(&name, kind).await {
                Ok(before) => before,
                Err(error) => {
                    tell_all(jobs, &error);
                    continue;
                }
            };
            let (change, outcomes) = plan_for(before.as_ref(), &jobs);
            match self.send(change.into_iter().collect()).await {
                Ok(id) => tell(jobs, outcomes, id.as_ref()),
                Err(Refusal::Impossible(why)) => {
                    let message = format!(
                        "Route 53 cannot change the {kind} {name} in zone {}: {why}",
                        self.zone
                    );
                    tell_all(jobs, &IssueError::refused(message));
                }
                Err(Refusal::Other(error)) => tell_all(jobs, &error),
            }
        }
    }

    async fn read(&self, name: &str, kind: RecordKind) -> Result<Option<Set>, IssueError> {
        const CALL: Call = Call { service: "route53", operation: "ListResourceRecordSets" };
        let answer = self
            .client
            .list_resource_record_sets()
            .hosted_zone_id(&*self.zone)
            .start_record_name(name)
            .start_record_type(rr_type(kind))
            .max_items(1)
            .send()
            .await
            .map_err(|error| fault(CALL, &error))?;
        let is_it =
            |set: &&ResourceRecordSet| set.r#type == rr_type(kind) && read_name(&set.name) == name;
        Ok(answer.resource_record_sets.iter().find(is_it).map(|set| Set {
            name: name.to_owned(),
            kind,
            ttl: set.ttl.and_then(|ttl| ttl.try_into().ok()).unwrap_or_default(),
            values: set
                .resource_records()
                .iter()
                .map(|record| read_value(kind, &record.value))
                .collect(),
        }))
    }

    async fn send(&self, changes: Vec<Change>) -> Result<Option<ChangeId>, Refusal> {
        const CALL: Call = Call { service: "route53", operation: "ChangeResourceRecordSets" };
        if changes.is_empty() {
            return Ok(None);
        }
        let changes = changes.into_iter().map(write).collect::<Result<_, _>>()?;
        let batch =
            ChangeBatch::builder().set_changes(Some(changes)).build().map_err(incomplete)?;
        let answer = self
            .client
            .change_resource_record_sets()
            .hosted_zone_id(&*self.zone)
            .change_batch(batch)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer
                .change_info
                .map(|info| info.id.rsplit('/').next().unwrap_or(&info.id).into())),
            Err(error) => Err(match error.as_service_error() {
                Some(ChangeResourceRecordSetsError::InvalidChangeBatch(refusal)) => {
                    // Route 53 tells them as a list, or all in one message.
                    let messages = refusal.messages().join("; ");
                    let message = error.message().filter(|_| messages.is_empty());
                    Refusal::Impossible(message.map_or(messages, Into::into))
                }
                _ => Refusal::Other(fault(CALL, &error)),
            }),
        }
    }
}

enum Refusal {
    /// A change of the batch does not fit what is there, in Route 53's words; nothing was changed.
    Impossible(String),
    Other(IssueError),
}

fn plan_for(before: Option<&Set>, jobs: &[Job]) -> (Option<Change>, Vec<Result<(), IssueError>>) {
    let wishes: Vec<_> = jobs.iter().map(|job| (job.wish, &job.record)).collect();
    let (change, outcomes) = plan(before, &wishes);
    let outcomes = outcomes
        .into_iter()
        .map(|outcome| outcome.map_err(|conflict| IssueError::refused(conflict.to_string())))
        .collect();
    (change, outcomes)
}

fn tell(jobs: Vec<Job>, outcomes: Vec<Result<(), IssueError>>, change: Option<&ChangeId>) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        // Whoever does not wait any more does not need to know.
        let _ = job.done.send(outcome.map(|()| change.cloned()));
    }
}

fn tell_all(jobs: Vec<Job>, error: &IssueError) {
    for job in jobs {
        let copy = IssueError { message: error.message.clone(), fault: error.fault };
        let _ = job.done.send(Err(copy));
    }
}

fn write(change: Change) -> Result<types::Change, Refusal> {
    let (action, set) = match change {
        Change::Create(set) => (ChangeAction::Create, set),
        Change::Upsert(set) => (ChangeAction::Upsert, set),
        Change::Delete(set) => (ChangeAction::Delete, set),
    };
    let values = set
        .values
        .iter()
        .map(|value| ResourceRecord::builder().value(write_value(set.kind, value)).build())
        .collect::<Result<_, _>>()
        .map_err(incomplete)?;
    let set = ResourceRecordSet::builder()
        .name(set.name)
        .r#type(rr_type(set.kind))
        .ttl(set.ttl.into())
        .set_resource_records(Some(values))
        .build()
        .map_err(incomplete)?;
    types::Change::builder().action(action).resource_record_set(set).build().map_err(incomplete)
}

/// The client checks that required fields are set, and all of them are.
fn incomplete(error: aws_sdk_route53::error::BuildError) -> Refusal {
    Refusal::Other(IssueError::passing(format!("a change of Route 53 is incomplete: {error}")))
}

fn rr_type(kind: RecordKind) -> RrType {
    match kind {
        RecordKind::Txt => RrType::Txt,
        RecordKind::Cname => RrType::Cname,
    }
}
