//! A request's body on its way to a backend: the client's own, or what was kept of it.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header::EXPECT, request};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Notify;

use super::{
    kept_body::{Kept, Replay, Whole},
    upload::Upload,
};

/// Streams the client's body; back-pressure is hyper's, since it polls only when it can send.
#[derive(Debug)]
pub struct RequestBody {
    source: Source,
    /// `None` for requests without a body.
    upload: Option<Arc<Upload>>,
    consent: Option<Consent>,
}

#[derive(Debug)]
enum Source {
    /// There is no body, or no more of it.
    Nothing,
    Client(Incoming),
    /// Of a client, and kept in case it is needed again.
    Kept(Replay),
    /// A copy.
    Whole(Box<Whole>),
}

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault {
    #[error("{0}")]
    Client(#[from] hyper::Error),
    #[error("another try of the request has begun")]
    Superseded,
}

/// The moment at which the backend wants the body. hyper tells the client to go on when its body
/// is first asked for, so whoever waits here makes the client wait.
struct Consent(Pin<Box<dyn Future<Output = ()> + Send + Sync>>);

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consent(..)")
    }
}

/// How long a client that expects 100 waits for a backend that may not know of it.
const CONSENT_TIME: Duration = Duration::from_secs(1);

/// Passes the expectation `100-continue` on: the body waits until the backend says 100, answers
/// at once, or has had its time (RFC 9110 section 10.1.1).
pub fn awaiting_consent(parts: request::Parts, body: RequestBody) -> Request<RequestBody> {
    let mut request = Request::from_parts(parts, body);
    let expects = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if request.body().upload.is_none() || !request.headers().get(EXPECT).is_some_and(expects) {
        return request;
    }
    let given = Arc::new(Notify::new());
    let giving = given.clone();
    hyper::ext::on_informational(&mut request, move |interim| {
        if interim.status() == StatusCode::CONTINUE {
            giving.notify_one();
        }
    });
    request.body_mut().consent = Some(Consent(Box::pin(async move {
        // Running out of time is consent, too.
        let _ = tokio::time::timeout(CONSENT_TIME, given.notified()).await;
    })));
    request
}

impl RequestBody {
    pub fn new(incoming: Incoming) -> Self {
        let upload = (!incoming.is_end_stream()).then(Arc::default);
        let source = if upload.is_some() { Source::Client(incoming) } else { Source::Nothing };
        Self { source, upload, consent: None }
    }

    /// A client's body that can be sent again, or copied.
    pub fn kept(incoming: Incoming) -> Self {
        if incoming.is_end_stream() {
            return Self::empty();
        }
        Self::again(&Kept::new(incoming), &Arc::default())
    }

    /// From the beginning.
    pub fn again(kept: &Arc<Kept>, upload: &Arc<Upload>) -> Self {
        Self { source: Source::Kept(kept.replay()), upload: Some(upload.clone()), consent: None }
    }

    pub fn whole(whole: Whole) -> Self {
        Self { source: Source::Whole(Box::new(whole)), upload: Some(Arc::default()), consent: None }
    }

    pub const fn empty() -> Self {
        Self { source: Source::Nothing, upload: None, consent: None }
    }

    /// What may be sent again of it.
    pub fn kept_source(&self) -> Option<&Arc<Kept>> {
        match &self.source {
            Source::Kept(replay) => Some(replay.kept()),
            Source::Nothing | Source::Client(_) | Source::Whole(_) => None,
        }
    }

    pub fn upload(&self) -> Option<&Arc<Upload>> {
        self.upload.as_ref()
    }
}

impl Source {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self {
            Self::Nothing => Poll::Ready(None),
            Self::Client(incoming) => Pin::new(incoming).poll_frame(cx),
            Self::Kept(replay) => replay.poll_frame(cx),
            Self::Whole(whole) => {
                let data = std::mem::take(&mut whole.data);
                let frame = match data.is_empty() {
                    false => Some(Frame::data(data)),
                    true => whole.trailers.take().map(Frame::trailers),
                };
                Poll::Ready(frame.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Client(incoming) => incoming.is_end_stream(),
            Self::Kept(replay) => replay.is_end_stream(),
            Self::Whole(whole) => whole.data.is_empty() && whole.trailers.is_none(),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = &mut *self;
        if let Source::Kept(replay) = &this.source
            && replay.is_over()
        {
            return Poll::Ready(Some(Err(BodyFault::Superseded)));
        }
        if let Some(consent) = &mut this.consent {
            std::task::ready!(consent.0.as_mut().poll(cx));
            this.consent = None;
        }
        let polled = this.source.poll_frame(cx);
        if let Some(upload) = &this.upload {
            upload.note(&polled);
            // Whoever sends a body of known length asks for no frame behind the last.
            if this.source.is_end_stream() {
                upload.end();
            }
        }
        polled.map_err(BodyFault::Client)
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Nothing => SizeHint::with_exact(0),
            Source::Client(incoming) => incoming.size_hint(),
            Source::Kept(replay) => replay.size_hint(),
            Source::Whole(whole) => whole.size_hint(),
        }
    }
}
