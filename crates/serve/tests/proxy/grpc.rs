//! gRPC: HTTP/2 with trailers from end to end.

use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::BackendProtocol;
use testkit::{
    LIMIT,
    backend::{Backend, refused},
    http::{exchange_h2, request},
};

use tokio::sync::mpsc;

use crate::{
    front::{Front, forward_over, rule},
    piped::{Piped, data},
};

async fn front(endpoints: &[std::net::SocketAddr]) -> Front {
    Front::serving(vec![rule("shop.test", "/", forward_over(BackendProtocol::Grpc, endpoints))])
        .await
}

fn call(body: &'static str) -> testkit::http::Request {
    let mut call = request(Method::POST, "http://shop.test/shop.Cart/Add", body);
    call.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    call.headers_mut().insert("te", HeaderValue::from_static("trailers"));
    call
}

#[tokio::test]
async fn a_call_brings_its_trailers_home() {
    let backend = Backend::echo("one").await;
    let front = front(&[backend.address]).await;
    for _ in 0..5 {
        let answer = exchange_h2(front.connect().await, call("hello")).await.unwrap();
        assert_eq!(answer.text(), "hello");
        assert_eq!(answer.header("content-type"), "application/grpc");
        assert_eq!(answer.trailers["grpc-status"], "0");
    }
    assert_eq!(backend.connections(), 1, "calls share a connection");
}

#[tokio::test]
async fn the_backend_sees_http2_with_its_host_and_te() {
    let backend = Backend::echo("one").await;
    let front = front(&[backend.address]).await;
    let mut call = call("");
    call.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
    let seen = exchange_h2(front.connect().await, call).await.unwrap().json();
    assert_eq!(seen["version"], "HTTP/2.0");
    assert_eq!(seen["uri"], "http://shop.test/shop.Cart/Add");
    assert_eq!(seen["headers"]["te"][0], "trailers");
    assert!(seen["headers"]["host"].is_null());
}

#[tokio::test]
async fn a_requests_trailers_arrive() {
    let backend = Backend::echo("one").await;
    let front = front(&[backend.address]).await;
    let io = TokioIo::new(front.connect().await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("x-sum"),
        HeaderValue::from_static("7"),
    )]);
    let body = Full::new(bytes::Bytes::from_static(b"abc"))
        .with_trailers(std::future::ready(Some(Ok(trailers))));
    let upload = Request::post("http://shop.test/stream").body(body).unwrap();
    let echoed = sender.send_request(upload).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(echoed.trailers().unwrap()["x-sum"], "7");
}

/// Long calls must not queue behind the backend's limit of streams on one connection (hyper's
/// server allows 200).
#[tokio::test]
async fn more_calls_than_a_connection_may_carry_get_another_one() {
    let backend = Backend::echo("one").await;
    let front = front(&[backend.address]).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let io = TokioIo::new(front.connect().await);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..100 {
            let (frames, body) = mpsc::channel(1);
            frames.send(data("x")).await.unwrap();
            let call = Request::post("http://shop.test/stream").body(Piped(body)).unwrap();
            let answer = tokio::time::timeout(LIMIT, sender.send_request(call)).await;
            open.push((frames, answer.unwrap().unwrap()));
        }
    }
    assert_eq!(open.len(), 300);
    assert_eq!(backend.connections(), 2);
}

#[tokio::test]
async fn a_dead_endpoint_is_passed_over() {
    let backend = Backend::echo("one").await;
    let front = front(&[refused().await, backend.address]).await;
    for _ in 0..4 {
        let answer = exchange_h2(front.connect().await, call("hello")).await.unwrap();
        assert_eq!(answer.trailers["grpc-status"], "0");
    }
}

#[tokio::test]
async fn a_backend_that_went_away_is_dialled_again() {
    let first = Backend::echo("first").await;
    let address = first.address;
    let front = front(&[address]).await;
    assert_eq!(exchange_h2(front.connect().await, call("a")).await.unwrap().text(), "a");
    drop(first);
    let gone = exchange_h2(front.connect().await, call("b")).await.unwrap();
    assert_eq!(gone.status, http::StatusCode::BAD_GATEWAY);
    let socket = tokio::net::TcpListener::bind(address).await.unwrap();
    let answering = tokio::spawn(async move {
        let (stream, _) = socket.accept().await.unwrap();
        let service = hyper::service::service_fn(|_| async {
            Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(
                bytes::Bytes::from_static(b"again"),
            )))
        });
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    });
    assert_eq!(exchange_h2(front.connect().await, call("c")).await.unwrap().text(), "again");
    answering.abort();
}

/// A backend that restarts politely says GOAWAY; what it has taken is answered, the rest goes
/// to a new connection.
#[tokio::test]
async fn a_backend_that_says_goaway_costs_no_call() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            tokio::spawn(async move {
                let (said, leave) = tokio::sync::oneshot::channel();
                let said = std::sync::Mutex::new(Some(said));
                let service = hyper::service::service_fn(|_| {
                    if let Some(said) = said.lock().unwrap().take() {
                        let _ = said.send(());
                    }
                    async {
                        Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(
                            bytes::Bytes::from_static(b"ok"),
                        )))
                    }
                });
                let mut connection = std::pin::pin!(
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                );
                tokio::select! {
                    _ = connection.as_mut() => return,
                    _ = leave => connection.as_mut().graceful_shutdown(),
                }
                let _ = connection.await;
            });
        }
    });
    let front = front(&[address]).await;
    for _ in 0..20 {
        let answer = exchange_h2(front.connect().await, call("x")).await.unwrap();
        assert_eq!(answer.text(), "ok", "{:?}", answer.headers);
    }
    serving.abort();
}
