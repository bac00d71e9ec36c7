//! A client's body on its way to a backend, and what is known of it from outside.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Streams the client's body; back-pressure is hyper's, since it polls only when it can send.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` for a request that is sent again; it had no body.
    incoming: Option<Incoming>,
    /// `None` for requests without a body.
    upload: Option<Arc<Upload>>,
}

/// How far a body has come.
#[derive(Debug, Default)]
pub struct Upload {
    bytes: AtomicU64,
    failed: AtomicBool,
}

impl Upload {
    /// Grows while the client sends and the backend takes.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// The client broke off or sent bad chunks: whatever went wrong is not the backend's fault.
    pub fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }
}

impl RequestBody {
    pub fn new(incoming: Incoming) -> Self {
        let upload = (!incoming.is_end_stream()).then(Arc::default);
        Self { incoming: Some(incoming), upload }
    }

    pub const fn empty() -> Self {
        Self { incoming: None, upload: None }
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
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(cx);
        if let (Some(upload), Poll::Ready(Some(frame))) = (&self.upload, &polled) {
            match frame {
                Ok(frame) => {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    upload.bytes.fetch_add(length as u64, Relaxed);
                }
                Err(_) => upload.failed.store(true, Relaxed),
            }
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
