//! One request, one answer, over any stream.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header::HOST};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use crate::LIMIT;

/// What [`exchange`] and its like send. The URI is whole: `https://shop.test/cart`.
pub type Request = http::Request<Full<Bytes>>;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: HeaderMap,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The header's value, or `""`.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or(""))
    }

    /// The body as JSON; panics with the body when it is none.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: not JSON ({error}): {}", self.status, self.text()))
    }
}

/// A GET of a whole URI.
pub fn get(uri: &str) -> Request {
    request(Method::GET, uri, "")
}

/// A request of a whole URI; add headers with `headers_mut()`.
pub fn request(method: Method, uri: &str, body: impl Into<Bytes>) -> Request {
    http::Request::builder()
        .method(method)
        .uri(uri)
        .body(Full::new(body.into()))
        .expect("test URIs are valid")
}

/// Over plain HTTP/1.1, on a connection of its own.
pub async fn send(address: SocketAddr, request: Request) -> io::Result<Answer> {
    exchange(TcpStream::connect(address).await?, request).await
}

/// `GET http://HOST PATH` at `address`.
pub async fn get_plain(address: SocketAddr, host: &str, path: &str) -> io::Result<Answer> {
    send(address, get(&format!("http://{host}{path}"))).await
}

/// One HTTP/1.1 exchange. `Host` is the URI's authority, unless the request has one.
pub async fn exchange<S>(stream: S, request: Request) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Connection::open(stream).await?.send(request).await
}

/// A connection kept alive between requests, HTTP/1.1. Dropping it hangs up.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<hyper::Result<()>>,
}

impl Connection {
    pub async fn open<S>(stream: S) -> io::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        Ok(Self { sender, driver: tokio::spawn(connection) })
    }

    /// One exchange; after an error the connection is of no more use.
    pub async fn send(&mut self, mut request: Request) -> io::Result<Answer> {
        let uri = request.uri().clone();
        if let (None, Some(authority)) = (request.headers().get(HOST), uri.authority()) {
            let host = authority.as_str().parse().map_err(io::Error::other)?;
            request.headers_mut().insert(HOST, host);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse::<Uri>().map_err(io::Error::other)?;
        limited(Box::pin(async {
            self.sender.ready().await.map_err(io::Error::other)?;
            read(self.sender.send_request(request).await.map_err(io::Error::other)?).await
        }))
        .await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// One HTTP/2 exchange with prior knowledge.
pub async fn exchange_h2<S>(stream: S, request: Request) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    limited(Box::pin(async {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .map_err(io::Error::other)?;
        let connection = tokio::spawn(connection);
        let answer = read(sender.send_request(request).await.map_err(io::Error::other)?).await;
        connection.abort();
        answer
    }))
    .await
}

/// Writes bytes as they are and reads until the peer hangs up or `quiet` passes without a byte:
/// for requests that no client library would send.
pub async fn raw<S>(mut stream: S, bytes: &[u8], quiet: Duration) -> io::Result<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read) = tokio::time::timeout(quiet, stream.read(&mut chunk)).await {
        match read {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&chunk[..length]),
            // A reset after an answer is how a server gets rid of a bad client.
            Err(_) if !answer.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn read(response: http::Response<hyper::body::Incoming>) -> io::Result<Answer> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes(), trailers })
}

async fn limited<T>(exchange: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(LIMIT, exchange).await?
}
