//! HTTPS to the ACME server. The library that speaks ACME sees the answers; what it would lose of
//! a refusal (`Retry-After`, a text that is no problem document) is kept here in the error.

use std::{
    pin::Pin,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, StatusCode,
    header::{CONTENT_TYPE, LINK, RETRY_AFTER, USER_AGENT},
    response::Parts,
};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient, Problem};
use issue::IssueError;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::CertificateDer;

/// One answer, all of it.
const LIMIT: Duration = Duration::from_secs(20);
/// A chain of a hundred names has some 20 kB.
const MOST_BYTES: usize = 1 << 20;

type Answer = Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>>;

/// A client that trusts these roots, or those of the machine.
#[derive(Clone)]
pub(crate) struct Wire(Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>);

/// The server said no.
#[derive(Debug, thiserror::Error)]
#[error("the server answered {status}")]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// `None`: the answer was no problem document, so perhaps not the ACME server's.
    pub(crate) problem: Option<Problem>,
}

/// Not an error, but the library has no other way to hand on what it does not know.
#[derive(Debug, thiserror::Error)]
#[error("the answer is a certificate")]
pub(crate) struct Chain {
    pub(crate) pem: String,
    /// Where there are other chains for the same leaf.
    pub(crate) alternates: Vec<String>,
}

/// There was no answer in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} seconds", LIMIT.as_secs())]
pub(crate) struct Late;

impl Wire {
    pub(crate) fn new(trusted: &[CertificateDer<'static>]) -> Result<Self, IssueError> {
        let roots = match trusted {
            [] => machine_roots()?,
            trusted => store(trusted.iter().cloned()),
        };
        let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("aws-lc-rs has what TLS 1.2 and 1.3 need")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .enable_http2()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl Wire {
    /// What the library has no call for.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        body: Vec<u8>,
    ) -> Result<(Parts, Bytes), Error> {
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(USER_AGENT, "doorward")
            .header(CONTENT_TYPE, "application/jose+json")
            .body(BodyWrapper::from(body))?;
        let BytesResponse { parts, mut body } = self.request(request).await?;
        Ok((parts, body.into_bytes().await.map_err(Error::Other)?))
    }
}

fn machine_roots() -> Result<RootCertStore, IssueError> {
    let roots = store(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        false => Ok(roots),
        true => Err(IssueError::refused(
            "this machine trusts no certificate authority: install its package ca-certificates, or \
             set spec.acme.caBundle",
        )),
    }
}

/// What is no root is left out: a server that needs it is then not trusted, which is told.
fn store(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

impl HttpClient for Wire {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Answer {
        let sent = self.0.request(request);
        let answer = async {
            let (parts, body) =
                sent.await.map_err(|error| Error::Other(error.into()))?.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(Error::Other)?;
            judge(parts, body.to_bytes())
        };
        Box::pin(async {
            tokio::time::timeout(LIMIT, answer)
                .await
                .unwrap_or_else(|_| Err(Error::Other(Late.into())))
        })
    }
}

/// Hands on what went well, and what the library itself knows how to mend.
fn judge(parts: Parts, body: Bytes) -> Result<BytesResponse, Error> {
    if !parts.status.is_client_error() && !parts.status.is_server_error() {
        return match is_chain(&parts.headers) {
            true => Err(Error::Other(Chain::read(&parts.headers, &body)?.into())),
            false => Ok(BytesResponse { parts, body: Box::new(body) }),
        };
    }
    let problem: Option<Problem> = serde_json::from_slice(&body).ok();
    let kind = problem.as_ref().and_then(|problem| problem.r#type.as_deref());
    if kind.is_some_and(|kind| kind.ends_with(":badNonce")) {
        return Ok(BytesResponse { parts, body: Box::new(body) });
    }
    let retry_after = retry_after(&parts.headers, SystemTime::now());
    Err(Error::Other(Refusal { status: parts.status, retry_after, problem }.into()))
}

/// RFC 8555 section 9.1.
fn is_chain(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/pem-certificate-chain"))
}

impl Chain {
    fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, Error> {
        let pem = String::from_utf8(body.to_vec())
            .map_err(|_| Error::Str("a certificate chain that is text"))?;
        let links = headers.get_all(LINK).iter().filter_map(|link| link.to_str().ok());
        let alternates = links.flat_map(|link| link.split(',')).filter_map(alternate).collect();
        Ok(Self { pem, alternates })
    }
}

/// `<URL>;rel="alternate"` (RFC 8288).
fn alternate(link: &str) -> Option<String> {
    let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_alternate = parameters
        .split(';')
        .any(|parameter| matches!(parameter.trim(), "rel=\"alternate\"" | "rel=alternate"));
    is_alternate.then(|| url.to_owned())
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    SystemTime::from(date).duration_since(now).ok()
}

#[cfg(test)]
mod tests;
