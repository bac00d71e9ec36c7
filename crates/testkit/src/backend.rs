//! Backends on loopback: one that answers well, and those that do not.

mod echo;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::{ServerConfig, crypto::aws_lc_rs};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::pki::Issued;

/// A server on a port of its own. Dropping it closes the port and every connection.
pub struct Backend {
    pub address: SocketAddr,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Backend {
    /// Answers HTTP/1.1 and HTTP/2 (prior knowledge) on one port. Every answer carries the
    /// header `x-backend: NAME`.
    ///
    /// | path | answer |
    /// |---|---|
    /// | `/status/NNN` | that status |
    /// | `/stream` | the request's body as it comes, with its trailers |
    /// | any, `Upgrade: …` | 101, then the bytes as they come |
    /// | any, `content-type: application/grpc…` | the body as it comes, then trailer `grpc-status: 0` |
    /// | any other | JSON: `backend`, `method`, `uri`, `version`, `headers` (lists), `body` |
    pub async fn echo(name: &str) -> Self {
        let name: Arc<str> = name.into();
        Self::start(move |stream, counts| {
            let name = name.clone();
            async move { echo::serve(stream, name, counts).await }
        })
        .await
    }

    /// As [`Backend::echo`] over TLS, with ALPN.
    pub async fn echo_tls(name: &str, pair: &Issued) -> Self {
        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .with_no_client_auth()
            .with_single_cert(pair.chain_der(), pair.key_der())
            .expect("test pairs fit");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let name: Arc<str> = name.into();
        Self::start(move |stream, counts| {
            let (acceptor, name) = (acceptor.clone(), name.clone());
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    echo::serve(stream, name, counts).await;
                }
            }
        })
        .await
    }

    /// No HTTP: greets with `NAME\n` before it is asked, sends back every byte, and when the
    /// client has no more to say, says `bye` and hangs up.
    pub async fn parrot(name: &str) -> Self {
        let greeting = format!("{name}\n");
        Self::start(move |mut stream, _| {
            let greeting = greeting.clone();
            async move {
                let (mut reading, mut writing) = stream.split();
                let talking = async {
                    writing.write_all(greeting.as_bytes()).await?;
                    tokio::io::copy(&mut reading, &mut writing).await?;
                    writing.write_all(b"bye").await?;
                    writing.shutdown().await
                };
                // A client that is gone hears no more of it.
                let _ = talking.await;
            }
        })
        .await
    }

    /// Takes connections, reads, and never answers.
    pub async fn hanging() -> Self {
        Self::start(|mut stream, _| async move {
            let mut sink = tokio::io::sink();
            let _ = tokio::io::copy(&mut stream, &mut sink).await;
            std::future::pending::<()>().await;
        })
        .await
    }

    /// Reads the first bytes of a request and resets the connection.
    pub async fn resetting() -> Self {
        Self::start(|mut stream, _| async move {
            let _ = stream.read(&mut [0; 1024]).await;
            reset(stream);
        })
        .await
    }

    /// Answers the head of each request with these bytes and hangs up: garbage, a
    /// half answer, an answer no client library would send.
    pub async fn answering(bytes: &'static [u8]) -> Self {
        Self::start(move |mut stream, _| async move {
            if read_head(&mut stream).await.is_ok() {
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// Answers the first `good` requests of each connection, then resets it as the next one
    /// comes: what a pooled connection meets when its backend restarts.
    pub async fn resetting_after(good: usize) -> Self {
        Self::start(move |mut stream, counts| async move {
            for _ in 0..good {
                if read_head(&mut stream).await.is_err() {
                    return;
                }
                counts.requests.fetch_add(1, Ordering::Relaxed);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                if stream.write_all(answer).await.is_err() {
                    return;
                }
            }
            let _ = stream.read(&mut [0; 1024]).await;
            reset(stream);
        })
        .await
    }

    /// Connections taken so far.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// Requests answered so far.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::Relaxed)
    }

    async fn start<F, Fut>(serve: F) -> Self
    where
        F: Fn(TcpStream, Arc<Counts>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let counts = Arc::new(Counts::default());
        let counting = counts.clone();
        let accepting = tokio::spawn(async move {
            // Dropped with the task, which ends the connections too.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counting.connections.fetch_add(1, Ordering::Relaxed);
                connections.spawn(serve(stream, counting.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, counts, accepting }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A port on which nothing listens, so that connecting is refused.
pub async fn refused() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    listener.local_addr().expect("it is bound")
}

/// Sends RST instead of FIN.
fn reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
    drop(stream);
}

async fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    let reading = async {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        Ok(())
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await?
}

#[cfg(test)]
mod tests;
