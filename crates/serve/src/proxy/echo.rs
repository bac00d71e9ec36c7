//! The action `Echo`: tells a client what the gateway saw of it, for trying things out.

use bytes::Bytes;
use http::{HeaderValue, Response, header, request};
use model::{Listener, Rule};
use serde::Serialize;

use super::{body::Body, host::Host};
use crate::Connection;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Echo<'a> {
    method: &'a str,
    host: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    version: String,
    headers: Vec<(&'a str, std::borrow::Cow<'a, str>)>,
    client: String,
    listener: String,
    rule: Option<String>,
    tls: Option<Tls<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tls<'a> {
    server_name: Option<&'a str>,
    version: &'a str,
    cipher: &'a str,
    group: Option<&'a str>,
    alpn: Option<&'a str>,
    resumed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_certificate: Option<ClientCertificate<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientCertificate<'a> {
    subject: &'a str,
    issuer: &'a str,
    serial: &'a str,
    fingerprint: String,
}

/// The facts as a JSON object. Credentials are named and not repeated: an echo may be open to
/// scripts of the page that calls it, which must not read its own cookies there.
pub fn answer(
    request: &request::Parts,
    host: &Host,
    connection: &Connection,
    listener: &Listener,
    rule: Option<&Rule>,
) -> Response<Body> {
    let headers = request.headers.iter().map(|(name, value)| {
        let secret = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
        let value = if secret.contains(name) {
            "[redacted]".into()
        } else {
            String::from_utf8_lossy(value.as_bytes())
        };
        (name.as_str(), value)
    });
    let echo = Echo {
        method: request.method.as_str(),
        host: &host.name,
        path: request.uri.path(),
        query: request.uri.query(),
        version: format!("{:?}", request.version),
        headers: headers.collect(),
        client: connection.client.to_string(),
        listener: listener.key.to_string(),
        rule: rule.map(|rule| rule.origin.to_string()),
        tls: connection.tls.as_ref().map(|tls| Tls {
            server_name: tls.server_name.as_deref(),
            version: tls.version,
            cipher: tls.cipher,
            group: tls.group,
            alpn: tls.alpn,
            resumed: tls.resumed,
            client_certificate: tls.client_certificate.as_ref().map(|shown| ClientCertificate {
                subject: &shown.subject_dn,
                issuer: &shown.issuer_dn,
                serial: &shown.serial,
                fingerprint: shown.fingerprint.to_string(),
            }),
        }),
    };
    let mut json = serde_json::to_vec_pretty(&echo).expect("texts and numbers always serialise");
    json.push(b'\n');
    let mut response = Response::new(Body::full(Bytes::from(json)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
