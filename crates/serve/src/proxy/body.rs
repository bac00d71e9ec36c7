//! The bodies on both ways: streamed frame by frame, never gathered.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::upstream::{BackendBody, TimeIsUp};

/// What clients are answered with.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Empty,
    Full(Bytes),
    Backend(BackendBody),
    InTime(Box<InTime>),
}

/// Why an answer broke off.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the backend's answer broke off: {0}")]
    Backend(#[source] hyper::Error),
    #[error("the rule's time for the whole answer is up")]
    TimeIsUp,
}

/// A backend's body that must have come by some time.
struct InTime {
    body: BackendBody,
    time_is_up: TimeIsUp,
}

impl fmt::Debug for InTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InTime").field("body", &self.body).finish_non_exhaustive()
    }
}

impl Body {
    pub const fn empty() -> Self {
        Self(Kind::Empty)
    }

    pub const fn full(content: Bytes) -> Self {
        Self(Kind::Full(content))
    }

    /// Breaks off what has not come when time is up.
    pub(super) fn backend(body: BackendBody, time_is_up: Option<TimeIsUp>) -> Self {
        match time_is_up {
            _ if body.is_end_stream() => Self::empty(),
            None => Self(Kind::Backend(body)),
            Some(time_is_up) => Self(Kind::InTime(Box::new(InTime { body, time_is_up }))),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(content) => {
                let content = std::mem::take(content);
                self.0 = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(content))))
            }
            Kind::Backend(body) => Pin::new(body).poll_frame(cx).map_err(BodyError::Backend),
            Kind::InTime(in_time) => {
                let polled = Pin::new(&mut in_time.body).poll_frame(cx);
                if polled.is_pending() && in_time.time_is_up.as_mut().poll(cx).is_ready() {
                    // Dropped, the body ends the backend's work.
                    self.0 = Kind::Empty;
                    return Poll::Ready(Some(Err(BodyError::TimeIsUp)));
                }
                polled.map_err(BodyError::Backend)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(content) => content.is_empty(),
            Kind::Backend(body) => body.is_end_stream(),
            Kind::InTime(in_time) => in_time.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(content) => SizeHint::with_exact(content.len() as u64),
            Kind::Backend(body) => body.size_hint(),
            Kind::InTime(in_time) => in_time.body.size_hint(),
        }
    }
}
