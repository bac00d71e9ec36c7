//! A gateway on port 0, and short ways to say what its Model is.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use model::{
    Action, Backend, BackendProtocol, Balancing, Binding, BindingStatus, Certificate,
    CertificateId, CertificateList, CertificateSource, Challenges, Dialect, Direction, Endpoint,
    FixedResponse, ForwardTarget, ForwardedHeaders, Listener, ListenerKey, LoadBalancer, Model,
    Name, ObjectRef, Protocol, RouteTable, Rule, RuleMatch, TicketKeys, TlsSettings, TlsVersions,
    Tunnel,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use serve::{Gateway, GatewayOptions, Limits, ServedListener};
use testkit::{LIMIT, pki::Issued};
use tokio::sync::watch;

use crate::panics::NoPanics;

pub struct Stage {
    pub gateway: Gateway,
    models: watch::Sender<Arc<Model>>,
    registry: Registry,
    _no_panics: NoPanics,
}

impl Stage {
    pub async fn new(listeners: Vec<Listener>) -> Self {
        Self::with(Limits::default(), listeners).await
    }

    pub async fn with(limits: Limits, listeners: Vec<Listener>) -> Self {
        Self::start(GatewayOptions { limits, ..GatewayOptions::default() }, listeners).await
    }

    /// One of several gateways that share the keys of their session tickets.
    pub async fn sharing(keys: watch::Receiver<Arc<TicketKeys>>, listeners: Vec<Listener>) -> Self {
        let options = GatewayOptions { ticket_keys: Some(keys), ..GatewayOptions::default() };
        Self::start(options, listeners).await
    }

    async fn start(options: GatewayOptions, listeners: Vec<Listener>) -> Self {
        let (models, receiver) = watch::channel(Arc::new(model(listeners)));
        let mut registry = Registry::default();
        let gateway = Gateway::start(receiver, options, &mut registry);
        let stage = Self { gateway, models, registry, _no_panics: NoPanics::new() };
        stage.applied(1).await;
        stage
    }

    /// Publishes a Model of these listeners and waits until it is in force.
    pub async fn publish(&self, listeners: Vec<Listener>) {
        let before = self.gateway.served.borrow().generation;
        self.models.send_replace(Arc::new(model(listeners)));
        self.applied(before + 1).await;
    }

    /// The same listeners, and these open challenges.
    pub async fn challenge(&self, challenges: Challenges) {
        let before = self.gateway.served.borrow().generation;
        let model = Model::clone(&self.models.borrow());
        self.models.send_replace(Arc::new(Model { challenges: challenges.into(), ..model }));
        self.applied(before + 1).await;
    }

    pub async fn drain(self, limit: Duration) -> usize {
        self.gateway.drain(limit).await
    }

    async fn applied(&self, generation: u64) {
        let mut served = self.gateway.served.clone();
        let applied = served.wait_for(|served| served.generation >= generation);
        let _ = tokio::time::timeout(LIMIT, applied).await.expect("a Model is applied in time");
    }

    /// Waits until the listener of that port is as wanted.
    pub async fn served(&self, port: u16, wanted: impl Fn(&ServedListener) -> bool) {
        let mut served = self.gateway.served.clone();
        let reached =
            served.wait_for(|served| served.listeners.get(&key(port)).is_some_and(&wanted));
        let _ =
            tokio::time::timeout(LIMIT, reached).await.expect("the listener gets there in time");
    }

    pub fn listener(&self, port: u16) -> ServedListener {
        self.gateway.served.borrow().listeners[&key(port)].clone()
    }

    /// Where the listener of that port is bound.
    pub fn address(&self, port: u16) -> SocketAddr {
        self.listener(port).address.expect("the listener is bound")
    }

    /// What `/metrics` shows.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        text
    }

    /// The value of one line of it.
    pub fn metric(&self, name_and_labels: &str) -> f64 {
        let text = self.metrics();
        let line = text.lines().find_map(|line| line.strip_prefix(name_and_labels));
        let value = line.unwrap_or_else(|| panic!("no {name_and_labels} in:\n{text}"));
        value.trim().parse().unwrap()
    }

    pub fn handshakes(&self, result: &str) -> f64 {
        self.metric(&format!("doorward_handshakes_total{{result=\"{result}\"}}"))
    }
}

pub fn key(port: u16) -> ListenerKey {
    ListenerKey { load_balancer: "edge-lb".into(), port, quic: false }
}

fn model(listeners: Vec<Listener>) -> Model {
    let balancer = LoadBalancer {
        name: "edge-lb".into(),
        dialect: Dialect::Alb,
        declared_by: ObjectRef::cluster("AlbConfig", "edge-lb"),
        members: [].into(),
        read_only: true,
        listeners: listeners.into_iter().map(Arc::new).collect(),
    };
    Model { load_balancers: vec![balancer], ..Model::default() }
}

/// An HTTPS listener whose every answer is `200 hello`.
pub fn https(port: u16, certificates: Vec<Binding>) -> Listener {
    Listener {
        protocol: Protocol::Https,
        certificates: CertificateList { bindings: certificates },
        tls: Some(TlsSettings {
            ciphers: None,
            versions: TlsVersions::V12AndV13,
            http2: true,
            client_auth: None,
        }),
        ..http(port)
    }
}

/// The same in clear text.
pub fn http(port: u16) -> Listener {
    Listener {
        servers: Vec::new(),
        tunnel: None,
        key: key(port),
        protocol: Protocol::Http,
        address: "127.0.0.1:0".parse().unwrap(),
        declared_by: ObjectRef::cluster("AlbConfig", "edge-lb"),
        certificates: CertificateList::default(),
        tls: None,
        routes: routes(&[], "hello"),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        // Longer than any test waits: what ends earlier, ends for another reason.
        idle_timeout: 10 * LIMIT,
        client_timeout: None,
        request_timeout: Duration::from_secs(10),
        gzip: false,
    }
}

/// These hosts, and all others, get `body`.
pub fn routes(hosts: &[&str], body: &str) -> Arc<RouteTable> {
    let rule = |host: &&str| {
        Arc::new(Rule {
            forwarding: None,
            origin: ObjectRef::namespaced("Ingress", "shop", "web"),
            direction: Direction::Request,
            matches: RuleMatch { hosts: vec![Name::parse(host).unwrap()], ..RuleMatch::default() },
            filters: vec![],
            action: fixed(body),
        })
    };
    Arc::new(RouteTable::new(hosts.iter().map(rule).collect(), fixed(body)))
}

/// These hosts get `body`, and all others 404.
pub fn routes_of(hosts: &[&str], body: &str) -> Arc<RouteTable> {
    let rules = routes(hosts, body).rules().to_vec();
    let nothing = Action::Fixed(FixedResponse {
        status: http::StatusCode::NOT_FOUND,
        content_type: "text/plain".parse().unwrap(),
        body: "nothing here".into(),
        reason: None,
    });
    Arc::new(RouteTable::new(rules, nothing))
}

/// The same listener, whose every answer tells what the gateway saw of the client.
pub fn echoing(listener: Listener) -> Listener {
    Listener { routes: Arc::new(RouteTable::new(vec![], Action::Echo)), ..listener }
}

/// Endpoints of one Service.
pub fn target(endpoints: &[SocketAddr], weight: u32) -> ForwardTarget {
    let endpoints = endpoints.iter();
    let backend = Backend {
        service: ObjectRef::namespaced("Service", "shop", "web"),
        port: "80".into(),
        protocol: BackendProtocol::Http,
        balancing: Balancing::InTurn,
        endpoints: endpoints
            .map(|at| Endpoint { host: at.ip().to_string().into(), port: at.port() })
            .collect(),
    };
    ForwardTarget::new(Arc::new(backend), weight)
}

/// Connections are passed on to these.
pub fn tunnel_to(targets: Vec<ForwardTarget>) -> Option<Arc<Tunnel>> {
    let origin = ObjectRef::namespaced("VirtualService", "shop", "db");
    Some(Arc::new(Tunnel { origin, targets }))
}

/// Everything goes to this endpoint.
pub fn routes_to(endpoint: SocketAddr) -> Arc<RouteTable> {
    let forward = Action::Forward(vec![target(&[endpoint], 100)]);
    let rule = Rule {
        forwarding: None,
        origin: ObjectRef::namespaced("Ingress", "shop", "web"),
        direction: Direction::Request,
        matches: RuleMatch::default(),
        filters: vec![],
        action: forward,
    };
    Arc::new(RouteTable::new(vec![Arc::new(rule)], fixed("no rule matched")))
}

fn fixed(body: &str) -> Action {
    Action::Fixed(FixedResponse {
        status: http::StatusCode::OK,
        content_type: "text/plain".parse().unwrap(),
        body: body.to_owned().into(),
        reason: None,
    })
}

/// A certificate on a listener, with an id of its own.
pub fn additional(pair: &Issued) -> Binding {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let id = format!("c{}", NEXT.fetch_add(1, Ordering::Relaxed));
    Binding {
        id: CertificateId::store(&id),
        is_default: false,
        source: CertificateSource::AlbConfig,
        status: BindingStatus::Associated,
        certificate: Some(certificate(pair)),
    }
}

pub fn default(pair: &Issued) -> Binding {
    Binding { is_default: true, ..additional(pair) }
}

pub fn certificate(pair: &Issued) -> Arc<Certificate> {
    let reader = x509::Reader::default();
    let read = reader.read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes());
    Arc::new(read.expect("test pairs are good"))
}
