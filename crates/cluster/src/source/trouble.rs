//! What it means that a watch failed, and when to try again: pure functions of the error.

use std::time::Duration;

use kube::{Error, core::Status, runtime::watcher};

use crate::call::without_times;

/// Why a watch gives nothing at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection ended or the history is too old; the next try tells more.
    Cut,
    /// The API server has no such kind: its CRD is not installed.
    Absent,
    /// RBAC refuses `verb`.
    Denied { verb: &'static str, says: String },
    /// The API server does not answer, or cannot.
    Away(String),
}

/// How long to wait between two tries.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// After the first failure; doubled with each one after that.
    pub first: Duration,
    /// The longest wait while the API server does not answer.
    pub longest: Duration,
    /// Until a kind that is not installed, or refused, is asked for again. A list of a kind that
    /// is not there costs the API server next to nothing, and needs no right to watch CRDs.
    pub again: Duration,
    /// Between two starts of one watch, should something cut it at once each time.
    pub between_watches: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(10),
            again: Duration::from_secs(5),
            between_watches: Duration::from_secs(1),
        }
    }
}

impl Trouble {
    pub(super) fn of(error: &watcher::Error) -> Self {
        match error {
            watcher::Error::InitialListFailed(error) => Self::of_call(error, "list"),
            watcher::Error::WatchStartFailed(error) => match is_expired(error) {
                true => Self::Cut,
                false => Self::of_call(error, "watch"),
            },
            watcher::Error::WatchError(status) if status.code == 410 => Self::Cut,
            watcher::Error::WatchError(status) => Self::of_status(status, "watch"),
            watcher::Error::WatchFailed(_) => Self::Cut,
            watcher::Error::NoResourceVersion => {
                Self::Away("its objects have no resourceVersion".to_owned())
            }
        }
    }

    pub(super) fn of_call(error: &Error, verb: &'static str) -> Self {
        match error {
            Error::Api(status) => Self::of_status(status, verb),
            error => Self::Away(causes(error)),
        }
    }

    fn of_status(status: &Status, verb: &'static str) -> Self {
        match status.code {
            403 => Self::Denied { verb, says: one_line(&status.message) },
            404 => Self::Absent,
            code => Self::Away(format!("it answers {code}: {}", one_line(&status.message))),
        }
    }

    /// How long to wait, after so many failures in a row. `chance` is any number: replicas that
    /// failed together should not all come back at one moment.
    pub(super) fn delay(&self, pace: &Pace, failures: u32, chance: u64) -> Duration {
        match self {
            // An API server that starts refuses everything for a moment.
            Self::Denied { .. } if failures == 0 => pace.again / 2,
            Self::Absent | Self::Denied { .. } => pace.again,
            Self::Cut | Self::Away(_) => {
                let doubled = pace.first.saturating_mul(1 << failures.min(16)).min(pace.longest);
                // Between half of it and all of it.
                doubled / 2 + doubled.mul_f64((chance % 1024) as f64 / 2048.0)
            }
        }
    }
}

/// Whether only a new list helps. kube's watcher tries a watch that cannot start again from where
/// it was, for ever.
pub(super) fn needs_new_list(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchStartFailed(error) => {
            is_expired(error) || matches!(error, Error::Api(status) if status.code == 404)
        }
        _ => false,
    }
}

/// The API server has forgotten the place from which to go on, or, restored from a backup, has
/// not come that far.
fn is_expired(error: &Error) -> bool {
    matches!(error, Error::Api(status)
        if status.code == 410 || status.message.contains("Too large resource version"))
}

/// An error of the client with all its causes, none of which holds content of an object.
fn causes(error: &Error) -> String {
    if matches!(error, Error::SerdeError(_)) {
        return "its answer is not JSON".to_owned();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        let more = deeper.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = deeper.source();
    }
    one_line(without_times(text.trim_start_matches("ServiceError: ")))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests;
