//! HTTP: finds out which operation a request is, and answers in its service's protocol.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    elb::protocol as elb,
    faults::{Fault, meet},
    json, lock,
    route53::protocol as route53,
    world::{Refusal, World},
};

pub(crate) type Body = Response<Full<Bytes>>;

/// One request, whole.
pub(crate) struct Asked {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    /// Decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Of `X-Amz-Target`, or empty.
    pub(crate) target: String,
    pub(crate) body: Bytes,
}

pub(crate) async fn accept(listener: TcpListener, world: Arc<Mutex<World>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let world = world.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(world.clone(), request));
            // A client that hangs up, and a fault that does, end it with an error.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(world: Arc<Mutex<World>>, request: Request<Incoming>) -> io::Result<Body> {
    let asked = read(request).await?;
    let mut world = lock(&world);
    let Some((operation, protocol)) = recognise(&asked) else {
        return Ok(status(StatusCode::NOT_FOUND));
    };
    let fault = meet(&mut world, &operation);
    match fault {
        None => Ok(protocol.carry_out(&mut world, &operation, &asked)),
        Some(Fault::Throttle) => Ok(protocol.refuse(&Refusal::throttled())),
        Some(Fault::Refuse(code)) => Ok(protocol.refuse(&Refusal::new(code, "refused on purpose"))),
        Some(Fault::Garbled(body)) => Ok(respond(StatusCode::OK, "text/plain", body)),
        Some(Fault::Lost) => Err(lost()),
        Some(Fault::DoneButLost) => {
            protocol.carry_out(&mut world, &operation, &asked);
            Err(lost())
        }
    }
}

#[derive(Clone, Copy)]
enum Protocol {
    Json,
    Query,
    Route53,
}

impl Protocol {
    fn carry_out(self, world: &mut World, operation: &str, asked: &Asked) -> Body {
        match self {
            Self::Json => json::answer(world, operation, asked),
            Self::Query => elb::answer(world, operation, asked),
            Self::Route53 => route53::answer(world, operation, asked),
        }
    }

    fn refuse(self, refusal: &Refusal) -> Body {
        match self {
            Self::Json => json::refusal(refusal),
            Self::Query | Self::Route53 => route53::refusal(refusal),
        }
    }
}

fn recognise(asked: &Asked) -> Option<(String, Protocol)> {
    if let Some((_, operation)) = asked.target.split_once('.') {
        return Some((operation.to_owned(), Protocol::Json));
    }
    if let Some(operation) = route53::operation(asked) {
        return Some((operation.to_owned(), Protocol::Route53));
    }
    Some((elb::operation(asked)?, Protocol::Query))
}

async fn read(request: Request<Incoming>) -> io::Result<Asked> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    Ok(Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        target: target.unwrap_or_default().to_owned(),
        body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
    })
}

pub(crate) fn respond(code: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Body {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = code;
    let kind = http::HeaderValue::from_static(kind);
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

fn status(code: StatusCode) -> Body {
    respond(code, "text/plain", "")
}

fn lost() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

impl Asked {
    /// A parameter of the query, or `""`.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}
