//! Copies of requests for others to see; nobody waits for what becomes of them.

use std::{net::IpAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Request, header};
use http_body_util::BodyExt;
use model::{Backend, Mirror};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    faults::draw,
    upstream::{Course, Errand, Head, RequestBody, Silence, Upstream, Way, Whole},
};

/// Copies under way at one time, of the whole gateway. A mirror that is slow costs copies then,
/// and no memory.
const MAX_COPIES: usize = 1024;

/// Sends copies.
pub struct Mirrors {
    upstream: Arc<Upstream>,
    places: Arc<Semaphore>,
}

/// How a copy goes, whoever gets it.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub client: IpAddr,
    /// For the head of the answer, and again for its body.
    pub limit: Duration,
}

impl Mirrors {
    pub fn new(upstream: Arc<Upstream>) -> Self {
        Self { upstream, places: Arc::new(Semaphore::new(MAX_COPIES)) }
    }

    /// Copies the request to those of the mirrors whose share it falls into. A copy is sent once
    /// the body has all come; one whose body is too long is not made. The body must be kept.
    pub fn copy(&self, mirrors: &[Mirror], request: &Request<RequestBody>, terms: Terms) {
        for mirror in mirrors.iter().filter(|mirror| draw(mirror.share)) {
            let Ok(place) = self.places.clone().try_acquire_owned() else { return };
            let copy = Copy {
                backend: mirror.backend.clone(),
                head: copied_head(request),
                body: request.body().kept_source().map(|kept| kept.whole()),
                terms,
                _place: place,
            };
            tokio::spawn(copy.send(self.upstream.clone()));
        }
    }
}

struct Copy {
    backend: Arc<Backend>,
    head: Head,
    /// `None`: it has none.
    body: Option<oneshot::Receiver<Whole>>,
    terms: Terms,
    _place: OwnedSemaphorePermit,
}

impl Copy {
    async fn send(self, upstream: Arc<Upstream>) {
        let body = match self.body {
            None => RequestBody::empty(),
            Some(coming) => match coming.await {
                Ok(whole) => RequestBody::whole(whole),
                Err(_) => return,
            },
        };
        let request = Request::from_parts(self.head.into_parts(), body);
        let course = Course::patient(Way::Pooled, Silence::both(self.terms.limit), &request);
        let errand = Errand { backend: &self.backend, request, client: self.terms.client, course };
        // Whatever is wrong with the endpoint has been logged.
        if let Ok(answered) = upstream.send(errand).await {
            // Read to its end, so that the connection serves the next copy.
            let mut body = answered.response.into_body();
            let reading = async { while let Some(Ok(_)) = body.frame().await {} };
            let _ = tokio::time::timeout(self.terms.limit, reading).await;
        }
    }
}

fn copied_head(request: &Request<RequestBody>) -> Head {
    let mut head = Head::of(request);
    // The body is all there: nothing is to be waited for.
    head.headers.remove(header::EXPECT);
    if let Some(host) = head.headers.get(header::HOST).and_then(shadow_of) {
        head.headers.insert(header::HOST, host);
    }
    head
}

/// `shop.test:80` as `shop.test-shadow:80`, by which backends tell copies apart, as from Envoy.
fn shadow_of(host: &HeaderValue) -> Option<HeaderValue> {
    let host = host.to_str().ok()?;
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let shadow = match host.rsplit_once(':').filter(|(_, port)| is_port(port)) {
        Some((name, port)) => format!("{name}-shadow:{port}"),
        None => format!("{host}-shadow"),
    };
    HeaderValue::try_from(shadow).ok()
}

#[cfg(test)]
mod tests;
