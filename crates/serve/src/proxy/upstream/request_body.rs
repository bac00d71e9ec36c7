//! A client's body on its way to a backend, and what is known of it from outside.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header::EXPECT};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Notify;

/// Streams the client's body; back-pressure is hyper's, since it polls only when it can send.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` for a request that is sent again; it had no body.
    incoming: Option<Incoming>,
    /// `None` for requests without a body.
    upload: Option<Arc<Upload>>,
    consent: Option<Consent>,
}

/// How far a body has come.
#[derive(Debug, Default)]
pub struct Upload {
    bytes: AtomicU64,
    waiting: AtomicBool,
    failed: AtomicBool,
}

impl Upload {
    fn note<E>(&self, polled: &Poll<Option<Result<Frame<Bytes>, E>>>) {
        self.waiting.store(polled.is_pending(), Relaxed);
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.bytes.fetch_add(length as u64, Relaxed);
            }
            Poll::Ready(Some(Err(_))) => self.failed.store(true, Relaxed),
            Poll::Ready(None) | Poll::Pending => {}
        }
    }

    /// Grows while the client sends and the backend takes.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// The backend would take more, and the client sends nothing.
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    /// The client broke off or sent bad chunks: whatever went wrong is not the backend's fault.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }
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
pub fn await_consent(request: &mut Request<RequestBody>) {
    let expects = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if request.body().upload.is_none() || !request.headers().get(EXPECT).is_some_and(expects) {
        return;
    }
    let given = Arc::new(Notify::new());
    let giving = given.clone();
    hyper::ext::on_informational(request, move |interim| {
        if interim.status() == StatusCode::CONTINUE {
            giving.notify_one();
        }
    });
    request.body_mut().consent = Some(Consent(Box::pin(async move {
        // Running out of time is consent, too.
        let _ = tokio::time::timeout(CONSENT_TIME, given.notified()).await;
    })));
}

impl RequestBody {
    pub fn new(incoming: Incoming) -> Self {
        let upload = (!incoming.is_end_stream()).then(Arc::default);
        Self { incoming: Some(incoming), upload, consent: None }
    }

    pub const fn empty() -> Self {
        Self { incoming: None, upload: None, consent: None }
    }

    pub fn upload(&self) -> Option<&Arc<Upload>> {
        self.upload.as_ref()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(consent) = &mut self.consent {
            std::task::ready!(consent.0.as_mut().poll(cx));
            self.consent = None;
        }
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(cx);
        if let Some(upload) = &self.upload {
            upload.note(&polled);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}
