//! One TLS handshake, from the first byte to the settled session, with a clear answer to
//! clients that cannot get one. How long it may take is the caller's to say.

use std::{io, sync::Arc};

use rustls::Error as Fault;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{StartHandshake, server::TlsStream};

use super::{
    ChosenBy,
    hello::{HelloError, read_hello},
};
use crate::{
    listener::ListenerState,
    metrics::{GatewayMetrics, HandshakeResult},
};

/// RFC 8446 section 6: a fatal `unrecognized_name` alert, as a whole record.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

const SPEAKS_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\ncontent-length: 49\r\nconnection: close\r\n\
    x-doorward-reason: plain-http-on-https-port\r\n\r\n\
    This port speaks HTTPS: use https:// in the URL.\n";

/// Answers one handshake by the state that `current` yields once the ClientHello is there, and
/// counts how it went. Yields that state, too. `None`: the client has been told, the connection
/// is over.
pub async fn handshake(
    mut stream: TcpStream,
    metrics: &GatewayMetrics,
    current: impl FnOnce() -> Arc<ListenerState>,
) -> Option<(Box<TlsStream<TcpStream>>, Arc<ListenerState>)> {
    let accepted = match read_hello(&stream).await {
        Ok(accepted) => accepted,
        Err(error) => {
            metrics.handshake(refuse_hello(stream, error).await);
            return None;
        }
    };
    let state = current();
    let hello = accepted.client_hello();
    let chosen = state.tls.as_ref().and_then(|tls| {
        let chosen = tls.certificates.choose(&hello, tls.tls13)?;
        Some((
            tls.config_for(&hello).clone(),
            chosen.certificate.fingerprint,
            chosen.source,
            chosen.by,
        ))
    });
    let Some((config, fingerprint, source, by)) = chosen else {
        state.ledger.refused(hello.server_name(), &state.listener.routes);
        metrics.handshake(HandshakeResult::NoCertificate);
        // The client may be gone already; there is nobody else to tell.
        let _ = stream.write_all(&UNRECOGNIZED_NAME).await;
        let _ = stream.shutdown().await;
        return None;
    };
    match StartHandshake::from_parts(accepted, stream).into_stream(config).await {
        Ok(stream) => {
            let server_name = stream.get_ref().1.server_name();
            state.ledger.served(server_name, by, &fingerprint, &state.listener.routes);
            metrics.handshake_done(source, by == ChosenBy::Default);
            Some((Box::new(stream), state))
        }
        Err(error) => {
            metrics.handshake(result_of(&error));
            None
        }
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
