//! Runs a connection's future while listening for orders.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use crate::roster::{Order, Pulse};

/// A hyper connection of either version.
pub trait Serving: Unpin {
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// No further request is taken; those in flight are answered.
    fn finish(&mut self);
}

/// Why a connection is not attended any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Closed,
    Parked,
}

pub async fn attend<S: Serving>(pulse: &Pulse, connection: &mut S) -> Ended {
    let mut finishing = false;
    poll_fn(|cx| {
        loop {
            if connection.poll_done(cx).is_ready() {
                return Poll::Ready(Ended::Closed);
            }
            pulse.listen(cx.waker());
            match pulse.order() {
                Order::Serve => return Poll::Pending,
                Order::Park if pulse.take_park() => return Poll::Ready(Ended::Parked),
                Order::Park => return Poll::Pending,
                Order::Finish if !finishing => {
                    finishing = true;
                    connection.finish();
                }
                Order::Finish => return Poll::Pending,
                Order::Cut => return Poll::Ready(Ended::Closed),
            }
        }
    })
    .await
}

impl<I, S, B> Serving for hyper::server::conn::http1::UpgradeableConnection<I, S>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B> + Unpin,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // An error is the client's doing: broken HTTP was answered, a lost connection is lost.
        Pin::new(self).poll(cx).map(drop)
    }

    fn finish(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

impl<I, S, B, E> Serving for hyper::server::conn::http2::Connection<I, S, E>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B> + Unpin,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: hyper::rt::bounds::Http2ServerConnExec<S::Future, B> + Unpin,
    S::Future: Unpin,
{
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(self).poll(cx).map(drop)
    }

    fn finish(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}
