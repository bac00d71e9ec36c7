//! What went wrong with one endpoint, in the words of clients and of the log.

use std::{error::Error, io};

use super::connect::ConnectError;
use crate::proxy::reason::Reason;

/// A reason for the client, and the cause behind it for the log.
#[derive(Debug)]
pub struct Fault {
    pub reason: Reason,
    pub cause: String,
    /// The backend has refused to look at the request (RFC 9113 section 8.7).
    pub is_refusal: bool,
}

impl Fault {
    pub fn new(reason: Reason, cause: &str) -> Self {
        Self { reason, cause: cause.to_owned(), is_refusal: false }
    }

    /// Whether the client is to blame, so that nothing speaks against the endpoint.
    pub fn is_the_clients(&self) -> bool {
        matches!(self.reason, Reason::BadBody | Reason::ClientTimeout)
    }
}

impl From<&ConnectError> for Fault {
    fn from(error: &ConnectError) -> Self {
        let reason = match error {
            ConnectError::Failed(_) => Reason::ConnectFailed,
            ConnectError::TimedOut(_) => Reason::ConnectTimeout,
        };
        Self::new(reason, &error.to_string())
    }
}

impl From<&hyper::Error> for Fault {
    fn from(error: &hyper::Error) -> Self {
        let reason = match error.is_parse() || error.is_parse_too_large() {
            true => Reason::BackendGarbage,
            false => Reason::BackendReset,
        };
        let cause = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let h2 = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
        let is_refusal = h2.and_then(h2::Error::reason) == Some(h2::Reason::REFUSED_STREAM);
        Self { reason, cause, is_refusal }
    }
}

/// The connection ended before an answer came, as a backend's idle timeout makes it.
pub fn was_lost(error: &hyper::Error) -> bool {
    error.is_incomplete_message()
        || error.is_closed()
        || error.is_canceled()
        || error.source().is_some_and(|source| source.is::<io::Error>())
}
