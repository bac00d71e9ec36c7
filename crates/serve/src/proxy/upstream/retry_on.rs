//! Whether a try failed in a way that its rule wants tried again.

use http::{HeaderMap, StatusCode};
use model::RetryOn;

use super::fault::Fault;
use crate::proxy::reason::Reason;

/// What came of one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// An answer, with the `grpc-status` of its head.
    Answered(StatusCode, Option<u16>),
    NotConnected,
    /// HTTP/2 `REFUSED_STREAM`.
    Refused,
    /// A reset, nonsense, or silence.
    NoAnswer,
    /// Another try would meet the same client.
    ClientFailed,
}

impl Trial {
    pub fn answered(status: StatusCode, headers: &HeaderMap) -> Self {
        let code = headers.get("grpc-status").and_then(|code| code.to_str().ok()?.parse().ok());
        Self::Answered(status, code)
    }

    pub fn failed(fault: &Fault) -> Self {
        match fault.reason {
            _ if fault.is_the_clients() => Self::ClientFailed,
            _ if fault.is_refusal => Self::Refused,
            Reason::ConnectFailed | Reason::ConnectTimeout => Self::NotConnected,
            _ => Self::NoAnswer,
        }
    }

    pub fn is_worth_another(self, on: &RetryOn) -> bool {
        let on_no_answer = on.reset || on.server_error || on.gateway_error;
        match self {
            Self::Answered(status, grpc) => {
                (on.server_error && status.is_server_error())
                    || (on.gateway_error && (502..=504).contains(&status.as_u16()))
                    || (on.conflict && status == StatusCode::CONFLICT)
                    || on.statuses.contains(&status)
                    || grpc.is_some_and(|code| on.grpc.contains(&code))
            }
            Self::NotConnected => on.connect_failure || on_no_answer,
            Self::Refused => on.refused_stream || on_no_answer,
            Self::NoAnswer => on_no_answer,
            Self::ClientFailed => false,
        }
    }
}

#[cfg(test)]
mod tests;
