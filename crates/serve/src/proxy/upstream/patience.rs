//! Waiting for the head of an answer.

use std::{pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::TrySendError};

use super::{fault::Fault, request_body::RequestBody, upload::Upload};
use crate::proxy::reason::Reason;

/// How long one request may wait for its answer. The time runs while nothing moves: an upload
/// that makes progress may take longer.
pub struct Patience {
    /// `None`: the deadlines of a rule stand instead.
    limit: Option<Duration>,
    upload: Option<Arc<Upload>>,
}

/// Why there is no head of an answer.
pub enum NoAnswer {
    /// Nothing of the request was written.
    Unsent(Box<Request<RequestBody>>, hyper::Error),
    Lost(hyper::Error),
    TimedOut,
}

impl Patience {
    pub fn new(limit: Option<Duration>, request: &Request<RequestBody>) -> Self {
        Self { limit, upload: request.body().upload().cloned() }
    }

    pub async fn wait(
        &self,
        answer: impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let Some(limit) = self.limit else { return answer.await.map_err(NoAnswer::from) };
        let mut answer = pin!(answer);
        let mut moved = 0;
        loop {
            match tokio::time::timeout(limit, answer.as_mut()).await {
                Ok(answered) => return answered.map_err(NoAnswer::from),
                Err(_) => match self.upload.as_ref().map(|upload| upload.bytes()) {
                    Some(bytes) if bytes > moved => moved = bytes,
                    _ => return Err(NoAnswer::TimedOut),
                },
            }
        }
    }

    /// Who is to blame for an error after something was sent.
    pub fn blame(&self, error: &hyper::Error) -> Fault {
        let mut fault = Fault::from(error);
        if self.upload.as_ref().is_some_and(|upload| upload.has_failed()) {
            fault.reason = Reason::BadBody;
        }
        fault
    }

    /// Who is to blame for the silence.
    pub fn blame_for_silence(&self) -> Fault {
        if self.upload.as_ref().is_some_and(|upload| upload.is_waiting()) {
            return Fault::new(Reason::ClientTimeout, "the client sent no more of the body");
        }
        Fault::new(Reason::BackendTimeout, "no answer in time")
    }
}

impl From<TrySendError<Request<RequestBody>>> for NoAnswer {
    fn from(mut error: TrySendError<Request<RequestBody>>) -> Self {
        match error.take_message() {
            Some(unsent) => Self::Unsent(Box::new(unsent), error.into_error()),
            None => Self::Lost(error.into_error()),
        }
    }
}
