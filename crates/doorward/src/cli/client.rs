//! One request to the admin API, one answer: JSON text, as it came.

use std::{io::ErrorKind, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;

use crate::{args::RemoteArgs, config::Token, view::ErrorView};

/// Longer than any change takes that the server waits for.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    address: String,
    token: Option<Token>,
}

impl Client {
    pub fn new(remote: &RemoteArgs) -> Result<Self> {
        let address = remote.admin.trim_start_matches("http://").trim_end_matches('/');
        let token = remote.admin_token_file.as_deref().map(Token::read).transpose()?;
        Ok(Self { address: address.to_owned(), token })
    }

    pub fn get(&self, path: &str) -> Result<String> {
        self.send(Method::GET, path, &())
    }

    pub fn post(&self, path: &str, body: &impl Serialize) -> Result<String> {
        self.send(Method::POST, path, body)
    }

    pub fn put(&self, path: &str, body: &impl Serialize) -> Result<String> {
        self.send(Method::PUT, path, body)
    }

    pub fn delete(&self, path: &str) -> Result<String> {
        self.send(Method::DELETE, path, &())
    }

    fn send(&self, method: Method, path: &str, body: &impl Serialize) -> Result<String> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.address)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token.bearer());
        }
        let body = serde_json::to_vec(body).context("cannot write the request as JSON")?;
        let request = request.body(Full::new(Bytes::from(body))).with_context(|| {
            format!("{path:?} cannot be asked for: use letters, digits, '-', '_' and '.'")
        })?;

        super::runtime()?.block_on(async {
            tokio::time::timeout(PATIENCE, self.exchange(request)).await.map_err(|_| {
                anyhow!("{} did not answer within {} seconds", self.address, PATIENCE.as_secs())
            })?
        })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<String> {
        let stream =
            TcpStream::connect(&self.address).await.map_err(|error| self.unreachable(&error))?;
        let no_http = || {
            format!(
                "{} does not answer as an admin API: is it the address of --admin?",
                self.address
            )
        };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .with_context(no_http)?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.with_context(no_http)?;
        let answer = read(response).await;
        connection.abort();
        answer
    }

    fn unreachable(&self, error: &std::io::Error) -> anyhow::Error {
        let why = match error.kind() {
            ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            _ => error.to_string(),
        };
        anyhow!(
            "no Doorward answers at {} ({why}): start one with `doorward run`, or give its admin address with --admin HOST:PORT or DOORWARD_ADMIN",
            self.address
        )
    }
}

async fn read(response: Response<Incoming>) -> Result<String> {
    let status = response.status();
    let body = response.into_body().collect().await.context("the answer broke off")?.to_bytes();
    if status.is_success() {
        return String::from_utf8(body.into()).context("the answer is not text");
    }
    match serde_json::from_slice::<ErrorView>(&body) {
        Ok(_) if status == StatusCode::UNAUTHORIZED => bail!(
            "this Doorward asks for its admin token: give its file with --admin-token-file FILE or DOORWARD_ADMIN_TOKEN_FILE"
        ),
        Ok(ErrorView { error }) => match error.object {
            Some(object) => bail!("{object}: {}", error.message),
            None => bail!("{}", error.message),
        },
        Err(_) => bail!("the admin API answered {status}"),
    }
}
