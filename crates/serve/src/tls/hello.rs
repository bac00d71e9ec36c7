//! Reads a ClientHello before any decision is taken, so that the table in force at that moment
//! answers it, and clear text on a TLS port is told apart from TLS.

use std::io;

use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use tokio::net::TcpStream;

/// What is wrong with the first bytes of a connection.
#[derive(Debug)]
pub enum HelloError {
    /// The client went away.
    Gone,
    /// The client speaks HTTP in clear text.
    PlainHttp,
    /// Not a ClientHello; the alert says so to the client.
    NotTls(rustls::Error, AcceptedAlert),
}

/// A ClientHello, and all bytes that were read for it: whoever passes the connection on unopened
/// has to pass on these first.
pub struct Hello {
    pub accepted: Accepted,
    pub bytes: Vec<u8>,
}

/// Enough for the ClientHello of a browser with a post-quantum key share.
const READ_SIZE: usize = 2048;
/// The content type of every TLS handshake record (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;

pub async fn read_hello(stream: &TcpStream) -> Result<Hello, HelloError> {
    let mut acceptor = Acceptor::default();
    let mut bytes = Vec::new();
    loop {
        stream.readable().await.map_err(|_| HelloError::Gone)?;
        if let Some(accepted) = read_once(stream, &mut acceptor, &mut bytes)? {
            return Ok(Hello { accepted, bytes });
        }
    }
}

/// Not async, so that the buffer lives on the stack and not in the connection's memory.
fn read_once(
    stream: &TcpStream,
    acceptor: &mut Acceptor,
    all: &mut Vec<u8>,
) -> Result<Option<Accepted>, HelloError> {
    let mut buffer = [0; READ_SIZE];
    let mut bytes = match stream.try_read(&mut buffer) {
        Ok(0) => return Err(HelloError::Gone),
        Ok(read) => &buffer[..read],
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
        Err(_) => return Err(HelloError::Gone),
    };
    if all.is_empty() && looks_like_http(bytes) {
        return Err(HelloError::PlainHttp);
    }
    all.extend_from_slice(bytes);
    acceptor.read_tls(&mut bytes).map_err(|_| HelloError::Gone)?;
    debug_assert!(bytes.is_empty(), "rustls takes at least 4096 bytes at a time");
    acceptor.accept().map_err(|(error, alert)| HelloError::NotTls(error, alert))
}

/// A method begins with a capital letter; no TLS record does.
fn looks_like_http(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| *byte != HANDSHAKE_RECORD && byte.is_ascii_uppercase())
}
