//! The gateway's answers to a CA that looks whether names are ours (RFC 8555 section 8.3 and
//! RFC 8737). Only what is open is answered, for its exact host; nothing else changes.

use std::{io, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header::CONTENT_TYPE};
use model::{Challenges, TlsChallenge};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{Accepted, ClientHello},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::StartHandshake;

use crate::proxy::{Body, Host};

const PATH: &str = "/.well-known/acme-challenge/";
const PROTOCOL: &[u8] = b"acme-tls/1";

/// What answers a request in clear, if it is a CA's and its challenge is open.
pub fn over_http<B>(challenges: &Challenges, request: &Request<B>) -> Option<Response<Body>> {
    if challenges.is_empty() {
        return None;
    }
    let token = request.uri().path().strip_prefix(PATH)?;
    let is_asked = matches!(*request.method(), Method::GET | Method::HEAD);
    let host = Host::of(request.uri(), request.headers(), request.version()).ok()?;
    let text = challenges.key_authorization(&host.name, token).filter(|_| is_asked)?;
    let mut response = Response::new(Body::full(Bytes::copy_from_slice(text.as_bytes())));
    let kind = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Some(response)
}

/// What answers this handshake, if it is a CA's and its challenge is open.
pub fn for_handshake(
    challenges: &Challenges,
    hello: &ClientHello<'_>,
) -> Option<Arc<TlsChallenge>> {
    if challenges.is_empty() {
        return None;
    }
    let mut offered = hello.alpn()?;
    let host = hello.server_name()?;
    offered.any(|protocol| protocol == PROTOCOL).then_some(())?;
    challenges.certificate(host).cloned()
}

/// Shows the certificate that proves the name, and hangs up: nothing is said over such a
/// connection (RFC 8737 section 3).
pub async fn over_tls(
    accepted: Accepted,
    stream: TcpStream,
    challenge: &TlsChallenge,
) -> io::Result<()> {
    let config = config(challenge).map_err(io::Error::other)?;
    let mut stream = StartHandshake::from_parts(accepted, stream).into_stream(config).await?;
    stream.shutdown().await
}

fn config(challenge: &TlsChallenge) -> Result<Arc<ServerConfig>, rustls::Error> {
    let signer = aws_lc_rs::sign::any_supported_type(challenge.key.expose())?;
    // Unchecked: its critical extension is one that no client but a CA knows.
    let key = CertifiedKey::new(vec![challenge.certificate.clone()], signer);
    let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
