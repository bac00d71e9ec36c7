//! A request on its way to a backend: how it goes, and what can come of it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use http::{Request, Response, StatusCode};
use model::Backend;

use super::{
    Busy,
    backend_body::BackendBody,
    deadlines::{Deadlines, TimeIsUp},
    fault::Fault,
    patience::{Patience, Silence},
    request_body::RequestBody,
    station::Station,
};
use crate::proxy::reason::Reason;

/// A backend's answer and who gave it.
#[derive(Debug)]
pub struct Answered {
    pub response: Response<BackendBody>,
    pub endpoint: Arc<str>,
    pub attempts: u32,
    /// What this endpoint took for the head, with the connecting if it was needed.
    pub took: Duration,
}

/// Why there is no answer, and how far the request came.
#[derive(Debug)]
pub struct Failure {
    pub reason: Reason,
    /// The endpoint tried last.
    pub endpoint: Option<Arc<str>>,
    pub attempts: u32,
}

impl Failure {
    /// There was nobody to try.
    pub fn without_endpoint() -> Self {
        Self { reason: Reason::NoEndpoints, endpoint: None, attempts: 0 }
    }
}

/// On which connection a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Any that is free.
    Pooled,
    /// A new one, which may become something else than HTTP. An answer of 101 carries the
    /// backend's side in its extensions.
    Upgrade,
}

/// A request on its way to a backend.
pub struct Errand<'a> {
    pub backend: &'a Arc<Backend>,
    pub request: Request<RequestBody>,
    /// Who asks, for backends that keep a client with one endpoint.
    pub client: IpAddr,
    pub course: Course,
}

/// How a request goes, and how long it may take.
pub struct Course {
    pub(super) way: Way,
    pub(super) patience: Patience,
    pub(super) deadlines: Option<Box<Deadlines>>,
}

impl Course {
    /// With so much silence at each endpoint, until the answer begins.
    pub fn patient(way: Way, silence: Silence, request: &Request<RequestBody>) -> Self {
        Self { way, patience: Patience::new(Some(silence), request), deadlines: None }
    }

    /// For as long as it takes.
    pub fn untimed(way: Way, request: &Request<RequestBody>) -> Self {
        Self { way, patience: Patience::new(None, request), deadlines: None }
    }

    pub fn timed(way: Way, deadlines: Deadlines, request: &Request<RequestBody>) -> Self {
        Self { deadlines: Some(Box::new(deadlines)), ..Self::untimed(way, request) }
    }

    /// Ends when the answer must have been passed on; `None`: it may take its time.
    pub fn for_answer(&self) -> Option<TimeIsUp> {
        self.deadlines.as_ref().and_then(|deadlines| deadlines.for_answer())
    }

    /// Whether a try that begins after this pause could still come in time.
    pub fn has_time_for(&self, pause: Duration) -> bool {
        self.deadlines
            .as_ref()
            .and_then(|deadlines| deadlines.left())
            .is_none_or(|left| pause < left)
    }
}

/// What came of one endpoint.
pub enum Outcome {
    Answered(Response<BackendBody>),
    /// Nothing of the request was sent, so another endpoint may have it.
    NotSent(Request<RequestBody>, Fault),
    /// A kept-alive connection failed, or time ran out; the endpoint may be well.
    Dropped(Fault),
    /// A new connection failed: something is wrong with the endpoint.
    Failed(Fault),
}

impl Outcome {
    pub fn is_unsent(&self) -> bool {
        matches!(self, Self::NotSent(..))
    }

    /// Counts the request at its endpoint until the answer, or what it switched to, has ended.
    pub fn keeping(mut self, busy: Option<Busy>) -> Self {
        if let (Self::Answered(response), Some(busy)) = (&mut self, busy) {
            match response.status() {
                StatusCode::SWITCHING_PROTOCOLS => {
                    response.extensions_mut().insert(Arc::new(busy));
                }
                _ => response.body_mut().keep_busy(busy),
            }
        }
        self
    }

    pub fn into_result(
        self,
        station: &Station,
        attempts: u32,
        took: Duration,
    ) -> Result<Answered, Failure> {
        let endpoint = station.label.clone();
        match self {
            Self::Answered(response) => Ok(Answered { response, endpoint, attempts, took }),
            Self::NotSent(_, fault) | Self::Dropped(fault) | Self::Failed(fault) => {
                Err(Failure { reason: fault.reason, endpoint: Some(endpoint), attempts })
            }
        }
    }
}
