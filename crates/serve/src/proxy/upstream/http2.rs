//! HTTP/2 connections to backends, in clear text with prior knowledge. Requests share them, so
//! a task of its own works each one.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use http::{Request, Response, Uri, Version, header, uri};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::{request_body::RequestBody, station::Station, stream::Stream};
use crate::lock::lock;

/// What a backend's response head may take.
const MAX_RESPONSE_HEAD: u32 = 64 * 1024;

/// A connection that many requests use at one time. It ends when its last sender is gone.
#[derive(Debug)]
pub struct SharedWire {
    sender: http2::SendRequest<RequestBody>,
    active: Arc<AtomicUsize>,
    /// Streams that the backend allows at one time.
    max_active: Arc<AtomicUsize>,
    /// When the last request was sent.
    pub used: Instant,
}

/// One request's part in a shared connection.
#[derive(Debug)]
pub struct Lease {
    sender: http2::SendRequest<RequestBody>,
    active: Arc<AtomicUsize>,
}

impl SharedWire {
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub fn is_busy(&self) -> bool {
        self.active.load(Relaxed) > 0
    }

    /// `None` when the backend allows no further stream on this connection.
    fn lease(&mut self) -> Option<Lease> {
        if self.active.load(Relaxed) >= self.max_active.load(Relaxed) {
            return None;
        }
        self.used = Instant::now();
        Some(Lease::new(&self.sender, &self.active))
    }
}

/// Shakes hands and adds the connection to the endpoint's.
pub async fn open(station: &Station, stream: Stream) -> Result<Lease, hyper::Error> {
    let (sender, mut connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .adaptive_window(true)
        .max_header_list_size(MAX_RESPONSE_HEAD)
        .handshake(TokioIo::new(stream))
        .await?;
    let max_active = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
    let max_seen = max_active.clone();
    tokio::spawn(poll_fn(move |cx| {
        let polled = Pin::new(&mut connection).poll(cx);
        max_seen.store(connection.current_max_send_streams(), Relaxed);
        // Each request learns of an error by its own stream.
        polled.map(drop)
    }));
    let active = Arc::default();
    let lease = Lease::new(&sender, &active);
    lock(&station.shared).push(SharedWire { sender, active, max_active, used: Instant::now() });
    Ok(lease)
}

/// A place on a connection that is already open.
pub fn join(station: &Station) -> Option<Lease> {
    lock(&station.shared).iter_mut().filter(|wire| wire.is_open()).find_map(SharedWire::lease)
}

impl Lease {
    fn new(sender: &http2::SendRequest<RequestBody>, active: &Arc<AtomicUsize>) -> Self {
        active.fetch_add(1, Relaxed);
        Self { sender: sender.clone(), active: active.clone() }
    }

    pub async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.sender.try_send_request(request).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.active.fetch_sub(1, Relaxed);
    }
}

/// HTTP/2 wants scheme and authority in the target instead of a Host header, and knows no
/// `Connection`.
pub fn into_http2(mut request: Request<RequestBody>) -> Request<RequestBody> {
    request.headers_mut().remove(header::CONNECTION);
    let host = request.headers_mut().remove(header::HOST);
    let mut parts = uri::Parts::default();
    parts.scheme = Some(uri::Scheme::HTTP);
    parts.authority = host.and_then(|host| uri::Authority::try_from(host.as_bytes()).ok());
    parts.path_and_query = request.uri().path_and_query().cloned();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    *request.version_mut() = Version::HTTP_2;
    request
}
