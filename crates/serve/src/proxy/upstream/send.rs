//! One request to one backend: endpoints in turn until one has taken it.
//!
//! A request is sent again only if the first one cannot have been acted upon: nothing of it was
//! written, or it is a safe request without a body whose kept-alive connection the backend
//! closed at that moment (RFC 9112 section 9.3.1).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, client::conn::TrySendError};
use hyper_util::rt::TokioIo;
use model::{Backend, BackendProtocol};

use super::{
    Upstream,
    backend_body::{BackendBody, Carrier},
    http2,
    replay::{reason_of, spare, was_lost},
    request_body::{RequestBody, Upload},
    station::Station,
    wire::{self, Wire},
};
use crate::proxy::reason::Reason;

/// Endpoints that one request may try.
const MAX_ATTEMPTS: usize = 3;

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

/// On which connection a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Any that is free.
    Pooled,
    /// A new one, which may become something else than HTTP. An answer of 101 carries the
    /// backend's side in its extensions.
    Upgrade,
}

/// What came of one endpoint.
enum Outcome {
    Answered(Response<BackendBody>),
    /// Nothing of the request was sent, so another endpoint may have it.
    NotSent(Request<RequestBody>, Reason),
    /// A kept-alive connection failed; the endpoint may be well.
    Dropped(Reason),
    /// A new connection failed: something is wrong with the endpoint.
    Failed(Reason),
}

impl Upstream {
    /// Sends the request and waits for the head of the answer. `timeout` runs while nothing
    /// moves: an upload that makes progress may take longer.
    pub async fn send(
        &self,
        backend: &Arc<Backend>,
        request: Request<RequestBody>,
        way: Way,
        timeout: Duration,
    ) -> Result<Answered, Failure> {
        let rotation = self.rotation(backend);
        let upload = request.body().upload().cloned();
        let mut tried: Vec<Arc<Station>> = Vec::new();
        let mut failure = Reason::NoEndpoints;
        let mut request = request;
        while tried.len() < MAX_ATTEMPTS
            && let Some(station) = rotation.pick(&tried)
        {
            let attempts = tried.len() as u32 + 1;
            let began = Instant::now();
            let outcome = self.send_to(station, request, way);
            let reason = match while_moving(timeout, upload.as_deref(), outcome).await {
                Some(Outcome::Answered(response)) => {
                    let endpoint = station.label.clone();
                    return Ok(Answered { response, endpoint, attempts, took: began.elapsed() });
                }
                Some(Outcome::NotSent(unsent, reason)) => {
                    station.shun(self.options.shun_time);
                    tried.push(station.clone());
                    failure = reason;
                    request = unsent;
                    continue;
                }
                Some(Outcome::Failed(_) | Outcome::Dropped(_))
                    if upload.as_ref().is_some_and(|upload| upload.has_failed()) =>
                {
                    Reason::BadBody
                }
                Some(Outcome::Failed(reason)) => {
                    station.shun(self.options.shun_time);
                    reason
                }
                Some(Outcome::Dropped(reason)) => reason,
                None if upload.as_ref().is_some_and(|upload| upload.is_waiting()) => {
                    Reason::ClientTimeout
                }
                None => Reason::BackendTimeout,
            };
            return Err(Failure { reason, endpoint: Some(station.label.clone()), attempts });
        }
        let endpoint = tried.last().map(|station| station.label.clone());
        Err(Failure { reason: failure, endpoint, attempts: tried.len() as u32 })
    }

    async fn send_to(
        &self,
        station: &Arc<Station>,
        request: Request<RequestBody>,
        way: Way,
    ) -> Outcome {
        match (station.protocol, way) {
            (BackendProtocol::Grpc, _) => self.send_http2(station, request).await,
            (_, Way::Pooled) => self.send_http1(station, request).await,
            (_, Way::Upgrade) => self.send_upgrade(station, request).await,
        }
    }

    async fn send_http1(
        &self,
        station: &Arc<Station>,
        mut request: Request<RequestBody>,
    ) -> Outcome {
        while let Some(mut wire) = station.take() {
            let spare = spare(&request);
            match wire.send(request).await {
                Ok(response) => return over_wire(response, wire, station),
                Err(mut error) => match (error.take_message(), spare) {
                    (Some(unsent), _) => request = unsent,
                    (None, Some(spare)) if was_lost(error.error()) => {
                        request = spare;
                        break;
                    }
                    (None, _) => return Outcome::Dropped(reason_of(error.error())),
                },
            }
        }
        let stream = match self.connector.connect(&station.endpoint, station.protocol).await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(endpoint = %station.label, %error, "endpoint passed over");
                return Outcome::NotSent(request, error.reason());
            }
        };
        let mut wire = match Wire::open(stream).await {
            Ok(wire) => Box::new(wire),
            Err(error) => return Outcome::NotSent(request, reason_of(&error)),
        };
        match wire.send(request).await {
            Ok(response) => over_wire(response, wire, station),
            Err(error) => failed(error),
        }
    }

    async fn send_upgrade(&self, station: &Station, request: Request<RequestBody>) -> Outcome {
        let stream = match self.connector.connect(&station.endpoint, station.protocol).await {
            Ok(stream) => stream,
            Err(error) => return Outcome::NotSent(request, error.reason()),
        };
        let (mut sender, connection) = match wire::builder().handshake(TokioIo::new(stream)).await {
            Ok(opened) => opened,
            Err(error) => return Outcome::NotSent(request, reason_of(&error)),
        };
        // The request learns of errors by itself; once switched, the tunnel does.
        tokio::spawn(connection.with_upgrades());
        match sender.try_send_request(request).await {
            Ok(response) => Outcome::Answered(
                response.map(|incoming| BackendBody::new(incoming, Carrier::None)),
            ),
            Err(error) => failed(error),
        }
    }

    async fn send_http2(&self, station: &Arc<Station>, request: Request<RequestBody>) -> Outcome {
        let mut request = http2::into_http2(request);
        if let Some(mut lease) = http2::join(station) {
            match lease.send(request).await {
                Ok(response) => return over_lease(response, lease),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Outcome::Dropped(reason_of(error.error())),
                },
            }
        }
        let stream = match self.connector.connect(&station.endpoint, station.protocol).await {
            Ok(stream) => stream,
            Err(error) => return Outcome::NotSent(request, error.reason()),
        };
        let mut lease = match http2::open(station, stream).await {
            Ok(lease) => lease,
            Err(error) => return Outcome::NotSent(request, reason_of(&error)),
        };
        match lease.send(request).await {
            Ok(response) => over_lease(response, lease),
            Err(error) => failed(error),
        }
    }
}

fn over_wire(response: Response<Incoming>, wire: Box<Wire>, station: &Arc<Station>) -> Outcome {
    // Nobody asked for a switch, so what follows is in no known protocol.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Outcome::Dropped(Reason::BackendGarbage);
    }
    let carrier = Carrier::Wire(wire, station.clone());
    Outcome::Answered(response.map(|incoming| BackendBody::new(incoming, carrier)))
}

fn over_lease(response: Response<Incoming>, lease: http2::Lease) -> Outcome {
    let carrier = Carrier::Lease { _lease: lease };
    Outcome::Answered(response.map(|incoming| BackendBody::new(incoming, carrier)))
}

fn failed(mut error: TrySendError<Request<RequestBody>>) -> Outcome {
    match error.take_message() {
        Some(unsent) => Outcome::NotSent(unsent, reason_of(error.error())),
        None => Outcome::Failed(reason_of(error.error())),
    }
}

/// Waits for `future` at most `limit` after the upload last moved.
async fn while_moving<F: Future>(
    limit: Duration,
    upload: Option<&Upload>,
    future: F,
) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut seen = 0;
    loop {
        if let Ok(output) = tokio::time::timeout(limit, future.as_mut()).await {
            return Some(output);
        }
        match upload.map(Upload::bytes) {
            Some(bytes) if bytes > seen => seen = bytes,
            _ => return None,
        }
    }
}
