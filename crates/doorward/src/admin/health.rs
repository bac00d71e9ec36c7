//! `/healthz` and `/readyz`. Readiness is read off the stages' own values; nobody has to report.

use std::{fmt::Write, sync::Arc};

use http::StatusCode;
use serve::Served;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::answer::{self, Answer};

pub struct Health {
    pub served: watch::Receiver<Arc<Served>>,
    pub draining: CancellationToken,
}

impl Health {
    /// Ready from the first Model applied until the drain begins. A listener that cannot be bound
    /// is told of, but the others are worth their traffic.
    pub fn ready(&self, verbose: bool) -> Answer {
        let served = self.served.borrow().clone();
        let errors = served.listeners.iter().filter(|_| verbose);
        let unbound = errors.filter_map(|(key, listener)| Some((key, listener.error.as_ref()?)));
        let checks = [
            ("gateway serves the first model", served.generation > 0),
            ("not draining", !self.draining.is_cancelled()),
        ];
        let is_ready = checks.iter().all(|(_, holds)| *holds);

        let mut body = String::new();
        if verbose || !is_ready {
            for (check, holds) in checks {
                let _ = writeln!(body, "[{}] {check}", if holds { '+' } else { '-' });
            }
        }
        for (key, error) in unbound {
            let _ = writeln!(body, "[!] listener {key}: {error}");
        }
        body.push_str(if is_ready { "ready\n" } else { "not ready\n" });
        let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        answer::text(status, body)
    }
}

#[cfg(test)]
mod tests;
