//! New connections, one after the other on a few lanes: connect, full TLS 1.3 handshake, one
//! request, close.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustls::{
    ClientConfig,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

use crate::site::HOST;

const LANES: u8 = 8;

/// Gives the number of answers; any failure is an error.
pub async fn drive(server: SocketAddr, time: Duration, hybrid: bool) -> Result<u64> {
    let connector = TlsConnector::from(Arc::new(config(hybrid)?));
    let end = Instant::now() + time;
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let connector = connector.clone();
        lanes.spawn(async move {
            let mut answered: u64 = 0;
            while Instant::now() < end {
                // Many source addresses, so that no port is met again while it waits to die.
                let source = Ipv4Addr::new(127, 1, lane, (answered % 100) as u8 + 1);
                exchange(&connector, server, source).await?;
                answered += 1;
            }
            Ok::<_, anyhow::Error>(answered)
        });
    }
    let mut answered = 0;
    while let Some(lane) = lanes.join_next().await {
        answered += lane??;
    }
    Ok(answered)
}

async fn exchange(connector: &TlsConnector, server: SocketAddr, source: Ipv4Addr) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((source, 0).into())?;
    let stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(HOST).context("the host is a DNS name")?;
    let mut stream = connector.connect(name, stream).await.context("handshake")?;
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(1024);
    match stream.read_to_end(&mut answer).await {
        // A server that closes without close_notify has answered all the same.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
        _ => {}
    }
    ensure!(
        answer.starts_with(b"HTTP/1.1 200"),
        "answer: {}",
        String::from_utf8_lossy(&answer[..answer.len().min(200)])
    );
    Ok(())
}

/// Checks signatures but not the chain: what counts is the server's work.
fn config(hybrid: bool) -> Result<ClientConfig> {
    let wanted = match hybrid {
        true => aws_lc_rs::kx_group::X25519MLKEM768,
        false => aws_lc_rs::kx_group::X25519,
    };
    let provider: Arc<CryptoProvider> =
        CryptoProvider { kx_groups: vec![wanted], ..aws_lc_rs::default_provider() }.into();
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(testkit::tls::any_certificate(provider))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}
