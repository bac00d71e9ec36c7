//! One TLS handshake, from the first byte to the settled session, with a clear answer to
//! clients that cannot get one. How long it may take is the caller's to say.

use std::{io, sync::Arc};

use model::{CertificateSource, Fingerprint, HostFit};
use rustls::{Error as Fault, ServerConfig, server::ClientHello};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{StartHandshake, server::TlsStream};

use super::{
    ChosenBy,
    hello::{Hello, HelloError, read_hello},
};
use crate::{
    challenge,
    ledger::Asked,
    listener::{Common, ListenerState},
    metrics::HandshakeResult,
};

/// Fatal alerts as whole records (RFC 8446 section 6).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
const INTERNAL_ERROR: [u8; 7] = [21, 3, 3, 0, 2, 2, 80];

const SPEAKS_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\ncontent-length: 49\r\nconnection: close\r\n\
    x-doorward-reason: plain-http-on-https-port\r\n\r\n\
    This port speaks HTTPS: use https:// in the URL.\n";

/// A client that was let in, and the state of the listener or server that did.
pub enum Welcomed {
    Opened(Box<TlsStream<TcpStream>>, Arc<ListenerState>),
    Unopened(Unopened, Arc<ListenerState>),
}

/// A client whose bytes are not looked at, or not any more.
pub struct Unopened {
    pub stream: TcpStream,
    /// What was read of it: a ClientHello, which the endpoint needs.
    pub read: Vec<u8>,
    pub server_name: Option<Arc<str>>,
}

/// Answers one handshake by the state that `current` yields once the ClientHello is there, and
/// counts how it went. `None`: the client has been told, the connection is over.
pub async fn handshake(
    mut stream: TcpStream,
    common: &Common,
    current: impl FnOnce() -> Arc<ListenerState>,
) -> Option<Welcomed> {
    let metrics = &common.metrics;
    let Hello { accepted, bytes } = match read_hello(&stream).await {
        Ok(hello) => hello,
        Err(error) => {
            metrics.handshake(refuse_hello(stream, error).await);
            return None;
        }
    };
    let whole = current();
    let hello = accepted.client_hello();
    if let Some(challenge) = challenge::for_handshake(&common.challenges.load(), &hello) {
        let answered = challenge::over_tls(accepted, stream, &challenge).await;
        metrics.handshake(match answered {
            Ok(()) => HandshakeResult::Challenge,
            Err(error) => result_of(&error),
        });
        return None;
    }
    let answer = match addressed(&whole, hello.server_name()) {
        Ok((state, _)) if state.listener.tunnel.is_some() && state.tls.is_none() => {
            metrics.handshake(HandshakeResult::PassedOn);
            let server_name = hello.server_name().map(Into::into);
            let unopened = Unopened { stream, read: bytes, server_name };
            return Some(Welcomed::Unopened(unopened, state.clone()));
        }
        Ok((state, fit)) => prepare(state, fit, &hello),
        Err(unanswered) => Err(unanswered),
    };
    drop(bytes);
    let prepared = match answer {
        Ok(prepared) => prepared,
        Err(unanswered) => {
            whole.ledger.refused(unanswered.asked);
            metrics.handshake(unanswered.result);
            // The client may be gone already; there is nobody else to tell.
            let _ = stream.write_all(unanswered.alert).await;
            let _ = stream.shutdown().await;
            return None;
        }
    };
    let Prepared { state, config, fit, fingerprint, source, by } = prepared;
    match StartHandshake::from_parts(accepted, stream).into_stream(config).await {
        Ok(stream) => {
            let asked = asked(state, stream.get_ref().1.server_name(), fit, Some(by));
            state.ledger.served(asked, by, &fingerprint);
            metrics.handshake_done(source, by == ChosenBy::Default);
            Some(Welcomed::Opened(Box::new(stream), state.clone()))
        }
        Err(error) => {
            metrics.handshake(result_of(&error));
            None
        }
    }
}

/// What a handshake goes on with.
struct Prepared<'a> {
    state: &'a Arc<ListenerState>,
    config: Arc<ServerConfig>,
    fit: Option<HostFit<'a>>,
    fingerprint: Fingerprint,
    source: CertificateSource,
    by: ChosenBy,
}

/// Why there is nothing to go on with, and what the client is told.
struct Unanswered<'a> {
    asked: Asked<'a>,
    result: HandshakeResult,
    alert: &'static [u8],
}

type Addressed<'a> = (&'a Arc<ListenerState>, Option<HostFit<'a>>);

/// Whom the client asks for: the listener, or one of its servers and what led there.
fn addressed<'s: 'h, 'h>(
    whole: &'s Arc<ListenerState>,
    server_name: Option<&'h str>,
) -> Result<Addressed<'s>, Unanswered<'h>> {
    let Some(servers) = &whole.servers else { return Ok((whole, None)) };
    let Some((server, found)) = servers.find(server_name) else {
        let asked = server_name.map_or(Asked::None, |_| Asked::Other);
        return Err(Unanswered::unknown(asked));
    };
    match &server.state {
        Ok(state) => Ok((state, Some(found.by))),
        Err(_) => Err(Unanswered {
            asked: Asked::of_server(server_name, found.by, None, &whole.listener.routes),
            result: HandshakeResult::Misconfigured,
            alert: &INTERNAL_ERROR,
        }),
    }
}

fn prepare<'s: 'h, 'h>(
    state: &'s Arc<ListenerState>,
    fit: Option<HostFit<'s>>,
    hello: &'h ClientHello<'_>,
) -> Result<Prepared<'s>, Unanswered<'h>> {
    let chosen = state.tls.as_ref().and_then(|tls| {
        Some((tls.config_for(hello).clone(), tls.certificates.choose(hello, &tls.offer)?))
    });
    let Some((config, chosen)) = chosen else {
        return Err(Unanswered::unknown(asked(state, hello.server_name(), fit, None)));
    };
    let fingerprint = chosen.certificate.fingerprint;
    Ok(Prepared { state, config, fit, fingerprint, source: chosen.source, by: chosen.by })
}

fn asked<'a>(
    state: &ListenerState,
    server_name: Option<&'a str>,
    fit: Option<HostFit<'a>>,
    by: Option<ChosenBy>,
) -> Asked<'a> {
    let routes = &state.listener.routes;
    match (fit, by) {
        (Some(fit), by) => Asked::of_server(server_name, fit, by, routes),
        (None, Some(by)) => Asked::of_certificate(server_name, by, routes),
        (None, None) => Asked::of_routes(server_name, routes),
    }
}

impl<'a> Unanswered<'a> {
    /// Nothing here goes by that name.
    fn unknown(asked: Asked<'a>) -> Self {
        Self { asked, result: HandshakeResult::NoCertificate, alert: &UNRECOGNIZED_NAME }
    }
}

async fn refuse_hello(mut stream: TcpStream, error: HelloError) -> HandshakeResult {
    match error {
        HelloError::Gone => HandshakeResult::ClientGone,
        HelloError::PlainHttp => {
            if stream.write_all(SPEAKS_HTTPS).await.is_ok() {
                close_after_reading(stream).await;
            }
            HandshakeResult::PlainHttp
        }
        HelloError::NotTls(fault, mut alert) => {
            let mut record = Vec::new();
            if alert.write_all(&mut record).is_ok() {
                let _ = stream.write_all(&record).await;
                let _ = stream.shutdown().await;
            }
            result_of_fault(&fault)
        }
    }
}

/// Closing with unread bytes would reset the connection and take the answer away from the
/// client. What it still sends is read for a little while, but never without end.
async fn close_after_reading(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    for _ in 0..32 {
        if stream.readable().await.is_err() {
            return;
        }
        match stream.try_read(&mut [0; 2048]) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

fn result_of(error: &io::Error) -> HandshakeResult {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        Some(fault) => result_of_fault(fault),
        None => HandshakeResult::ClientGone,
    }
}

fn result_of_fault(fault: &Fault) -> HandshakeResult {
    match fault {
        Fault::NoCertificatesPresented => HandshakeResult::NoClientCertificate,
        Fault::InvalidCertificate(_) => HandshakeResult::BadClientCertificate,
        Fault::PeerIncompatible(_) | Fault::NoApplicationProtocol => HandshakeResult::Incompatible,
        Fault::AlertReceived(_) => HandshakeResult::RejectedByClient,
        _ => HandshakeResult::ClientError,
    }
}
