//! A response body that knows when it is over, for the watchdog and the access log.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Frame, SizeHint};

use crate::{access_log::AccessEntry, proxy, roster::Pulse};

/// A request that is not answered to its end yet.
pub struct InFlight {
    pulse: Arc<Pulse>,
    /// What the connection may wait afterwards.
    idle: Duration,
}

impl InFlight {
    pub fn begin(pulse: &Arc<Pulse>, idle: Duration) -> Self {
        pulse.request_began();
        Self { pulse: pulse.clone(), idle }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.pulse.request_ended(self.idle);
    }
}

/// The proxy's body; dropped when the last of it is written, or the client is gone.
pub struct TrackedBody {
    inner: proxy::Body,
    entry: Option<Box<AccessEntry>>,
    _in_flight: InFlight,
}

impl TrackedBody {
    pub fn new(inner: proxy::Body, in_flight: InFlight, entry: Option<Box<AccessEntry>>) -> Self {
        Self { inner, entry, _in_flight: in_flight }
    }
}

impl Body for TrackedBody {
    type Data = <proxy::Body as Body>::Data;
    type Error = <proxy::Body as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let (Some(entry), Poll::Ready(Some(Ok(frame)))) = (&mut self.entry, &polled) {
            entry.sent(frame);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
