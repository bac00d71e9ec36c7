//! A proxy that listens, without the gateway around it, so that a test decides what the
//! connection looked like.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use model::{
    Action, Backend, BackendProtocol, Balancing, CertificateList, Dialect, Direction, Endpoint,
    FixedResponse, ForwardTarget, ForwardedHeaders, Listener, ListenerKey, LoadBalancer, Model,
    Name, ObjectRef, PathMatch, Protocol, RouteTable, Rule, RuleMatch,
};
use prometheus_client::registry::Registry;
use serve::{
    AccessFacts, Connection, Gateway, GatewayOptions, RequestMetrics, TlsFacts,
    proxy::{Proxy, ProxyOptions, UpstreamOptions},
};
use testkit::{
    LIMIT,
    http::{Answer, Request},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
};

pub struct Front {
    pub address: SocketAddr,
    /// What the access log would say, one for each answer.
    pub facts: mpsc::UnboundedReceiver<AccessFacts>,
    accepting: JoinHandle<()>,
}

/// How a front differs from the plain one.
pub struct Setup {
    pub listener: Listener,
    pub upstream: UpstreamOptions,
    pub tls: Option<fn() -> TlsFacts>,
}

impl Setup {
    pub fn new(rules: Vec<Rule>) -> Self {
        Self {
            listener: listener(rules),
            upstream: UpstreamOptions {
                connect_timeout: Duration::from_secs(1),
                ..UpstreamOptions::default()
            },
            tls: None,
        }
    }

    pub async fn start(self) -> Front {
        Front::start(self).await
    }
}

impl Front {
    /// Serves these rules in clear text.
    pub async fn serving(rules: Vec<Rule>) -> Self {
        Setup::new(rules).start().await
    }

    async fn start(setup: Setup) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let options = ProxyOptions { access_log: true, upstream: setup.upstream };
        let proxy = Proxy::new(options, &RequestMetrics::new(&mut Registry::default()));
        let listener = Arc::new(setup.listener);
        let (sender, facts) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, client)) = socket.accept().await {
                let tls = setup.tls.map(|tls| tls());
                let connection = Arc::new(Connection { client, local: address, tls });
                let (proxy, listener) = (proxy.clone(), listener.clone());
                connections.spawn(serve(stream, proxy, connection, listener, sender.clone()));
            }
        });
        Self { address, facts, accepting }
    }

    /// Serves these rules in clear text from a whole gateway, with its limits and its reading of
    /// requests.
    pub async fn gateway(rules: Vec<Rule>) -> Self {
        let listener = Listener { protocol: Protocol::Http, ..listener(rules) };
        let key = listener.key.clone();
        let balancer = LoadBalancer {
            name: "edge-lb".into(),
            dialect: Dialect::Alb,
            declared_by: listener.declared_by.clone(),
            members: [].into(),
            read_only: true,
            listeners: vec![Arc::new(listener)],
        };
        let model = Model { load_balancers: vec![balancer], ..Model::default() };
        let (models, receiver) = watch::channel(Arc::new(model));
        let gateway = Gateway::start(receiver, GatewayOptions::default(), &mut Registry::default());
        let mut served = gateway.served.clone();
        let bound = served.wait_for(|served| served.generation > 0);
        let address = tokio::time::timeout(LIMIT, bound).await.unwrap().unwrap().listeners[&key]
            .address
            .unwrap();
        let accepting = tokio::spawn(async move {
            let _running = (gateway, models);
            std::future::pending().await
        });
        Self { address, facts: mpsc::unbounded_channel().1, accepting }
    }

    /// One request on a connection of its own.
    pub async fn send(&self, request: Request) -> Answer {
        testkit::http::send(self.address, request).await.unwrap()
    }

    pub async fn get(&self, uri: &str) -> Answer {
        self.send(testkit::http::get(uri)).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Writes bytes as they are and reads until the front hangs up or falls silent.
    pub async fn raw(&self, bytes: &str) -> String {
        let quiet = Duration::from_millis(500);
        testkit::http::raw(self.connect().await, bytes.as_bytes(), quiet).await.unwrap()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(
    stream: TcpStream,
    proxy: Arc<Proxy>,
    connection: Arc<Connection>,
    listener: Arc<Listener>,
    facts: mpsc::UnboundedSender<AccessFacts>,
) {
    let service = service_fn(move |request| {
        let (proxy, connection, listener) = (proxy.clone(), connection.clone(), listener.clone());
        let facts = facts.clone();
        async move {
            let mut response = proxy.answer(&connection, &listener, request).await;
            let told = response.extensions_mut().remove::<AccessFacts>();
            let _ = facts.send(told.expect("the access log is on"));
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

pub fn listener(rules: Vec<Rule>) -> Listener {
    let default = Action::Fixed(fixed(404, "nothing here\n", Some("no-rule")));
    Listener {
        servers: Vec::new(),
        tunnel: None,
        key: ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false },
        protocol: Protocol::Https,
        address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        declared_by: ObjectRef::cluster("AlbConfig", "edge-lb"),
        certificates: CertificateList::default(),
        tls: None,
        routes: Arc::new(RouteTable::new(rules.into_iter().map(Arc::new).collect(), default)),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        idle_timeout: Duration::from_secs(15),
        client_timeout: None,
        request_timeout: Duration::from_secs(10),
        gzip: false,
    }
}

pub fn fixed(status: u16, body: &str, reason: Option<&'static str>) -> FixedResponse {
    FixedResponse {
        status: status.try_into().unwrap(),
        content_type: "text/plain".parse().unwrap(),
        body: body.to_owned().into(),
        reason,
    }
}

/// A rule for one host (`""` is any) and path prefix.
pub fn rule(host: &str, prefix: &str, action: Action) -> Rule {
    let hosts = if host.is_empty() { vec![] } else { vec![Name::parse(host).unwrap()] };
    Rule {
        forwarding: None,
        origin: ObjectRef::namespaced("Ingress", "shop", "web"),
        direction: Direction::Request,
        matches: RuleMatch {
            hosts,
            paths: vec![PathMatch::Prefix(prefix.trim_end_matches('/').into())],
            ..RuleMatch::default()
        },
        filters: vec![],
        action,
    }
}

/// Sends everything for `shop.test` to these endpoints.
pub fn to(endpoints: &[SocketAddr]) -> Vec<Rule> {
    vec![rule("shop.test", "/", forward(endpoints))]
}

pub fn forward(endpoints: &[SocketAddr]) -> Action {
    forward_over(BackendProtocol::Http, endpoints)
}

pub fn forward_over(protocol: BackendProtocol, endpoints: &[SocketAddr]) -> Action {
    Action::Forward(vec![target(protocol, endpoints, 100)])
}

pub fn target(protocol: BackendProtocol, endpoints: &[SocketAddr], weight: u32) -> ForwardTarget {
    let endpoints = endpoints
        .iter()
        .map(|address| Endpoint { host: address.ip().to_string().into(), port: address.port() })
        .collect();
    let backend = Backend {
        service: ObjectRef::namespaced("Service", "shop", "web"),
        port: "80".into(),
        protocol,
        balancing: Balancing::InTurn,
        endpoints,
    };
    ForwardTarget { filters: Arc::new([]), backend: Arc::new(backend), weight }
}

/// What a finished handshake for `shop.test` leaves.
pub fn tls_for_shop() -> TlsFacts {
    TlsFacts {
        server_name: Some("shop.test".into()),
        version: "TLSv1.3",
        cipher: "TLS_AES_256_GCM_SHA384",
        alpn: Some("http/1.1"),
        group: Some("X25519MLKEM768"),
        resumed: false,
        client_certificate: None,
    }
}
