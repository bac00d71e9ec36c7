//! The next step of an order: a pure function of what ACM shows.

use std::time::Duration;

use aws_sdk_acm::types::{CertificateStatus, RenewalStatus};
use issue::{IssueError, Record, Stage};
use jiff::Timestamp;

use super::{
    AT_RISK_BEFORE_END, Phase, State,
    failure::failed,
    seen::{Records, Seen},
    spec::Spec,
};
use crate::schedule;

/// Between looks after which validation records are put back if somebody took them away.
const REPAIR_EVERY: u32 = 10;
/// Looks for a renewal that was asked for before a replacement is requested: about half an hour.
const LOOKS_AT_RENEWAL: u32 = 45;

#[derive(Debug)]
pub(super) enum Next {
    Look {
        phase: Phase,
        after: Duration,
        stage: Stage,
        message: String,
    },
    /// Put these into DNS. What is there already costs one look.
    Place {
        records: Vec<Record>,
        then: Phase,
    },
    Export,
    Renew,
    Replace {
        why: &'static str,
    },
    GiveUp(IssueError),
}

/// `held`: the serial number of what this order replaces.
pub(super) fn next(
    spec: &Spec,
    seen: Option<&Seen>,
    state: &State,
    held: Option<&str>,
    now: Timestamp,
) -> Next {
    let Some(seen) = seen else { return not_there(state) };
    match &seen.status {
        CertificateStatus::PendingValidation => pending(spec, seen, state),
        CertificateStatus::Issued if held.is_some() && seen.serial.as_deref() == held => {
            renew(seen, state, now)
        }
        CertificateStatus::Issued => Next::Export,
        CertificateStatus::Failed => Next::GiveUp(failed(seen.failure.as_ref())),
        CertificateStatus::ValidationTimedOut => Next::GiveUp(IssueError::dead(
            "ACM did not find the validation records within 72 hours; check that the zone they are in is the one that the Internet sees",
        )),
        other => Next::GiveUp(IssueError::dead(format!(
            "the certificate is {other} in ACM; a new one is requested"
        ))),
    }
}

/// ACM shows a certificate some seconds after it has accepted the request.
fn not_there(state: &State) -> Next {
    if state.phase == Phase::Requested && state.looks < schedule::LOOKS_UNTIL_VISIBLE {
        return Next::Look {
            phase: Phase::Requested,
            after: schedule::records(state.looks),
            stage: Stage::Ordering,
            message: "ACM does not show the certificate yet".into(),
        };
    }
    Next::GiveUp(IssueError::dead("the certificate is gone from ACM; a new one is requested"))
}

/// ACM itself tries for 72 hours, so nothing is given up before.
fn pending(spec: &Spec, seen: &Seen, state: &State) -> Next {
    let look = |after, message: &str| Next::Look {
        phase: state.phase,
        after,
        stage: Stage::Validating,
        message: message.into(),
    };
    if spec.authority.is_some() {
        return look(schedule::private(state.looks), "the private CA issues the certificate");
    }
    match &seen.records {
        Records::NotYet if state.phase == Phase::Requested => {
            look(schedule::records(state.looks), "ACM has not named the validation records yet")
        }
        Records::Known(records) if is_time_to_place(state) => {
            Next::Place { records: records.clone(), then: Phase::Validating }
        }
        Records::NotYet | Records::Known(_) => {
            look(schedule::validation(state.looks), "ACM looks for the validation records")
        }
    }
}

fn is_time_to_place(state: &State) -> bool {
    state.phase == Phase::Requested || state.looks % REPAIR_EVERY == REPAIR_EVERY - 1
}

/// What is in hand is to be replaced, and ACM has nothing newer yet.
fn renew(seen: &Seen, state: &State, now: Timestamp) -> Next {
    let is_at_risk = seen.not_after.is_none_or(|end| {
        end.duration_since(now) < AT_RISK_BEFORE_END && state.phase == Phase::Renewing
    });
    if is_at_risk && state.looks >= LOOKS_AT_RENEWAL / 3 {
        return Next::Replace { why: "its end is near, and ACM has not renewed it" };
    }
    match &seen.renewal {
        Some(RenewalStatus::Failed) => Next::Replace { why: "ACM failed to renew it" },
        Some(RenewalStatus::PendingAutoRenewal | RenewalStatus::PendingValidation) => {
            match &seen.records {
                Records::Known(records)
                    if state.phase != Phase::Renewing
                        || state.looks % REPAIR_EVERY == REPAIR_EVERY - 1 =>
                {
                    Next::Place { records: records.clone(), then: Phase::Renewing }
                }
                _ => waits_for_renewal(state),
            }
        }
        _ if state.phase == Phase::Renewing && state.looks >= LOOKS_AT_RENEWAL => {
            Next::Replace { why: "ACM was asked to renew it and did not" }
        }
        _ if state.phase == Phase::Renewing => waits_for_renewal(state),
        _ if seen.can_be_renewed => Next::Renew,
        _ => Next::Replace { why: "ACM does not renew it" },
    }
}

fn waits_for_renewal(state: &State) -> Next {
    Next::Look {
        phase: Phase::Renewing,
        after: schedule::validation(state.looks),
        stage: Stage::Waiting,
        message: "ACM renews the certificate".into(),
    }
}

#[cfg(test)]
mod tests;
