//! `fault`: requests that are delayed or aborted on purpose.

use http::StatusCode;
use model::{Abort, AbortWith, Delay, PerMillion, Reason};

use super::{duration, percent};
use crate::dialect::{Fields, Problems, did_you_mean, nearest};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fault {
    pub delay: Option<Delay>,
    pub abort: Option<Abort>,
}

pub(super) fn read(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Fault> {
    let mut block = rule.child("fault", "HTTPFaultInjection", problems)?;
    let delay = block.child("delay", "Delay", problems);
    let abort = block.child("abort", "Abort", problems);
    if delay.is_none() && abort.is_none() {
        let text = "a fault is a delay or an abort: write one of them";
        problems.reject(Reason::InvalidField, block.path(), text);
    }
    block.finish(problems);
    Some(Fault {
        delay: delay.and_then(|mut block| {
            let delay = read_delay(&mut block, problems);
            block.finish(problems);
            delay
        }),
        abort: abort.and_then(|mut block| {
            let abort = read_abort(&mut block, problems);
            block.finish(problems);
            abort
        }),
    })
}

fn read_delay(block: &mut Fields<'_>, problems: &mut Problems) -> Option<Delay> {
    let share = percent::read(block, "percentage", problems);
    let share = share.or(percent::read_whole(block, "percent", problems));
    if block.has("exponentialDelay") {
        let text = "Istio has no exponential delays either: write fixedDelay";
        problems.warn(Reason::NotHonoured, block.path_of("exponentialDelay"), text);
        block.accept(&["exponentialDelay"]);
    }
    let by = duration::read(block, "fixedDelay", problems);
    if by.is_none() && !block.has("fixedDelay") {
        let text = "a delay needs fixedDelay, for example 5s";
        problems.reject(Reason::InvalidField, block.path_of("fixedDelay"), text);
    }
    Some(Delay { share: share.unwrap_or_else(|| nobody(block, problems)), by: by? })
}

fn read_abort(block: &mut Fields<'_>, problems: &mut Problems) -> Option<Abort> {
    let share = percent::read(block, "percentage", problems);
    let http = block.integer("httpStatus", problems);
    let grpc = block.text_or_number("grpcStatus", problems);
    let http2 = block.text("http2Error", problems);
    if http2.is_some() {
        let text = "connections are not reset on purpose: write httpStatus or grpcStatus";
        problems.reject(Reason::InvalidField, block.path_of("http2Error"), text);
    }
    let with = match (http, grpc) {
        (Some(status), None) => http_status(status, block, problems),
        (None, Some(status)) => grpc_status(&status, block, problems),
        _ => {
            let text = "an abort has one answer: write httpStatus or grpcStatus";
            problems.reject(Reason::InvalidField, block.path(), text);
            None
        }
    };
    Some(Abort { share: share.unwrap_or_else(|| nobody(block, problems)), with: with? })
}

/// Without a percentage a fault hits nobody, which is seldom meant.
fn nobody(block: &Fields<'_>, problems: &mut Problems) -> PerMillion {
    let text = "without a percentage no request is hit: write percentage: {value: 100} for all";
    problems.warn(Reason::NotHonoured, block.path_of("percentage"), text);
    PerMillion(0)
}

fn http_status(status: i64, block: &Fields<'_>, problems: &mut Problems) -> Option<AbortWith> {
    let code = u16::try_from(status).ok().filter(|code| (200..600).contains(code));
    let code = code.and_then(|code| StatusCode::from_u16(code).ok());
    if code.is_none() {
        let text = format!("{status} is no status to abort with: write a number from 200 to 599");
        problems.reject(Reason::InvalidField, block.path_of("httpStatus"), text);
    }
    code.map(AbortWith::Http)
}

/// gRPC's codes in their order, from 0 on.
const GRPC: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

fn grpc_status(status: &str, block: &Fields<'_>, problems: &mut Problems) -> Option<AbortWith> {
    let by_name = (0..).zip(GRPC).find(|(_, name)| *name == status).map(|(code, _)| code);
    let code = by_name.or_else(|| status.parse().ok().filter(|code| *code <= 16));
    if code.is_none() {
        let cure = did_you_mean(nearest(status, GRPC));
        let text = format!("{status:?} is no status of gRPC; {cure}");
        problems.reject(Reason::InvalidField, block.path_of("grpcStatus"), text);
    }
    code.map(AbortWith::Grpc)
}
