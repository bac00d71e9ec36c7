//! A door in front of Pebble, through which it offers what it has not: CAA names and profiles in
//! its directory, renewal information (RFC 9773), and answers that no honest CA gives.
//!
//! Requests pass as they are, signed for this address: Pebble goes by whatever name it is asked.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING},
};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{ServerConfig, crypto::aws_lc_rs};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::Pebble;
use crate::{http::Answer, pki::TestCa, tls::TlsClient};

/// Dropping it closes the door.
pub struct Front {
    address: SocketAddr,
    ca: TestCa,
    ways: Arc<Ways>,
    accepting: JoinHandle<()>,
}

/// How it behaves, and what it has seen.
struct Ways {
    pebble: SocketAddr,
    client: TlsClient,
    here: SocketAddr,
    set: Mutex<Set>,
}

#[derive(Default)]
struct Set {
    meta: Map<String, Value>,
    window: Option<Value>,
    chain: Option<String>,
    is_away: bool,
    orders: Vec<Value>,
}

impl Front {
    pub async fn before(pebble: &Pebble) -> Self {
        let ca = TestCa::new("front");
        let pair = ca.leaf(&["127.0.0.1"]);
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .with_no_client_auth()
            .with_single_cert(pair.chain_der(), pair.key_der())
            .expect("test pairs fit");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let ways = Arc::new(Ways {
            pebble: pebble.address,
            client: TlsClient::trusting(&pebble.ca),
            here: address,
            set: Mutex::default(),
        });
        let served = ways.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, ways) = (acceptor.clone(), served.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| {
                        let ways = ways.clone();
                        async move { Ok::<_, Infallible>(ways.answer(request).await) }
                    });
                    // A client that hangs up is none of the test's business.
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, ca, ways, accepting }
    }

    /// The URL of its directory.
    pub fn directory(&self) -> String {
        format!("https://{}/dir", self.address)
    }

    /// Who signed its certificate, in PEM.
    pub fn server_ca(&self) -> &str {
        self.ca.pem()
    }

    /// The same as `spec.acme.caBundle` of an Issuer wants it.
    pub fn ca_bundle(&self) -> String {
        BASE64_STANDARD.encode(self.ca.pem())
    }

    /// Sets a field of the directory's `meta`.
    pub fn set_meta(&self, field: &str, value: Value) {
        self.ways.set(|set| set.meta.insert(field.to_owned(), value));
    }

    /// From now on it has renewal information: this window for every certificate.
    pub fn suggest(&self, start: &str, end: &str) {
        let window = json!({"suggestedWindow": {"start": start, "end": end}});
        self.ways.set(|set| set.window = Some(window));
    }

    /// From now on this chain is sent for every certificate; `None`: the right one.
    pub fn send(&self, chain_pem: Option<&str>) {
        self.ways.set(|set| set.chain = chain_pem.map(str::to_owned));
    }

    /// Whether it answers every request with 503.
    pub fn be_away(&self, is_away: bool) {
        self.ways.set(|set| set.is_away = is_away);
    }

    /// What was asked for in each new order, in turn.
    pub fn orders(&self) -> Vec<Value> {
        self.ways.set(|set| set.orders.clone())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Ways {
    fn set<T>(&self, change: impl FnOnce(&mut Set) -> T) -> T {
        change(&mut self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, request: http::Request<Incoming>) -> Response<Full<Bytes>> {
        let is_away = self.set(|set| set.is_away);
        if is_away {
            return response(StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), "away".into());
        }
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await.map(|body| body.to_bytes()) else {
            return response(StatusCode::BAD_REQUEST, HeaderMap::new(), Bytes::new());
        };
        let path = head.uri.path().to_owned();
        if path.starts_with("/renewal-info/") {
            return self.window();
        }
        let asked = payload(&body);
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = head.method;
        *request.uri_mut() =
            format!("https://{}{path}", self.here).parse().expect("it was asked for");
        request.headers_mut().extend(head.headers);
        match self.client.send(self.pebble, "localhost", request).await {
            Ok((answer, _)) => self.changed(&path, asked, answer),
            Err(error) => {
                response(StatusCode::BAD_GATEWAY, HeaderMap::new(), error.to_string().into())
            }
        }
    }

    fn window(&self) -> Response<Full<Bytes>> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "21600".parse().expect("a header"));
        match self.set(|set| set.window.clone()) {
            Some(window) => response(StatusCode::OK, headers, window.to_string().into()),
            None => response(StatusCode::NOT_FOUND, headers, Bytes::new()),
        }
    }

    fn changed(&self, path: &str, asked: Option<Value>, answer: Answer) -> Response<Full<Bytes>> {
        let Answer { status, mut headers, mut body, .. } = answer;
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_chain = kind.is_some_and(|kind| kind.contains("pem-certificate-chain"));
        let new_order = asked.filter(|asked| asked["identifiers"].is_array());
        self.set(|set| {
            if path == "/dir" {
                let mut directory: Value = serde_json::from_slice(&body).expect("Pebble's own");
                for (field, value) in &set.meta {
                    directory["meta"][field] = value.clone();
                }
                if set.window.is_some() {
                    directory["renewalInfo"] = format!("https://{}/renewal-info", self.here).into();
                }
                body = directory.to_string().into();
            } else if let Some(chain) = set.chain.clone().filter(|_| is_chain) {
                body = chain.into();
            } else if let Some(asked) = new_order {
                if status == StatusCode::CREATED {
                    // RFC 9773 section 5, and what goes for profiles.
                    let mut order: Value = serde_json::from_slice(&body).expect("Pebble's own");
                    for field in ["replaces", "profile"] {
                        if let Some(value) = asked.get(field) {
                            order[field] = value.clone();
                        }
                    }
                    body = order.to_string().into();
                }
                set.orders.push(asked);
            }
        });
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        response(status, headers, body)
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What a signed request says; `None`: it only asks.
fn payload(body: &[u8]) -> Option<Value> {
    let signed: Value = serde_json::from_slice(body).ok()?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(signed["payload"].as_str()?).ok()?;
    serde_json::from_slice(&payload).ok()
}
