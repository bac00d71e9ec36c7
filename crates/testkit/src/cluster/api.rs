//! The Kubernetes API over HTTP and nothing more: what a test asks past any client library.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use http::{
    HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;

use crate::{
    http::{self as plain, Answer, Request},
    tls::TlsClient,
};

/// The media types of bodies and patches.
pub mod content_type {
    pub const JSON: &str = "application/json";
    pub const MERGE: &str = "application/merge-patch+json";
    pub const STRATEGIC: &str = "application/strategic-merge-patch+json";
    pub const JSON_PATCH: &str = "application/json-patch+json";
    pub const APPLY: &str = "application/apply-patch+yaml";
}

/// One server and who speaks to it.
#[derive(Clone)]
pub struct Api {
    address: SocketAddr,
    tls: Option<TlsClient>,
    token: Option<HeaderValue>,
}

impl Api {
    /// At `http://ADDRESS:PORT`, as nobody.
    pub fn plain(url: &str) -> Self {
        let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
        let address = address.expect("test servers have a plain address");
        Self { address, tls: None, token: None }
    }

    /// Over TLS, with a bearer token.
    pub fn secured(address: SocketAddr, client: TlsClient, token: &str) -> Self {
        Self { address, tls: Some(client), token: None }.with_token(token)
    }

    /// As whoever has this bearer token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        let token = HeaderValue::from_str(&format!("Bearer {token}"));
        Self { token: Some(token.expect("test tokens are visible ASCII")), ..self }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, content_type::JSON, &Value::Null).await
    }

    /// A GET that asks for another form, `application/json;as=Table;…`.
    pub async fn accepting(&self, path: &str, form: &'static str) -> Answer {
        let mut request = self.request(Method::GET, path, "");
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(form));
        self.send(request).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Server-side apply by the manager `test`, with force.
    pub async fn apply(&self, path: &str, object: &Value) -> Answer {
        let path = format!("{path}?fieldManager=test&force=true");
        self.ask(Method::PATCH, &path, content_type::APPLY, object).await
    }

    /// One request; a null is no body.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: &Value,
    ) -> Answer {
        self.try_ask(method, path, content_type, body)
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// As [`Api::ask`] of a server that may be away.
    pub async fn try_ask(
        &self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: &Value,
    ) -> io::Result<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = self.request(method, path, body);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Request {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        plain::request(method, &format!("{scheme}://{}{path}", self.address), body)
    }

    async fn send(&self, mut request: Request) -> io::Result<Answer> {
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        let Some(client) = &self.tls else {
            return plain::send(self.address, request).await;
        };
        plain::exchange(client.connect(self.address, None).await?, request).await
    }
}
