//! A backend that does with each request what the test says, and tells what it was sent.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, request::Parts};
use http_body_util::{BodyExt, Either, Full};
use hyper::{body::Frame, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use testkit::LIMIT;
use tokio::{
    net::TcpListener,
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

use crate::piped::Piped;

/// What becomes of one request.
#[derive(Clone, Debug)]
pub enum Act {
    Status(u16),
    /// 200 with this `grpc-status` in its head.
    Grpc(u16),
    /// Answers before it has read the body, and reads none of it.
    Hasty(u16),
    /// Never answers.
    Hang,
    /// Closes the connection instead of answering.
    HangUp,
    /// Answers 200 and the first part of a body that never ends.
    Stall,
}

/// A request as it came.
#[derive(Debug)]
pub struct Seen {
    pub method: Method,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
}

pub struct Scripted {
    pub address: SocketAddr,
    seen: mpsc::UnboundedReceiver<Seen>,
    asked: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Scripted {
    /// Does these in turn; the last one for all further requests, too.
    pub async fn start(acts: &[Act]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (sender, seen) = mpsc::unbounded_channel();
        let asked = Arc::new(AtomicUsize::new(0));
        let (acts, counting) = (Arc::<[Act]>::from(acts), asked.clone());
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = socket.accept().await {
                let (acts, asked, sender) = (acts.clone(), counting.clone(), sender.clone());
                connections.spawn(async move {
                    let service = service_fn(move |request| {
                        let turn = asked.fetch_add(1, Relaxed).min(acts.len() - 1);
                        act(request, acts[turn].clone(), sender.clone())
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, seen, asked, accepting }
    }

    /// The next request that came, with its whole body.
    pub async fn seen(&mut self) -> Seen {
        tokio::time::timeout(LIMIT, self.seen.recv()).await.unwrap().unwrap()
    }

    /// Requests begun so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

type Answer = Response<Either<Full<Bytes>, Piped>>;

async fn act(
    request: http::Request<hyper::body::Incoming>,
    act: Act,
    sender: mpsc::UnboundedSender<Seen>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let (Parts { method, uri, headers, .. }, body) = request.into_parts();
    if !matches!(act, Act::Hasty(_)) {
        let body = body.collect().await?;
        let trailers = body.trailers().cloned();
        let target = uri.to_string();
        let seen = Seen { method, target, headers, trailers, body: body.to_bytes() };
        let _ = sender.send(seen);
    }
    let answer = Response::builder();
    let said = Either::Left(Full::from("said"));
    Ok(match act {
        Act::Status(status) | Act::Hasty(status) => answer.status(status).body(said)?,
        Act::Grpc(code) => answer.header("grpc-status", code).body(said)?,
        Act::Hang => std::future::pending().await,
        Act::HangUp => return Err("as told".into()),
        Act::Stall => {
            let (pipe, frames) = mpsc::channel(1);
            pipe.try_send(Frame::data(Bytes::from_static(b"begun")))?;
            tokio::spawn(async move {
                let _open = pipe;
                std::future::pending::<()>().await
            });
            answer.body(Either::Right(Piped(frames)))?
        }
    })
}
