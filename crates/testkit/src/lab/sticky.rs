//! A client of several servers that behaves as a good one does: it stays with one endpoint, goes to
//! the next at once when that fails, and reads its certificate anew for each connection.

use std::{io, net::SocketAddr, time::Duration};

use tokio::time::timeout;

use super::etcd::Credentials;
use crate::{
    http::{Answer, Connection, Request},
    tls::TlsClient,
};

/// For one endpoint; then it is the next one's turn.
const TRY: Duration = Duration::from_secs(2);
const ROUNDS: usize = 8;

pub struct Sticky {
    endpoints: Vec<SocketAddr>,
    credentials: Credentials,
    connection: Option<Connection>,
    /// The endpoint that it is with.
    at: usize,
    /// How often it had to try again.
    pub retried: u64,
}

impl Sticky {
    pub fn new(endpoints: Vec<SocketAddr>, credentials: Credentials) -> Self {
        Self { endpoints, credentials, connection: None, at: 0, retried: 0 }
    }

    /// The first good answer; fails when every endpoint has failed several times.
    pub async fn ask(
        &mut self,
        request: impl Fn(SocketAddr) -> Request,
        is_good: impl Fn(&Answer) -> bool,
    ) -> io::Result<Answer> {
        let mut last = io::Error::other("there is no endpoint");
        for _ in 0..self.endpoints.len() * ROUNDS {
            match timeout(TRY, self.attempt(&request)).await {
                Ok(Ok(answer)) if is_good(&answer) => return Ok(answer),
                Ok(Ok(answer)) => last = io::Error::other(answer.text()),
                Ok(Err(error)) => last = error,
                Err(elapsed) => last = elapsed.into(),
            }
            self.connection = None;
            self.at = (self.at + 1) % self.endpoints.len();
            self.retried += 1;
        }
        Err(last)
    }

    async fn attempt(&mut self, request: impl Fn(SocketAddr) -> Request) -> io::Result<Answer> {
        let endpoint = self.endpoints[self.at];
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let stream = TlsClient::new((self.credentials)()?).connect(endpoint, None).await?;
                none.insert(Connection::open(stream).await?)
            }
        };
        connection.send(request(endpoint)).await
    }
}
