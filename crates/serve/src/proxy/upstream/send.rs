//! One request to one backend: endpoints in turn until one has taken it.
//!
//! A request is sent again only if the first one cannot have been acted upon: nothing of it was
//! written, or it is a safe request without a body whose kept-alive connection the backend
//! closed at that moment (RFC 9112 section 9.3.1).

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use model::{Backend, BackendProtocol};

use super::{
    Upstream,
    backend_body::{BackendBody, Carrier},
    fault::{Fault, was_lost},
    http2,
    patience::{NoAnswer, Patience},
    request_body::RequestBody,
    station::Station,
    stream::Stream,
    wire::{self, Wire},
};
use crate::proxy::reason::Reason;

/// Endpoints that one request may try.
pub const MAX_ATTEMPTS: usize = 3;

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
    NotSent(Request<RequestBody>, Fault),
    /// A kept-alive connection failed, or time ran out; the endpoint may be well.
    Dropped(Fault),
    /// A new connection failed: something is wrong with the endpoint.
    Failed(Fault),
}

impl Failure {
    /// There was nobody to try.
    pub fn without_endpoint() -> Self {
        Self { reason: Reason::NoEndpoints, endpoint: None, attempts: 0 }
    }
}

impl Upstream {
    /// Sends the request and waits for the head of the answer, `timeout` at each endpoint.
    pub async fn send(
        &self,
        backend: &Arc<Backend>,
        mut request: Request<RequestBody>,
        way: Way,
        client: IpAddr,
        timeout: Duration,
    ) -> Result<Answered, Failure> {
        let rotation = self.rotation(backend);
        let patience = Patience::new(timeout, &request);
        let mut tried: Vec<Arc<Station>> = Vec::new();
        let mut reason = Reason::NoEndpoints;
        while tried.len() < MAX_ATTEMPTS
            && let Some(station) = rotation.pick(&tried, client)
        {
            let attempts = tried.len() as u32 + 1;
            let began = Instant::now();
            match self.send_to(station, request, way, &patience).await {
                Outcome::Answered(response) => {
                    let endpoint = station.label.clone();
                    return Ok(Answered { response, endpoint, attempts, took: began.elapsed() });
                }
                Outcome::NotSent(unsent, fault) => {
                    station.shunned.begin(self.options.shun_time);
                    self.complain(station, backend, &fault);
                    tried.push(station.clone());
                    reason = fault.reason;
                    request = unsent;
                }
                Outcome::Dropped(fault) => {
                    self.complain(station, backend, &fault);
                    return Err(failure(station, attempts, &fault));
                }
                Outcome::Failed(fault) => {
                    if !fault.is_the_clients() {
                        station.shunned.begin(self.options.shun_time);
                    }
                    self.complain(station, backend, &fault);
                    return Err(failure(station, attempts, &fault));
                }
            }
        }
        let endpoint = tried.last().map(|station| station.label.clone());
        Err(Failure { reason, endpoint, attempts: tried.len() as u32 })
    }

    /// Logs what an endpoint did wrong, once for each while.
    pub(super) fn complain(&self, station: &Station, backend: &Backend, fault: &Fault) {
        if fault.is_the_clients() || station.complained.is_on() {
            return;
        }
        station.complained.begin(self.options.shun_time);
        tracing::warn!(
            endpoint = %station.label,
            service = %backend.service,
            reason = fault.reason.as_str(),
            cause = fault.cause,
            "an endpoint failed"
        );
    }

    async fn send_to(
        &self,
        station: &Arc<Station>,
        request: Request<RequestBody>,
        way: Way,
        patience: &Patience,
    ) -> Outcome {
        match (station.protocol, way) {
            (BackendProtocol::Grpc, _) => self.send_http2(station, request, patience).await,
            (_, Way::Pooled) => self.send_http1(station, request, patience).await,
            (_, Way::Upgrade) => self.send_upgrade(station, request, patience).await,
        }
    }

    async fn send_http1(
        &self,
        station: &Arc<Station>,
        mut request: Request<RequestBody>,
        patience: &Patience,
    ) -> Outcome {
        while let Some(mut wire) = station.take() {
            let spare = spare(&request);
            match patience.wait(wire.send(request)).await {
                Ok(response) => return over_wire(response, wire, station),
                Err(NoAnswer::Unsent(unsent, _)) => request = *unsent,
                Err(NoAnswer::TimedOut) => return Outcome::Dropped(patience.blame_for_silence()),
                Err(NoAnswer::Lost(error)) => match spare {
                    Some(spare) if was_lost(&error) => {
                        request = spare;
                        break;
                    }
                    _ => return Outcome::Dropped(patience.blame(&error)),
                },
            }
        }
        let stream = match self.dial(station).await {
            Ok(stream) => stream,
            Err(fault) => return Outcome::NotSent(request, fault),
        };
        let mut wire = match Wire::open(stream).await {
            Ok(wire) => Box::new(wire),
            Err(error) => return Outcome::NotSent(request, Fault::from(&error)),
        };
        match patience.wait(wire.send(request)).await {
            Ok(response) => over_wire(response, wire, station),
            Err(no_answer) => on_new_connection(no_answer, patience),
        }
    }

    async fn send_upgrade(
        &self,
        station: &Station,
        request: Request<RequestBody>,
        patience: &Patience,
    ) -> Outcome {
        let stream = match self.dial(station).await {
            Ok(stream) => stream,
            Err(fault) => return Outcome::NotSent(request, fault),
        };
        let (mut sender, connection) = match wire::builder().handshake(TokioIo::new(stream)).await {
            Ok(opened) => opened,
            Err(error) => return Outcome::NotSent(request, Fault::from(&error)),
        };
        // The request learns of errors by itself; once switched, the tunnel does.
        tokio::spawn(connection.with_upgrades());
        match patience.wait(sender.try_send_request(request)).await {
            Ok(response) => Outcome::Answered(
                response.map(|incoming| BackendBody::new(incoming, Carrier::None)),
            ),
            Err(no_answer) => on_new_connection(no_answer, patience),
        }
    }

    async fn send_http2(
        &self,
        station: &Station,
        request: Request<RequestBody>,
        patience: &Patience,
    ) -> Outcome {
        let mut request = http2::into_http2(request);
        if let Some(mut lease) = http2::join(station) {
            match patience.wait(lease.send(request)).await {
                Ok(response) => return over_lease(response, lease),
                Err(NoAnswer::Unsent(unsent, _)) => request = *unsent,
                Err(NoAnswer::Lost(error)) => return Outcome::Dropped(patience.blame(&error)),
                Err(NoAnswer::TimedOut) => return Outcome::Dropped(patience.blame_for_silence()),
            }
        }
        let stream = match self.dial(station).await {
            Ok(stream) => stream,
            Err(fault) => return Outcome::NotSent(request, fault),
        };
        let mut lease = match http2::open(station, stream).await {
            Ok(lease) => lease,
            Err(error) => return Outcome::NotSent(request, Fault::from(&error)),
        };
        match patience.wait(lease.send(request)).await {
            Ok(response) => over_lease(response, lease),
            Err(no_answer) => on_new_connection(no_answer, patience),
        }
    }

    pub(super) async fn dial(&self, station: &Station) -> Result<Stream, Fault> {
        let dialling = self.connector.connect(&station.endpoint, station.protocol);
        dialling.await.map_err(|error| Fault::from(&error))
    }
}

fn failure(station: &Station, attempts: u32, fault: &Fault) -> Failure {
    Failure { reason: fault.reason, endpoint: Some(station.label.clone()), attempts }
}

fn over_wire(response: Response<Incoming>, wire: Box<Wire>, station: &Arc<Station>) -> Outcome {
    // Nobody asked for a switch, so what follows is in no known protocol.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Outcome::Failed(Fault::new(Reason::BackendGarbage, "a switch nobody asked for"));
    }
    let carrier = Carrier::Wire(wire, station.clone());
    Outcome::Answered(response.map(|incoming| BackendBody::new(incoming, carrier)))
}

fn over_lease(response: Response<Incoming>, lease: http2::Lease) -> Outcome {
    let carrier = Carrier::Lease { _lease: lease };
    Outcome::Answered(response.map(|incoming| BackendBody::new(incoming, carrier)))
}

fn on_new_connection(no_answer: NoAnswer, patience: &Patience) -> Outcome {
    match no_answer {
        NoAnswer::Unsent(unsent, error) => Outcome::NotSent(*unsent, Fault::from(&error)),
        NoAnswer::Lost(error) => Outcome::Failed(patience.blame(&error)),
        NoAnswer::TimedOut => Outcome::Dropped(patience.blame_for_silence()),
    }
}

/// A copy to send again, where sending twice does no harm.
fn spare(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    if request.body().upload().is_some() || !request.method().is_safe() {
        return None;
    }
    let mut spare = Request::new(RequestBody::empty());
    *spare.method_mut() = request.method().clone();
    *spare.uri_mut() = request.uri().clone();
    *spare.version_mut() = request.version();
    *spare.headers_mut() = request.headers().clone();
    Some(spare)
}
