//! The drivers: what each asks of a server for a while, and how many answers it got.

mod backend;
mod handshakes;

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};

pub use backend::Backend;

use crate::{peer::tool, site::HOST};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// A full TLS 1.3 handshake (X25519) and one request a connection.
    Handshakes,
    /// As [`Load::Handshakes`] with X25519MLKEM768, where the server has it.
    HybridHandshakes,
    /// HTTP/1.1, kept alive.
    Http1,
    Http2,
}

impl Load {
    /// Runs for this long; gives the number of requests that were answered well.
    pub async fn drive(self, server: SocketAddr, time: Duration) -> Result<u64> {
        match self {
            Self::Handshakes => handshakes::drive(server, time, false).await,
            Self::HybridHandshakes => handshakes::drive(server, time, true).await,
            Self::Http1 => on_thread(move || wrk(server, time)).await,
            Self::Http2 => on_thread(move || h2load(server, time)).await,
        }
    }
}

async fn on_thread(work: impl FnOnce() -> Result<u64> + Send + 'static) -> Result<u64> {
    tokio::task::spawn_blocking(work).await?
}

fn wrk(server: SocketAddr, time: Duration) -> Result<u64> {
    // wrk sends the host of the URL as SNI, so the name has to resolve to the server.
    let url = format!("https://{HOST}:{}/", server.port());
    let said = output(&tool("wrk")?, &["-t1", "-c32", &format!("-d{}s", time.as_secs()), &url])?;
    ensure!(!said.contains("Non-2xx"), "wrk got other answers than 200:\n{said}");
    ensure!(!said.contains("Socket errors"), "wrk had errors:\n{said}");
    number_before(&said, " requests in")
}

fn h2load(server: SocketAddr, time: Duration) -> Result<u64> {
    let url = format!("https://{HOST}/");
    let to = format!("--connect-to={server}");
    let time = format!("--duration={}", time.as_secs());
    let said = output(&tool("h2load")?, &["-t1", "-c8", "-m16", &time, &to, &url])?;
    ensure!(said.contains("Application protocol: h2"), "h2load did not get HTTP/2:\n{said}");
    let answered = number_before(&said, " 2xx")?;
    ensure!(said.contains(" 0 3xx, 0 4xx, 0 5xx"), "h2load got other answers than 200:\n{said}");
    Ok(answered)
}

fn output(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}{errors}", program.display());
    Ok(said)
}

/// The number that stands just before `mark`.
fn number_before(said: &str, mark: &str) -> Result<u64> {
    let before = said.split(mark).next().filter(|before| before.len() < said.len());
    let number = before.and_then(|before| before.split_whitespace().next_back());
    number.and_then(|word| word.parse().ok()).with_context(|| format!("no {mark:?} in:\n{said}"))
}
