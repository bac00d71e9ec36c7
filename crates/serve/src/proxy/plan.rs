//! What a rule's `Forwarding` means for one request.

use std::{net::IpAddr, sync::Arc};

use http::{Request, request};
use hyper::body::Incoming;
use model::{Backend, Forwarding, Listener, Mirror, Retries, Timeout};

use super::{
    Proxy,
    mirror::Terms,
    upstream::{
        Answered, Course, Deadlines, Errand, Failure, RequestBody, Silence, TimeIsUp, Way,
        awaiting_consent,
    },
};

#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    pub forwarding: &'a Forwarding,
    pub way: Way,
    pub listener: &'a Listener,
}

impl<'a> Plan<'a> {
    /// None of a request that may become something else than HTTP: nothing of that is repeatable.
    fn retries(&self) -> Option<&'a Retries> {
        self.forwarding.retries.as_ref().filter(|_| self.way == Way::Pooled)
    }

    fn mirrors(&self) -> &'a [Mirror] {
        if self.way == Way::Pooled { &self.forwarding.mirrors } else { &[] }
    }

    /// Sends the request, with copies to the mirrors and again where the rule wants it. Yields also
    /// the moment by which the answer must have been passed on.
    pub async fn send(
        &self,
        proxy: &Proxy,
        backend: &Arc<Backend>,
        parts: request::Parts,
        incoming: Incoming,
        client: IpAddr,
    ) -> (Result<Answered, Failure>, Option<TimeIsUp>) {
        let body = match self.needs_body_kept() {
            true => RequestBody::kept(incoming),
            false => RequestBody::new(incoming),
        };
        let request = awaiting_consent(parts, body);
        let terms = Terms { client, limit: self.listener.request_timeout };
        proxy.mirrors.copy(self.mirrors(), &request, terms);
        let course = self.course(&request);
        let time_is_up = course.for_answer();
        let errand = Errand { backend, request, client, course };
        let sent = match self.retries() {
            Some(retries) => proxy.upstream.send_again(errand, retries).await,
            None => proxy.upstream.send(errand).await,
        };
        (sent, time_is_up)
    }

    /// Whether somebody may want the request's body a second time.
    fn needs_body_kept(&self) -> bool {
        !self.mirrors().is_empty() || self.retries().is_some_and(|retries| retries.attempts > 0)
    }

    fn course(&self, request: &Request<RequestBody>) -> Course {
        let own = self.listener.request_timeout;
        let per_try = self.retries().and_then(|retries| retries.per_try);
        let (whole, per_try) = match (self.forwarding.timeout, per_try) {
            (Timeout::Listener, None) => {
                return Course::patient(self.way, Silence::of(self.listener), request);
            }
            (Timeout::Listener, Some(per_try)) => (None, Some(per_try.min(own))),
            (Timeout::Off, per_try) => (None, per_try),
            (Timeout::After(whole), per_try) => (Some(whole), per_try),
        };
        let upload = request.body().upload().cloned();
        if (whole, per_try) == (None, None) && upload.is_none() {
            return Course::untimed(self.way, request);
        }
        Course::timed(self.way, Deadlines::new(upload, own, whole, per_try), request)
    }
}
