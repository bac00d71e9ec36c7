//! Waiting for the head of an answer.

use std::{pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::TrySendError};
use model::Listener;
use tokio::time::Instant;

use super::{fault::Fault, request_body::RequestBody, upload::Upload};
use crate::proxy::reason::Reason;

/// How long one request may wait for its answer. The time runs while nothing moves: an upload
/// that makes progress may take longer.
pub struct Patience {
    /// `None`: the deadlines of a rule stand instead.
    silence: Option<Silence>,
    upload: Option<Arc<Upload>>,
}

/// How long each side may be silent while it is the other's turn to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    backend: Duration,
    /// Within its body.
    client: Duration,
}

impl Silence {
    pub fn of(listener: &Listener) -> Self {
        let backend = listener.request_timeout;
        Self { backend, client: listener.client_timeout.unwrap_or(backend) }
    }

    pub fn both(limit: Duration) -> Self {
        Self { backend: limit, client: limit }
    }
}

/// Why there is no head of an answer.
pub enum NoAnswer {
    /// Nothing of the request was written.
    Unsent(Box<Request<RequestBody>>, hyper::Error),
    Lost(hyper::Error),
    TimedOut,
}

impl Patience {
    pub fn new(silence: Option<Silence>, request: &Request<RequestBody>) -> Self {
        Self { silence, upload: request.body().upload().cloned() }
    }

    pub async fn wait(
        &self,
        answer: impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let Some(silence) = self.silence else { return answer.await.map_err(NoAnswer::from) };
        // Often enough to see whose turn it has become.
        let step = match &self.upload {
            Some(_) => silence.backend.min(silence.client),
            None => silence.backend,
        };
        let mut answer = pin!(answer);
        let (mut moved, mut since) = (0, Instant::now());
        let mut look = since + step;
        loop {
            if let Ok(answered) = tokio::time::timeout_at(look, answer.as_mut()).await {
                return answered.map_err(NoAnswer::from);
            }
            match self.upload.as_ref().map(|upload| upload.bytes()) {
                Some(bytes) if bytes > moved => {
                    (moved, since) = (bytes, Instant::now());
                    look = since + step;
                }
                _ => {
                    let end = since + self.allowed(silence);
                    if end <= look {
                        return Err(NoAnswer::TimedOut);
                    }
                    look = end.min(look + step);
                }
            }
        }
    }

    /// How long whoever is waited for now may be silent.
    fn allowed(&self, silence: Silence) -> Duration {
        match self.waits_for_client() {
            true => silence.client,
            false => silence.backend,
        }
    }

    fn waits_for_client(&self) -> bool {
        self.upload.as_ref().is_some_and(|upload| upload.is_waiting())
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
        if self.waits_for_client() {
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
