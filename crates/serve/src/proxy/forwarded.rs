//! `X-Forwarded-*`: what the backend learns of the client, and from whom it may learn it.

use std::{io::Write as _, net::IpAddr};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use model::{ForwardedHeaders, Listener};

use crate::Connection;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const CLIENT_PORT: HeaderName = HeaderName::from_static("x-forwarded-client-port");
const LOAD_BALANCER_ID: HeaderName = HeaderName::from_static("x-forwarded-for-slb-id");

/// Writes the headers that the listener wants. What a client sent of them counts only if it is
/// a trusted peer: then it stays, and its address joins the end of `X-Forwarded-For`.
pub fn apply(headers: &mut HeaderMap, listener: &Listener, connection: &Connection) {
    let wanted = &*listener.forwarded;
    let client = connection.client.ip().to_canonical();
    let trusted = is_trusted(wanted, client);
    if !trusted {
        forget_claims(headers, wanted);
    }
    let mut set = |name: HeaderName, value: HeaderValue| {
        // What is still there is a trusted peer's, which was nearer to the client.
        headers.entry(name).or_insert(value);
    };
    if wanted.proto {
        set(PROTO, HeaderValue::from_static(connection.scheme()));
    }
    if wanted.port {
        set(PORT, HeaderValue::from(listener.key.port));
    }
    if wanted.client_port {
        set(CLIENT_PORT, HeaderValue::from(connection.client.port()));
    }
    if wanted.load_balancer_id
        && let Ok(id) = HeaderValue::from_str(&listener.key.load_balancer)
    {
        set(LOAD_BALANCER_ID, id);
    }
    set_client_certificate(&mut set, wanted, connection);
    if wanted.host
        && let Some(host) = headers.get(header::HOST).cloned()
    {
        headers.entry(HOST).or_insert(host);
    }
    if wanted.client_address {
        // Only a trusted peer's lines are left by now.
        let value = joined(headers.get_all(FOR).iter(), client);
        headers.insert(FOR, value);
    }
}

fn is_trusted(wanted: &ForwardedHeaders, client: IpAddr) -> bool {
    wanted.trusted.as_ref().is_some_and(|trusted| trusted.0.iter().any(|net| net.contains(&client)))
}

/// Removes everything that looks like a forwarded header. `_` counts as `-`, because CGI-like
/// backends cannot tell them apart.
fn forget_claims(headers: &mut HeaderMap, wanted: &ForwardedHeaders) {
    let claims: Vec<HeaderName> =
        headers.keys().filter(|name| is_claim(name.as_str())).cloned().collect();
    let certificate_names = [
        &wanted.client_subject,
        &wanted.client_issuer,
        &wanted.client_fingerprint,
        &wanted.client_verify,
    ];
    for name in claims.iter().chain(certificate_names.into_iter().flatten()) {
        headers.remove(name);
    }
}

fn is_claim(name: &str) -> bool {
    const PREFIX: &[u8] = b"x-forwarded-";
    let bytes = name.as_bytes();
    match bytes.first() {
        Some(b'f') => name == "forwarded",
        Some(b'x') => {
            bytes.len() > PREFIX.len()
                && bytes
                    .iter()
                    .zip(PREFIX)
                    .all(|(byte, wanted)| byte == wanted || (*byte == b'_' && *wanted == b'-'))
        }
        _ => false,
    }
}

/// Facts of a client certificate, and whether it passed the listener's checks. One that did not
/// is only there where the listener lets such clients in.
fn set_client_certificate(
    set: &mut impl FnMut(HeaderName, HeaderValue),
    wanted: &ForwardedHeaders,
    connection: &Connection,
) {
    let certificate = connection.tls.as_ref().and_then(|tls| tls.client_certificate.as_ref());
    let mut text = |name: &Option<HeaderName>, value: &str| {
        if let Some(name) = name
            && let Ok(value) = HeaderValue::from_bytes(value.as_bytes())
        {
            set(name.clone(), value);
        }
    };
    let Some(certificate) = certificate else {
        return text(&wanted.client_verify, "NONE");
    };
    text(&wanted.client_verify, if certificate.is_verified { "SUCCESS" } else { "FAILED" });
    text(&wanted.client_subject, &certificate.subject_dn);
    text(&wanted.client_issuer, &certificate.issuer_dn);
    if wanted.client_fingerprint.is_some() {
        let fingerprint = certificate.fingerprint.to_string();
        text(&wanted.client_fingerprint, fingerprint.trim_start_matches("sha256:"));
    }
}

/// The lines so far as one, and the address after them.
fn joined<'a>(lines: impl Iterator<Item = &'a HeaderValue>, client: IpAddr) -> HeaderValue {
    let mut text = Vec::with_capacity(48);
    for line in lines {
        text.extend_from_slice(line.as_bytes());
        text.extend_from_slice(b", ");
    }
    write!(text, "{client}").expect("writing into a Vec does not fail");
    HeaderValue::from_maybe_shared(Bytes::from(text))
        .expect("header values and an address make a header value")
}
