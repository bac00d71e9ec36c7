//! A handshake that shows what a running program presents and whom it trusts: the file on its
//! disk proves neither.

use std::{net::SocketAddr, time::Duration};

use rustls_pki_types::DnsName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Error, bounded, tls};
use crate::{Handshake, site::Identity};

const LIMIT: Duration = Duration::from_secs(10);
/// Understood by etcd's client port, its peer port and the API server, each in its own way.
const QUESTION: &[u8] = b"GET /health HTTP/1.1\r\nHost: doorward\r\nConnection: close\r\n\r\n";

pub async fn handshake<S>(
    stream: S,
    address: SocketAddr,
    name: Option<&DnsName<'static>>,
    client: Option<&Identity>,
) -> Result<Handshake, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let preparation = tls::Handshake::new(client, &[], None)?.asking_for(name.cloned());
    let seen = preparation.seen.clone();
    let is_trusted = bounded(address, LIMIT, async {
        match preparation.with(stream, address).await {
            Ok(stream) if client.is_some() => Ok(Some(is_answered(stream).await)),
            Ok(_) => Ok(None),
            // It presented its own certificate and hung up over ours.
            Err(_) if !seen.chain().is_empty() => Ok(client.map(|_| false)),
            Err(error) => Err(tls::error(address, &error)),
        }
    })
    .await?;
    Ok(Handshake {
        chain: seen.chain(),
        accepted_authorities: seen.authorities(),
        is_client_trusted: is_trusted,
    })
}

/// In TLS 1.3 the client is done before the server has judged it, so only an answer counts. An
/// API server lets everybody in, and then says 401.
async fn is_answered(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> bool {
    if stream.write_all(QUESTION).await.is_err() || stream.flush().await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    let mut some = stream.take(12);
    match some.read_to_end(&mut answer).await {
        Ok(_) | Err(_) if answer.is_empty() => false,
        _ => !answer.ends_with(b" 401"),
    }
}

#[cfg(test)]
mod tests;
