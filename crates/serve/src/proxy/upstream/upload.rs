//! What is known from outside of a client's body on its way.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    task::Poll,
};

use bytes::Bytes;
use hyper::body::Frame;
use tokio::{sync::SetOnce, time::Instant};

/// How far a body has come.
#[derive(Debug, Default)]
pub struct Upload {
    bytes: AtomicU64,
    waiting: AtomicBool,
    failed: AtomicBool,
    ended: SetOnce<Instant>,
}

impl Upload {
    pub(super) fn note<E>(&self, polled: &Poll<Option<Result<Frame<Bytes>, E>>>) {
        self.waiting.store(polled.is_pending(), Relaxed);
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.bytes.fetch_add(length as u64, Relaxed);
                if frame.is_trailers() {
                    self.end();
                }
            }
            Poll::Ready(Some(Err(_))) => self.failed.store(true, Relaxed),
            Poll::Ready(None) => self.end(),
            Poll::Pending => {}
        }
    }

    pub(super) fn end(&self) {
        // A second end, of another try, says nothing new.
        let _ = self.ended.set(Instant::now());
    }

    /// When the client had sent all of it.
    pub fn ended(&self) -> Option<Instant> {
        self.ended.get().copied()
    }

    pub async fn wait_for_end(&self) -> Instant {
        *self.ended.wait().await
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
