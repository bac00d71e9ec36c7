//! `retries`, and what Istio does where nothing is said of them.

use std::time::Duration;

use http::StatusCode;
use model::{Reason, Retries, RetryOn};

use super::duration;
use crate::dialect::{Fields, Problems, did_you_mean, nearest};

/// Istio's defaults for every route that says nothing.
const ATTEMPTS: u32 = 2;
const BACKOFF: Duration = Duration::from_millis(25);

pub(super) fn default() -> Retries {
    Retries {
        attempts: ATTEMPTS,
        on: default_on(),
        per_try: None,
        backoff: BACKOFF,
        avoids_failed: true,
    }
}

/// `connect-failure,refused-stream,unavailable,cancelled`.
fn default_on() -> RetryOn {
    RetryOn {
        connect_failure: true,
        refused_stream: true,
        grpc: vec![UNAVAILABLE, CANCELLED],
        ..RetryOn::default()
    }
}

pub(super) fn read(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Retries> {
    let mut block = rule.child("retries", "HTTPRetry", problems)?;
    let attempts = block.integer("attempts", problems).unwrap_or(0);
    let attempts = u32::try_from(attempts).unwrap_or_else(|_| {
        let text = format!("{attempts} attempts cannot be made: write a number from 0 on");
        problems.reject(Reason::InvalidField, block.path_of("attempts"), text);
        0
    });
    let per_try = duration::read(&mut block, "perTryTimeout", problems);
    let backoff = duration::read(&mut block, "backoff", problems).unwrap_or(BACKOFF);
    let on = match block.text("retryOn", problems) {
        Some(words) => retry_on(words, &block.path_of("retryOn"), problems),
        None => default_on(),
    };
    let avoids_failed = block.boolean("retryIgnorePreviousHosts", problems).unwrap_or(true);
    if block.boolean("retryRemoteLocalities", problems) == Some(true) {
        let text = "every endpoint is asked alike, near or far: remove retryRemoteLocalities";
        problems.warn(Reason::NotHonoured, block.path_of("retryRemoteLocalities"), text);
    }
    if attempts == 0 && (per_try.is_some() || block.has("retryOn")) {
        let text =
            "attempts is 0, so that nothing is tried again: raise attempts, or remove the rest";
        problems.warn(Reason::NotHonoured, block.path_of("attempts"), text);
    }
    block.finish(problems);
    Some(Retries { attempts, on, per_try, backoff, avoids_failed })
}

const CANCELLED: u16 = 1;
const UNAVAILABLE: u16 = 14;

/// Conditions that Envoy knows and Doorward does not.
const NOT_HONOURED: [&str; 6] = [
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "reset-before-request",
    "http3-post-connect-failure",
    "envoy-overloaded",
];

const KNOWN: [&str; 11] = [
    "5xx",
    "gateway-error",
    "reset",
    "connect-failure",
    "refused-stream",
    "retriable-4xx",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

/// The words of Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on`, and statuses.
fn retry_on(words: &str, field: &str, problems: &mut Problems) -> RetryOn {
    let mut on = RetryOn::default();
    for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "5xx" => on.server_error = true,
            "gateway-error" => on.gateway_error = true,
            "reset" => on.reset = true,
            "connect-failure" => on.connect_failure = true,
            "refused-stream" => on.refused_stream = true,
            "retriable-4xx" => on.conflict = true,
            "cancelled" => on.grpc.push(CANCELLED),
            "deadline-exceeded" => on.grpc.push(4),
            "resource-exhausted" => on.grpc.push(8),
            "internal" => on.grpc.push(13),
            "unavailable" => on.grpc.push(UNAVAILABLE),
            word => match word.parse::<u16>().ok().filter(|status| (100..600).contains(status)) {
                Some(status) => on.statuses.extend(StatusCode::from_u16(status)),
                None => unknown(word, field, problems),
            },
        }
    }
    on
}

fn unknown(word: &str, field: &str, problems: &mut Problems) {
    if NOT_HONOURED.contains(&word) {
        let text =
            format!("nothing is tried again for {word}, which has no effect here: remove it");
        return problems.warn(Reason::NotHonoured, field, text);
    }
    let cure = did_you_mean(nearest(word, KNOWN));
    problems.reject(Reason::InvalidField, field, format!("{word:?} is no condition; {cure}"));
}
