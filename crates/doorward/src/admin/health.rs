//! `/healthz` and `/readyz`. Readiness is read off the stages' own values; nobody has to report.

use std::{fmt::Write, sync::Arc};

use http::StatusCode;
use jiff::Timestamp;
use serve::Served;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::answer::{self, Answer};

/// What the World stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing can be served yet: it waits for this.
    Waiting(String),
    /// The last good objects, saved at this time, since the source is away.
    LastGood { saved: Timestamp, why: String },
    /// The source was read whole. Since then it may have gone away again.
    Current { trouble: Option<String> },
}

impl Standing {
    /// A source that is always at hand.
    pub const CURRENT: Self = Self::Current { trouble: None };
}

pub struct Health {
    pub standing: watch::Receiver<Standing>,
    pub served: watch::Receiver<Arc<Served>>,
    pub draining: CancellationToken,
}

impl Health {
    /// Ready from the first Model applied until the drain begins. A listener that cannot be bound
    /// is told of, but the others are worth their traffic; so is a source that is away, whose last
    /// objects are served.
    pub fn ready(&self, verbose: bool) -> Answer {
        let served = self.served.borrow().clone();
        let standing = self.standing.borrow().clone();
        let mut checks = vec![
            ("gateway serves the first model".to_owned(), served.generation > 0),
            ("not draining".to_owned(), !self.draining.is_cancelled()),
        ];
        let mut remarks = Vec::new();
        match &standing {
            Standing::Waiting(what) => {
                checks.push((format!("objects read: waits for {what}"), false))
            }
            Standing::LastGood { saved, why } => {
                remarks.push(format!("serves the last good objects, saved at {saved}: {why}"));
            }
            Standing::Current { trouble } => {
                checks.push(("objects read".to_owned(), true));
                remarks.extend(trouble.clone());
            }
        }
        for (key, listener) in &served.listeners {
            if let Some(error) = &listener.error {
                remarks.push(format!("listener {key}: {error}"));
            }
        }
        answer(&checks, if verbose { &remarks } else { &[] }, verbose)
    }
}

/// Readiness before there is anything to be ready with.
pub fn not_ready(standing: &Standing) -> Answer {
    let check = match standing {
        Standing::Waiting(what) => format!("objects read: waits for {what}"),
        Standing::LastGood { .. } | Standing::Current { .. } => {
            "gateway serves the first model".to_owned()
        }
    };
    answer(&[(check, false)], &[], true)
}

fn answer(checks: &[(String, bool)], remarks: &[String], verbose: bool) -> Answer {
    let is_ready = checks.iter().all(|(_, holds)| *holds);
    let mut body = String::new();
    if verbose || !is_ready {
        for (check, holds) in checks {
            let _ = writeln!(body, "[{}] {check}", if *holds { '+' } else { '-' });
        }
    }
    for remark in remarks {
        let _ = writeln!(body, "[!] {remark}");
    }
    body.push_str(if is_ready { "ready\n" } else { "not ready\n" });
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer::text(status, body)
}

#[cfg(test)]
mod tests;
