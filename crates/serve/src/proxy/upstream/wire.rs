//! One HTTP/1.1 connection to a backend, worked by whoever uses it.
//!
//! hyper's client wants its connection polled by somebody. Spawning a task for that costs a
//! hand-over between two tasks for every message; here the task of the request polls it itself:
//! first while it waits for the response head, then while it streams the body. An idle
//! connection is polled by nobody, so whoever takes it from the pool looks at it first.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Waker},
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;

use super::{request_body::RequestBody, stream::Stream};

/// What a backend's response head may take; more is garbage.
const MAX_RESPONSE_HEAD: usize = 64 * 1024;
/// Bytes read ahead of what the client has taken.
const MAX_BUFFER: usize = 128 * 1024;

#[derive(Debug)]
pub struct Wire {
    sender: http1::SendRequest<RequestBody>,
    connection: http1::Connection<TokioIo<Stream>, RequestBody>,
    closed: bool,
}

impl Wire {
    pub async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let (sender, connection) = builder().handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, connection, closed: false })
    }

    /// Sends the request and waits for the head of the answer.
    pub async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let (connection, closed) = (&mut self.connection, &mut self.closed);
        std::future::poll_fn(|cx| {
            if !*closed {
                // Its errors reach `answer` too, which knows more about them.
                *closed = Pin::new(&mut *connection).poll(cx).is_ready();
            }
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Moves bytes; hyper hands them to the body that `send` returned.
    pub fn work(&mut self, cx: &mut Context<'_>) {
        if !self.closed {
            self.closed = Pin::new(&mut self.connection).poll(cx).is_ready();
        }
    }

    /// Whether another request may be sent: both messages are complete, and the backend has
    /// neither closed nor written more than was asked of it.
    pub fn is_ready(&mut self) -> bool {
        self.work(&mut Context::from_waker(Waker::noop()));
        !self.closed && self.sender.is_ready()
    }
}

/// How HTTP/1.1 is spoken to backends.
pub fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_header_size(MAX_RESPONSE_HEAD).max_buf_size(MAX_BUFFER);
    builder
}
