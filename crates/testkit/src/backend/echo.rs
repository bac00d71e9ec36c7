//! The backend that answers well: it says what it was asked.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, UPGRADE},
};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Counts;

type Body = BoxBody<Bytes, hyper::Error>;

pub(super) async fn serve<S>(stream: S, name: Arc<str>, counts: Arc<Counts>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        counts.requests.fetch_add(1, Ordering::Relaxed);
        answer(name.clone(), request)
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    // A client that hangs up is the client's affair.
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

async fn answer(name: Arc<str>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path();
    let is_grpc = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"application/grpc"));
    let mut response = if request.headers().contains_key(UPGRADE) {
        upgraded(request)
    } else if is_grpc {
        grpc(request)
    } else if path == "/stream" {
        Response::new(request.into_body().boxed())
    } else if let Some(status) = path.strip_prefix("/status/").and_then(|code| code.parse().ok()) {
        with_status(status)
    } else {
        described(&name, request).await
    };
    let name = HeaderValue::from_str(&name).expect("test names are visible ASCII");
    response.headers_mut().insert("x-backend", name);
    Ok(response)
}

fn upgraded(mut request: Request<Incoming>) -> Response<Body> {
    let protocol = request.headers()[UPGRADE].clone();
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(&mut request).await {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        }
    });
    let mut response = with_status(StatusCode::SWITCHING_PROTOCOLS);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(UPGRADE, protocol);
    response
}

fn grpc(request: Request<Incoming>) -> Response<Body> {
    let content_type = request.headers()[CONTENT_TYPE].clone();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = request.into_body().with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(body.boxed());
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

async fn described(name: &str, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut headers = BTreeMap::<_, Vec<_>>::new();
    for (key, value) in &head.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(key.as_str()).or_default().push(value);
    }
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let facts = json!({
        "backend": name,
        "method": head.method.as_str(),
        "uri": head.uri.to_string(),
        "version": format!("{:?}", head.version),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    let mut response = Response::new(full(facts.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn with_status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = status;
    response
}

fn full(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}
