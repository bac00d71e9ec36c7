//! A backend's body on its way to the client; it holds the connection it comes over.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::{Busy, http2::Lease, station::Station, wire::Wire};

/// Dropped before its end, it closes an HTTP/1.1 connection or resets an HTTP/2 stream: that is
/// how a client that left cancels the backend's work.
#[derive(Debug)]
pub struct BackendBody {
    incoming: Incoming,
    carrier: Carrier,
    /// Its endpoint counts the request until all of the answer has been passed on.
    _busy: Option<Busy>,
}

/// What has to be held, or worked, until the body has come.
#[derive(Debug)]
pub enum Carrier {
    Wire(Box<Wire>, Arc<Station>),
    Lease {
        _lease: Lease,
    },
    /// A task of its own works the connection, or the body has ended.
    None,
}

impl BackendBody {
    pub fn new(incoming: Incoming, carrier: Carrier) -> Self {
        let mut body = Self { incoming, carrier, _busy: None };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    pub fn keep_busy(&mut self, busy: Busy) {
        self._busy = Some(busy);
    }

    /// Gives the connection back if it is fit for another request.
    fn finish(&mut self) {
        if let Carrier::Wire(mut wire, station) =
            std::mem::replace(&mut self.carrier, Carrier::None)
            && wire.is_ready()
        {
            station.put(wire);
        }
    }
}

impl Body for BackendBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let mut polled = Pin::new(&mut this.incoming).poll_frame(cx);
        if polled.is_pending()
            && let Carrier::Wire(wire, _) = &mut this.carrier
        {
            wire.work(cx);
            polled = Pin::new(&mut this.incoming).poll_frame(cx);
        }
        match &polled {
            Poll::Ready(None) => this.finish(),
            Poll::Ready(Some(Ok(_))) if this.incoming.is_end_stream() => this.finish(),
            Poll::Ready(Some(Err(_))) => this.carrier = Carrier::None,
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
