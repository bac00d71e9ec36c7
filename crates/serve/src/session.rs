//! HTTP on one client connection: hands each request to the proxy, and follows the orders of
//! the watchdog.

mod attend;
mod body;
mod service;
mod tap;

use std::{future::poll_fn, sync::Arc, task::Poll};

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use crate::{Limits, roster::Order};
use attend::{Ended, attend};
use service::Requests;
pub use service::Session;
pub use tap::{ClientStream, Tap};

/// How hyper is set up; the same for every connection.
#[derive(Clone, Debug)]
pub struct Http {
    http1: hyper::server::conn::http1::Builder,
    http2: hyper::server::conn::http2::Builder<TokioExecutor>,
}

impl Http {
    pub fn new(limits: &Limits) -> Self {
        let mut http1 = hyper::server::conn::http1::Builder::new();
        // The watchdog keeps all deadlines; hyper's own would cost a timer for each request.
        http1
            .header_read_timeout(None)
            .max_buf_size(limits.header_size.max(MIN_HTTP1_BUFFER))
            .max_header_size(limits.header_size);
        let mut http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.http2_streams)
            .max_header_list_size(u32::try_from(limits.header_size).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER);
        Self { http1, http2 }
    }

    /// Serves requests until the client is done or an order ends it.
    pub async fn serve(&self, stream: ClientStream, session: Arc<Session>, is_http2: bool) {
        let tap = Tap::new(stream, session.pulse.clone(), session.header_time());
        match is_http2 {
            true => self.serve_http2(tap, session).await,
            false => self.serve_http1(tap, session).await,
        }
    }

    async fn serve_http1(&self, mut tap: Tap, session: Arc<Session>) {
        session.pulse.begin_http1(session.idle_timeout());
        while wait_for_bytes(&mut tap, &session).await {
            match self.serve_until_parked(tap, &session).await {
                Some(parked) => tap = parked,
                None => return,
            }
        }
        tap.close().await;
    }

    /// Yields the stream of a connection that is to be parked; `None`: it is closed. A function
    /// of its own, so that hyper's state and buffers are gone when it returns.
    async fn serve_until_parked(&self, tap: Tap, session: &Arc<Session>) -> Option<Tap> {
        let mut connection = Box::new(
            self.http1
                .serve_connection(TokioIo::new(tap), Requests(session.clone()))
                .with_upgrades(),
        );
        if attend(&session.pulse, connection.as_mut()).await == Ended::Closed {
            return None;
        }
        let parts = connection.into_parts()?;
        let mut tap = parts.io.into_inner();
        if !parts.read_buf.is_empty() {
            tap.give_back(parts.read_buf);
        }
        Some(tap)
    }

    async fn serve_http2(&self, tap: Tap, session: Arc<Session>) {
        session.pulse.begin_http2(session.idle_timeout());
        let service = Requests(session.clone());
        let mut connection = Box::new(self.http2.serve_connection(TokioIo::new(tap), service));
        attend(&session.pulse, connection.as_mut()).await;
    }
}

/// What hyper asks for at least.
const MIN_HTTP1_BUFFER: usize = 8192;
/// Enough for 100 Mbit/s over 20 ms on one stream; nothing is set aside for it.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Response bytes held for one stream whose client does not take them.
const SEND_BUFFER: usize = 128 * 1024;

/// Waits, without any buffer, for the next request. False: the connection is over.
async fn wait_for_bytes(tap: &mut Tap, session: &Session) -> bool {
    poll_fn(|cx| {
        if let Poll::Ready(has_bytes) = tap.poll_fill(cx) {
            return Poll::Ready(has_bytes);
        }
        session.pulse.listen(cx.waker());
        match session.pulse.order() {
            Order::Cut => Poll::Ready(false),
            Order::Finish if session.pulse.is_used() => Poll::Ready(false),
            Order::Finish | Order::Park | Order::Serve => Poll::Pending,
        }
    })
    .await
}
