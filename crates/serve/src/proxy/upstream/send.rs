//! One request to one backend: endpoints in turn until one has taken it.
//!
//! A request is sent again only if the first one cannot have been acted upon: nothing of it was
//! written, or it is a safe request without a body whose kept-alive connection the backend
//! closed at that moment (RFC 9112 section 9.3.1).

use std::{sync::Arc, time::Instant};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use model::{Backend, BackendProtocol};
use tokio_util::either::Either;

use super::{
    Upstream,
    backend_body::{BackendBody, Carrier},
    deadlines::Deadlines,
    errand::{Answered, Course, Errand, Failure, Outcome, Way},
    fault::{Fault, was_lost},
    head::Head,
    http2,
    patience::{NoAnswer, Patience},
    request_body::RequestBody,
    retry_on::Trial,
    station::Station,
    stream::Stream,
    wire::{self, Wire},
};
use crate::proxy::reason::Reason;

/// Endpoints that one request may try.
pub const MAX_ATTEMPTS: usize = 3;

impl Upstream {
    /// Sends the request and waits for the head of the answer.
    pub async fn send(&self, errand: Errand<'_>) -> Result<Answered, Failure> {
        let Errand { backend, mut request, client, course } = errand;
        let rotation = self.rotation(backend);
        let mut tried: Vec<Arc<Station>> = Vec::new();
        let mut reason = Reason::NoEndpoints;
        while tried.len() < MAX_ATTEMPTS
            && let Some(station) = rotation.pick(&tried, client)
        {
            let attempts = tried.len() as u32 + 1;
            let began = Instant::now();
            let busy = rotation.occupy(station);
            let outcome = self.send_to(station, request, &course).await;
            self.judge(station, backend, &outcome);
            match outcome {
                Outcome::NotSent(unsent, fault) => {
                    tried.push(station.clone());
                    reason = fault.reason;
                    request = unsent;
                }
                settled => {
                    return settled.keeping(busy).into_result(station, attempts, began.elapsed());
                }
            }
        }
        let endpoint = tried.last().map(|station| station.label.clone());
        Err(Failure { reason, endpoint, attempts: tried.len() as u32 })
    }

    /// What the outcome says of the endpoint: remembers it, and logs it.
    pub(super) fn judge(&self, station: &Station, backend: &Backend, outcome: &Outcome) -> Trial {
        let (fault, is_new) = match outcome {
            Outcome::Answered(response) => {
                return Trial::answered(response.status(), response.headers());
            }
            Outcome::NotSent(_, fault) => (fault, true),
            Outcome::Failed(fault) => (fault, !fault.is_the_clients()),
            Outcome::Dropped(fault) => (fault, false),
        };
        if is_new {
            station.shunned.begin(self.options.shun_time);
        }
        self.complain(station, backend, fault);
        Trial::failed(fault)
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

    /// No `async fn`: that would carry the request twice.
    pub(super) fn send_to<'a>(
        &'a self,
        station: &'a Arc<Station>,
        request: Request<RequestBody>,
        course: &'a Course,
    ) -> impl Future<Output = Outcome> + Send + 'a {
        match &course.deadlines {
            // Apart, so that requests of rules without times do not carry its weight.
            Some(deadlines) => {
                Either::Left(Box::pin(self.send_in_time(station, request, course, deadlines)))
            }
            None => Either::Right(self.send_by(station, request, course)),
        }
    }

    async fn send_in_time(
        &self,
        station: &Arc<Station>,
        request: Request<RequestBody>,
        course: &Course,
        deadlines: &Deadlines,
    ) -> Outcome {
        let time_is_up = deadlines.pass(tokio::time::Instant::now());
        tokio::select! {
            biased;
            outcome = self.send_by(station, request, course) => outcome,
            () = time_is_up => Outcome::Dropped(course.patience.blame_for_silence()),
        }
    }

    async fn send_by(
        &self,
        station: &Arc<Station>,
        request: Request<RequestBody>,
        course: &Course,
    ) -> Outcome {
        let patience = &course.patience;
        match (station.protocol, course.way) {
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
    Some(Request::from_parts(Head::of(request).into_parts(), RequestBody::empty()))
}
