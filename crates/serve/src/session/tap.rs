//! A client's byte stream, clear or decrypted, that tells the watchdog what passes.

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::roster::{Order, Pulse};

/// One type for both, so that HTTP is compiled once.
pub enum ClientStream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The stream as hyper sees it.
pub struct Tap {
    stream: ClientStream,
    /// Read before the stream's own bytes.
    given_back: Bytes,
    pulse: Arc<Pulse>,
    /// How long the client may take for the rest of a request head, or before bytes of a tunnel
    /// pass again.
    patience: Duration,
}

/// Most requests come whole in this.
const FILL_SIZE: usize = 2048;

impl Tap {
    pub fn new(stream: ClientStream, pulse: Arc<Pulse>, patience: Duration) -> Self {
        Self { stream, given_back: Bytes::new(), pulse, patience }
    }

    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// From now on bytes are passed on, and none for as long as the patience ends it.
    pub fn begin_piped(&self) {
        self.pulse.begin_piped(self.patience);
    }

    /// These bytes were read before it was one.
    pub fn after(self, read: Vec<u8>) -> Self {
        Self { given_back: read.into(), ..self }
    }

    /// Puts back what was read but not used.
    pub fn give_back(&mut self, bytes: Bytes) {
        self.given_back = bytes;
    }

    /// Reads into a buffer on the stack, so that waiting costs no memory. False at the end of
    /// the stream, however it came.
    pub fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if !self.given_back.is_empty() {
            return Poll::Ready(true);
        }
        let mut space = [MaybeUninit::uninit(); FILL_SIZE];
        let mut buffer = ReadBuf::uninit(&mut space);
        let read = ready!(Pin::new(&mut *self).poll_read(cx, &mut buffer));
        self.given_back = Bytes::copy_from_slice(buffer.filled());
        Poll::Ready(read.is_ok() && !self.given_back.is_empty())
    }

    /// Says goodbye if the client takes it at once; waiting for that is not worth a deadline.
    pub async fn close(mut self) {
        poll_fn(|cx| {
            let _ = Pin::new(&mut self).poll_shutdown(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// After an upgrade nobody but the stream itself hears of orders.
    fn check_tunnel(&self, cx: &Context<'_>) -> io::Result<()> {
        if self.pulse.is_tunnel() {
            self.pulse.listen(cx.waker());
            if self.pulse.order() == Order::Cut {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        Ok(())
    }

    fn note_write<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match written {
            Poll::Pending => self.pulse.write_blocked(),
            Poll::Ready(_) => {
                self.pulse.write_went_on();
                self.pulse.bytes_passed(self.patience);
            }
        }
        written
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check_tunnel(cx)?;
        if !this.given_back.is_empty() {
            let length = this.given_back.len().min(buffer.remaining());
            buffer.put_slice(&this.given_back.split_to(length));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(match &mut this.stream {
            ClientStream::Clear(stream) => Pin::new(stream).poll_read(cx, buffer),
            ClientStream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        })?;
        if buffer.filled().len() > before {
            this.pulse.bytes_came(this.patience);
            this.pulse.bytes_passed(this.patience);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check_tunnel(cx)?;
        let written = match &mut this.stream {
            ClientStream::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            ClientStream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        };
        this.note_write(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check_tunnel(cx)?;
        let written = match &mut this.stream {
            ClientStream::Clear(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
            ClientStream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
        };
        this.note_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            ClientStream::Clear(stream) => stream.is_write_vectored(),
            ClientStream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = match &mut this.stream {
            ClientStream::Clear(stream) => Pin::new(stream).poll_flush(cx),
            ClientStream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        this.note_write(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            ClientStream::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            ClientStream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
