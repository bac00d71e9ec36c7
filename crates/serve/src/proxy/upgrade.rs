//! Protocol switches of HTTP/1.1 (RFC 9110 section 7.8): WebSocket and others.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header, request};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{hop_by_hop::has_token, reason::Reason, upstream::Busy};

/// A client's wish to switch, and its side of the connection once both agree.
pub struct Upgrade {
    protocol: HeaderValue,
    client: OnUpgrade,
}

impl Upgrade {
    /// `None` when the client asks for nothing, or for `h2c`: inside that protocol no rule would
    /// be looked at any more.
    pub fn of(parts: &mut request::Parts) -> Option<Self> {
        let protocol = parts.headers.get(header::UPGRADE)?;
        let is_asked = parts.version == Version::HTTP_11
            && has_token(&parts.headers, &header::CONNECTION, "upgrade")
            && !has_token(&parts.headers, &header::UPGRADE, "h2c");
        if !is_asked {
            return None;
        }
        let protocol = protocol.clone();
        Some(Self { protocol, client: parts.extensions.remove::<OnUpgrade>()? })
    }

    /// Asks the backend for the same.
    pub fn ask(&self, headers: &mut HeaderMap) {
        write_switch(headers, self.protocol.clone());
    }

    /// Lets both sides talk once the backend has agreed; its `response` goes to the client as
    /// it is. Nothing moving either way for `idle_timeout` ends it.
    pub fn settle<B>(
        self,
        response: &mut Response<B>,
        idle_timeout: Duration,
    ) -> Result<(), Reason> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(());
        }
        let backend = response.extensions_mut().remove::<OnUpgrade>();
        let backend = backend.ok_or(Reason::BackendGarbage)?;
        let busy = response.extensions_mut().remove::<Arc<Busy>>();
        tokio::spawn(async move {
            let _busy = busy;
            if let Err(error) = tunnel(self.client, backend, idle_timeout).await {
                tracing::debug!(%error, "an upgraded connection broke");
            }
        });
        Ok(())
    }
}

/// Writes the two headers without which a switch is none.
pub fn write_switch(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol);
}

async fn tunnel(client: OnUpgrade, backend: OnUpgrade, idle_timeout: Duration) -> io::Result<()> {
    let (client, backend) =
        tokio::try_join!(client, backend).map_err(|error| io::Error::other(error.to_string()))?;
    let moved = Arc::new(AtomicU64::new(0));
    let mut client = Counted { io: TokioIo::new(client), moved: moved.clone() };
    let mut backend = Counted { io: TokioIo::new(backend), moved: moved.clone() };
    tokio::select! {
        done = tokio::io::copy_bidirectional(&mut client, &mut backend) => done.map(drop),
        () = idle_for(idle_timeout, &moved) => Ok(()),
    }
}

async fn idle_for(limit: Duration, moved: &AtomicU64) {
    let mut seen = 0;
    loop {
        tokio::time::sleep(limit).await;
        let now = moved.load(Relaxed);
        if now == seen {
            return;
        }
        seen = now;
    }
}

/// Counts the bytes read, so that an idle pair is noticed.
struct Counted {
    io: TokioIo<Upgraded>,
    moved: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        self.moved.fetch_add((buffer.filled().len() - before) as u64, Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
