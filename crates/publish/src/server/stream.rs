//! The task of one stream: reads requests, follows the catalogue, sends what the session decides.
//! It decides nothing itself.

use std::{sync::Arc, time::Instant};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::sleep_until,
};
use tonic::{Status, Streaming};
use tracing::{debug, warn};

use super::{calls::is_secret, connection::Caller, now};
use crate::{
    catalogue::Catalogue,
    ledger::Line,
    metrics::Refusal,
    session::{Answer, Flavour, Now, Push, Session, TooMuch},
    wire::Node,
};

/// Responses made and not yet taken by the connection.
const MADE_AHEAD: usize = 4;

/// The words of one protocol.
pub trait Words: prost::Message + Default + Send + 'static {
    type Response: prost::Message + Send + 'static;
    const FLAVOUR: Flavour;

    fn type_url(&self) -> &str;
    fn node(&self) -> Option<&Node>;
    fn tell(&self, session: &mut Session, now: Now) -> Result<Option<Answer>, TooMuch>;
    fn response(push: &Push) -> Self::Response;
}

type Outgoing<W> = Result<<W as Words>::Response, Status>;

struct Task<W: Words> {
    requests: Streaming<W>,
    responses: mpsc::Sender<Outgoing<W>>,
    line: Line,
    is_aggregated: bool,
    caller: Caller,
    /// No request is read before; a client that floods waits.
    read_at: Instant,
}

pub fn start<W: Words>(
    requests: Streaming<W>,
    line: Line,
    is_aggregated: bool,
    caller: Caller,
    place: OwnedSemaphorePermit,
) -> mpsc::Receiver<Outgoing<W>> {
    let (responses, received) = mpsc::channel(MADE_AHEAD);
    let task = Task { requests, responses, line, is_aggregated, caller, read_at: Instant::now() };
    tokio::spawn(async move {
        task.run().await;
        drop(place);
    });
    received
}

impl<W: Words> Task<W> {
    async fn run(mut self) {
        let stop = self.caller.stop.clone();
        let ended = tokio::select! {
            ended = self.converse() => ended,
            () = stop.cancelled() => Err(Status::unavailable("secret discovery is stopping")),
        };
        if let Err(status) = ended {
            // The client may be gone, which is just as well.
            let _ = self.responses.try_send(Err(status));
        }
    }

    /// Requests go first, so that a list which comes name by name is answered as a whole. What is
    /// sent is chosen when it can go out, so that it is the newest.
    async fn converse(&mut self) -> Result<(), Status> {
        let responses = self.responses.clone();
        let mut catalogues = self.caller.common.catalogue.clone();
        let mut catalogue: Arc<Catalogue> = catalogues.borrow_and_update().clone();
        loop {
            let (has_news, wake_at) = {
                let session = self.line.session();
                (session.has_news(), session.wake_at())
            };
            let is_held_up = self.read_at > Instant::now();
            tokio::select! {
                biased;
                request = self.requests.message(), if !is_held_up => match request {
                    Ok(Some(request)) => self.hear(&request)?,
                    Ok(None) => return Ok(()),
                    Err(status) => return Err(self.unreadable(status)),
                },
                changed = catalogues.changed() => {
                    if changed.is_err() {
                        return Err(Status::unavailable("secret discovery is stopping"));
                    }
                    catalogue = catalogues.borrow_and_update().clone();
                    self.line.session().catalogue_changed();
                }
                room = responses.reserve(), if has_news => {
                    // The client has hung up.
                    let Ok(room) = room else { return Ok(()) };
                    let push = self.line.session().next(&catalogue, now());
                    if let Some(push) = push {
                        self.caller.common.metrics.sent();
                        room.send(Ok(W::response(&push)));
                    }
                }
                () = responses.closed() => return Ok(()),
                () = sleep_until(self.read_at.into()), if is_held_up => {}
                () = sleep_until(wake_at.unwrap_or_else(Instant::now).into()),
                    if wake_at.is_some() =>
                {
                    self.line.session().woken(now());
                }
            }
        }
    }

    fn hear(&mut self, request: &W) -> Result<(), Status> {
        let metrics = &self.caller.common.metrics;
        metrics.requested();
        let wait = {
            let mut bucket =
                self.caller.bucket.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            bucket.take(Instant::now())
        };
        self.read_at = Instant::now() + wait;
        if let Some(node) = request.node() {
            self.line.introduce(node);
        }
        if !is_secret(request.type_url(), self.is_aggregated)? {
            return Ok(());
        }
        let told = request.tell(&mut self.line.session(), now());
        match told {
            Ok(None) => {}
            Ok(Some(Answer::Acked(took))) => metrics.acked(took),
            Ok(Some(Answer::Rejected)) => metrics.rejected(),
            Err(too_much) => {
                metrics.refused(Refusal::TooMuchAsked);
                warn!("secret discovery ends a stream: {too_much}");
                return Err(Status::resource_exhausted(too_much.to_string()));
            }
        }
        Ok(())
    }

    /// A request that is no message, or too large, or that broke off.
    fn unreadable(&self, status: Status) -> Status {
        debug!(%status, "a request of secret discovery cannot be read");
        self.caller.common.metrics.refused(Refusal::BadRequest);
        status
    }
}
