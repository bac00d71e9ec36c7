//! One HTTPS request to an API server.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Error, bounded, tls};
use crate::site::{HttpAsk, Identity};

const LIMIT: Duration = Duration::from_secs(10);
const BODY: usize = 64 * 1024;

/// The status and as much of the body as is worth reading. Whoever answers is believed.
pub async fn https<S>(
    stream: S,
    address: SocketAddr,
    client: Option<&Identity>,
    ask: HttpAsk,
) -> Result<(u16, String), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let preparation = tls::Handshake::new(client, &[], Some(b"http/1.1"))?;
    let broken = |error: hyper::Error| Error::Broken { address, why: error.to_string() };
    bounded(address, LIMIT, async {
        let stream = preparation.with(stream, address).await;
        let stream = stream.map_err(|error| tls::error(address, &error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = request(address, ask)?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(broken)?;
            let status = answer.status().as_u16();
            let mut body = answer.into_body();
            let mut text = Vec::new();
            while let Some(frame) = body.frame().await {
                if let Ok(data) = frame.map_err(broken)?.into_data() {
                    text.extend_from_slice(&data);
                }
                if text.len() >= BODY {
                    text.truncate(BODY);
                    break;
                }
            }
            Ok((status, String::from_utf8_lossy(&text).into_owned()))
        };
        // The connection ends with the exchange.
        tokio::select! {
            answer = exchange => answer,
            ended = connection => Err(Error::Broken {
                address,
                why: ended.err().map_or_else(|| "it hung up".to_owned(), |error| error.to_string()),
            }),
        }
    })
    .await
}

fn request(address: SocketAddr, ask: HttpAsk) -> Result<Request<Full<Bytes>>, Error> {
    let mut request = Request::builder()
        .method(ask.method)
        .uri(&ask.path)
        .header(header::HOST, address.to_string());
    if let Some(form) = ask.accept {
        request = request.header(header::ACCEPT, form);
    }
    if let Some(kind) = ask.content_type {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    request
        .body(Full::new(Bytes::from(ask.body)))
        .map_err(|error| Error::Refused { address, why: error.to_string() })
}
