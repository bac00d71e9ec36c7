//! What the API server answered to a write, as far as it decides what comes next.

use kube::core::Status;
use tracing::warn;

use crate::{call, lease::WriteError};

/// Why a request did not come to anything. Holds no content of any object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such object, or its namespace is being deleted.
    Gone,
    /// There is one of this name already.
    AlreadyExists,
    /// No rule allows it.
    Forbidden(String),
    /// This object cannot be written, or not just now; others may be.
    NotThis(String),
    /// The server cannot be reached or is at its limit.
    NoAnswer(String),
    /// The lease is not, or no longer, certain.
    NotLeader,
    /// It was not asked, as others got no answer just now.
    NotAsked,
}

impl Refused {
    /// Nothing but a change in the cluster can help.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::NotThis(_) | Self::Gone)
    }

    pub fn tell(&self, what: &str) {
        match self {
            Self::Forbidden(text) | Self::NotThis(text) | Self::NoAnswer(text) => {
                warn!(error = text, "{what}");
            }
            Self::Gone | Self::AlreadyExists | Self::NotLeader | Self::NotAsked => {}
        }
    }
}

impl From<WriteError> for Refused {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotLeader | WriteError::CutOff => Self::NotLeader,
            WriteError::Api(error) => error.into(),
        }
    }
}

impl From<kube::Error> for Refused {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => of_status(&status),
            // Its text may quote the object.
            kube::Error::SerdeError(_) => Self::NotThis("the answer is no such object".to_owned()),
            other => Self::NoAnswer(call::innermost(&other)),
        }
    }
}

fn of_status(status: &Status) -> Refused {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let is_ending = causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating");
    let text = || call::words_of(status);
    match status.code {
        404 => Refused::Gone,
        403 if is_ending => Refused::Gone,
        _ if call::is_refused_by_rbac(status) => Refused::Forbidden(text()),
        409 if status.is_already_exists() => Refused::AlreadyExists,
        // Not 500: that is a webhook which fails, and of this object perhaps.
        401 | 429 | 502..=504 => Refused::NoAnswer(text()),
        _ => Refused::NotThis(text()),
    }
}

#[cfg(test)]
mod tests;
