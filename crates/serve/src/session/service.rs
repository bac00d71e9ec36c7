//! From a request that hyper has read to the response that it writes: looks up the listener as
//! it stands now, lets the proxy answer, and keeps the books.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use http::{HeaderValue, Request, Response, StatusCode, Version, header::CONNECTION};
use hyper::body::Incoming;

use super::body::{InFlight, TrackedBody};
use crate::{
    Connection, challenge,
    listener::{Admission, Shared},
    proxy::Reason,
    roster::{Order, Pulse},
};

/// One client connection after its handshake.
pub struct Session {
    pub shared: Arc<Shared>,
    pub connection: Arc<Connection>,
    pub pulse: Arc<Pulse>,
    pub admission: Admission,
}

impl Session {
    pub fn idle_timeout(&self) -> Duration {
        let state = self.shared.state.load();
        state.serving(self.admission).unwrap_or(&state).listener.idle_timeout
    }

    pub fn header_time(&self) -> Duration {
        let state = self.shared.state.load();
        let listener = &state.serving(self.admission).unwrap_or(&state).listener;
        listener.client_timeout.unwrap_or(self.shared.common.limits.header_time)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<TrackedBody> {
        let whole = self.shared.state.load_full();
        let current = whole.serving(self.admission);
        let listener = current.unwrap_or(&whole).listener.clone();
        let in_flight = InFlight::begin(&self.pulse, listener.idle_timeout);
        let common = &self.shared.common;
        let is_http1 = request.version() < Version::HTTP_2;
        let entry = common.access_log.begin(&self.connection, &listener.key, &request);

        let challenged = match self.connection.tls {
            None => challenge::over_http(&common.challenges.load(), &request),
            Some(_) => None,
        };
        let mut response = match (challenged, current) {
            (Some(answer), _) => answer,
            (None, Some(_)) => {
                let servers = whole.servers.as_ref();
                common.proxy.answer_among(&self.connection, &listener, servers, request).await
            }
            // Let in by terms that are no longer in force: the client has to connect anew.
            (None, None) => Reason::Misdirected.response(),
        };

        common.requests.answered(response.status());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.pulse.tunnel();
        } else if is_http1 && self.pulse.order() >= Order::Finish {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let entry = entry.map(|entry| entry.answered(&mut response));
        response.map(|body| TrackedBody::new(body, in_flight, entry))
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<TrackedBody>, Infallible>> + Send>>;

/// hyper keeps room for the future of one request in every HTTP/1 connection, idle ones too;
/// boxed, that room is two words. The HTTP/2 future must be `Unpin`, and is boxed for that.
fn answer(session: &Arc<Session>, request: Request<Incoming>) -> Answer {
    let session = session.clone();
    Box::pin(async move { Ok(session.answer(request).await) })
}

/// The requests of one connection, as hyper calls for their answers.
pub struct Requests(pub Arc<Session>);

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<TrackedBody>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        answer(&self.0, request)
    }
}
