//! A request's body that can be sent more than once: it passes through as it comes, and what has
//! passed is kept up to a limit.
//!
//! Keeping copies the bytes, so that a client's many small chunks cost no more than their length.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;

use crate::lock::lock;

/// What is kept of one body; one that is longer is sent once and copied to nobody. Envoy's default
/// for a stream is 1 MiB, but few requests that are worth repeating are that long.
pub const MAX_KEPT: usize = 64 * 1024;

/// A body that has come to its end within the limit.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    pub data: Bytes,
    pub trailers: Option<HeaderMap>,
}

impl Whole {
    pub fn size_hint(&self) -> SizeHint {
        match &self.trailers {
            None => SizeHint::with_exact(self.data.len() as u64),
            Some(_) => SizeHint::default(),
        }
    }
}

/// What the tries of one request share.
#[derive(Debug)]
pub struct Kept {
    /// The try that may read on; those before it are over.
    newest: AtomicU32,
    length: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once it has ended.
    incoming: Option<Incoming>,
    data: Vec<u8>,
    trailers: Option<HeaderMap>,
    /// More has passed than is kept.
    is_cut: bool,
    waiting: Vec<oneshot::Sender<Whole>>,
}

/// One try's way through the body.
#[derive(Debug)]
pub struct Replay {
    kept: Arc<Kept>,
    turn: u32,
    sent: usize,
    has_sent_trailers: bool,
}

impl Kept {
    pub fn new(incoming: Incoming) -> Arc<Self> {
        let length = incoming.size_hint().exact();
        let is_cut = length.is_some_and(|length| length > MAX_KEPT as u64);
        let (data, trailers, waiting) = Default::default();
        let state = State { incoming: Some(incoming), data, trailers, is_cut, waiting };
        Arc::new(Self { newest: AtomicU32::new(0), length, state: Mutex::new(state) })
    }

    /// The body from its beginning. Whoever read it before gets no more of it.
    pub fn replay(self: &Arc<Self>) -> Replay {
        let turn = self.newest.fetch_add(1, Relaxed) + 1;
        Replay { kept: self.clone(), turn, sent: 0, has_sent_trailers: false }
    }

    /// Whether the next try would send what the first did.
    pub fn is_repeatable(&self) -> bool {
        !lock(&self.state).is_cut
    }

    /// Yields the body once it has all come; nothing if it never does, or is too long.
    pub fn whole(&self) -> oneshot::Receiver<Whole> {
        let (sender, receiver) = oneshot::channel();
        let mut state = lock(&self.state);
        if !state.is_cut {
            state.waiting.push(sender);
        }
        receiver
    }
}

impl State {
    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> PolledFrame {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let polled = ready!(Pin::new(&mut *incoming).poll_frame(cx));
        let is_end = match &polled {
            // Whoever has got the trailers asks for nothing more.
            Some(Ok(frame)) => frame.is_trailers() || incoming.is_end_stream(),
            Some(Err(_)) | None => true,
        };
        match &polled {
            Some(Ok(frame)) => self.keep(frame),
            Some(Err(_)) => self.give_up(),
            None => {}
        }
        if is_end {
            self.incoming = None;
            self.hand_out();
        }
        Poll::Ready(polled)
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        if self.is_cut {
            return;
        }
        match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) if self.data.len() + data.len() > MAX_KEPT => self.give_up(),
            (Some(data), _) => self.data.extend_from_slice(data),
            (None, trailers) => self.trailers = trailers.cloned(),
        }
    }

    fn give_up(&mut self) {
        self.is_cut = true;
        self.data = Vec::new();
        self.waiting.clear();
    }

    fn hand_out(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let data = Bytes::copy_from_slice(&self.data);
        let whole = Whole { data, trailers: self.trailers.clone() };
        for waiting in self.waiting.drain(..) {
            // Whoever waited may have given up.
            let _ = waiting.send(whole.clone());
        }
    }
}

type PolledFrame = Poll<Option<Result<Frame<Bytes>, hyper::Error>>>;

impl Replay {
    /// Another try has begun.
    pub fn is_over(&self) -> bool {
        self.kept.newest.load(Relaxed) != self.turn
    }

    pub fn kept(&self) -> &Arc<Kept> {
        &self.kept
    }

    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> PolledFrame {
        let mut state = lock(&self.kept.state);
        if let Some(unsent) = state.data.get(self.sent..).filter(|unsent| !unsent.is_empty()) {
            let again = Bytes::copy_from_slice(unsent);
            self.sent = state.data.len();
            return Poll::Ready(Some(Ok(Frame::data(again))));
        }
        if !self.has_sent_trailers
            && let Some(trailers) = &state.trailers
        {
            self.has_sent_trailers = true;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers.clone()))));
        }
        let polled = state.poll_incoming(cx);
        // What has just passed is sent.
        self.sent = state.data.len();
        self.has_sent_trailers = state.trailers.is_some();
        polled
    }

    pub fn is_end_stream(&self) -> bool {
        let state = lock(&self.kept.state);
        state.incoming.is_none()
            && (state.is_cut || self.sent == state.data.len())
            && self.has_sent_trailers == state.trailers.is_some()
    }

    pub fn size_hint(&self) -> SizeHint {
        let left = self.kept.length.and_then(|length| length.checked_sub(self.sent as u64));
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
