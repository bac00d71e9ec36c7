//! Memory per idle TLS connection: many connections, one request on each, then silence.

use anyhow::{Context, Result};
use testkit::tls::TlsClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Common,
    load::Backend,
    peer::{Kind, Served},
    peers::other_core,
    say,
    site::{HOST, Site},
    table::{Table, machine},
};

pub async fn measure(common: &Common, connections: usize) -> Result<()> {
    let backend = Backend::start(other_core(common.core)).await?;
    let site = Site::single(backend.address);
    let mut table = Table::new(&["server", "memory per idle TLS connection"]);
    for kind in Kind::chosen(common) {
        match per_connection(kind, common, &site, connections).await {
            Ok(bytes) => {
                table.row(vec![kind.version(common), format!("{:.1} KiB", bytes / 1024.0)]);
            }
            Err(error) => say(format!("{}: {error:#}", kind.title())),
        }
    }
    println!("{connections} idle connections that had one request each, {}:\n", machine());
    table.print();
    Ok(())
}

async fn per_connection(
    kind: Kind,
    common: &Common,
    site: &Site,
    connections: usize,
) -> Result<f64> {
    let served = Served::start(kind, common, site).await?;
    // The first hundred pay for what is made once.
    let mut held = Vec::with_capacity(connections + 100);
    open(&served, 100, &mut held).await?;
    let before = served.process.memory();
    open(&served, connections, &mut held).await?;
    let grown = served.process.memory().saturating_sub(before);
    let each = grown as f64 / connections as f64;
    say(format!("{}: {:.1} KiB each", kind.title(), each / 1024.0));
    Ok(each)
}

type Connection = tokio_rustls::client::TlsStream<tokio::net::TcpStream>;

async fn open(served: &Served, count: usize, held: &mut Vec<Connection>) -> Result<()> {
    let client = TlsClient::unchecked();
    for _ in 0..count {
        let mut stream = client.connect(served.address, Some(HOST)).await?;
        let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = [0; 2048];
        let length = stream.read(&mut answer).await.context("no answer")?;
        anyhow::ensure!(answer[..length].starts_with(b"HTTP/1.1 200"), "another answer than 200");
        held.push(stream);
    }
    Ok(())
}
