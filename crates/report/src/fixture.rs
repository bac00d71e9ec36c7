//! A small cluster for tests: one AlbConfig `edge-lb` with Ingresses of namespace `shop`, and
//! what stands next to it.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, StatusCode};
use model::{
    Action, Binding, BindingStatus, Certificate, CertificateId, CertificateList, CertificateSource,
    Dialect, Direction, Fingerprint, FixedResponse, ForwardedHeaders, KeyAlgorithm, Listener,
    ListenerKey, LoadBalancer, Model, ObjectRef, PrivateKey, Protocol, Reason, RouteTable, Rule,
    RuleMatch, State, Verdict,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;

use crate::{Live, LiveObject, Outcomes, Publish, Situation, StatusChange, Trouble, statuses};

#[derive(Clone, Default)]
pub struct Cluster {
    pub model: Model,
    pub verdicts: Vec<Verdict>,
    pub outcomes: Outcomes,
    pub live: Live,
}

pub fn ingress(name: &str) -> ObjectRef {
    ObjectRef::namespaced("Ingress", "shop", name)
}

pub fn edge() -> ObjectRef {
    ObjectRef::cluster("AlbConfig", "edge-lb")
}

pub fn key(port: u16) -> ListenerKey {
    ListenerKey { load_balancer: "edge-lb".into(), port, quic: false }
}

impl Cluster {
    /// The load balancer with these listeners, and Ingresses that each have one rule on all of
    /// them.
    pub fn edge(listeners: &[(u16, Protocol)], ingresses: &[&str]) -> Self {
        let mut cluster = Self::default();
        let members: Vec<_> = ingresses.iter().map(|name| ingress(name)).collect();
        let rules: Vec<_> = members.iter().map(rule).collect();
        cluster.model.load_balancers.push(LoadBalancer {
            name: "edge-lb".into(),
            dialect: Dialect::Alb,
            declared_by: edge(),
            members: members.clone().into(),
            read_only: true,
            listeners: listeners
                .iter()
                .map(|(port, protocol)| Arc::new(listener(*port, *protocol, rules.clone())))
                .collect(),
        });
        for object in [vec![edge()], members].concat() {
            cluster.put(object.clone(), 1);
            cluster.verdicts.push(Verdict::accepted(object).in_dialect(Dialect::Alb));
        }
        cluster.verdicts.sort_by(|a, b| a.object.cmp(&b.object));
        cluster
    }

    /// Adds a live object without any status.
    pub fn put(&mut self, object: ObjectRef, revision: u64) {
        let uid = object.to_string().into();
        let live = LiveObject { uid, revision, status: Value::Null, is_ours: false };
        self.live.objects.insert(object, Arc::new(live));
    }

    /// A verdict in the dialect `alb`, instead of the word of success.
    pub fn say(&mut self, verdict: Verdict) {
        let is_success = |old: &Verdict| {
            old.object == verdict.object && old.reason == Reason::SuccessfullyReconciled
        };
        self.verdicts.retain(|old| !is_success(old));
        self.verdicts.push(Verdict { dialect: Some(Dialect::Alb), ..verdict });
        self.verdicts.sort_by(|a, b| {
            (&a.object, std::cmp::Reverse(a.state)).cmp(&(&b.object, std::cmp::Reverse(b.state)))
        });
    }

    /// All is well with the object again.
    pub fn heal(&mut self, object: &ObjectRef) {
        self.verdicts.retain(|verdict| verdict.object != *object);
        self.say(Verdict::accepted(object.clone()));
    }

    pub fn fail(&mut self, name: &str, text: &str) {
        self.say(Verdict::warning(ingress(name), Reason::HostNotCovered, text));
    }

    /// Nothing of it is served.
    pub fn refuse(&mut self, object: &ObjectRef) {
        let verdict = Verdict::rejected(object.clone(), Reason::InvalidField, "no good");
        self.say(Verdict { state: State::Rejected, ..verdict });
        for listener in &mut self.model.load_balancers[0].listeners {
            let rules = listener.routes.rules().iter().filter(|rule| rule.origin != *object);
            let routes = table(rules.cloned().collect());
            *listener = Arc::new(Listener { routes, ..Listener::clone(listener) });
        }
    }

    pub fn trouble(&mut self, port: u16, message: &str, is_bound: bool) {
        self.outcomes.insert(key(port), Trouble { message: message.into(), is_bound });
    }

    pub fn bind(&mut self, port: u16, bindings: Vec<Binding>) {
        let listeners = &mut self.model.load_balancers[0].listeners;
        let listener = listeners.iter_mut().find(|listener| listener.key.port == port).unwrap();
        let certificates = CertificateList { bindings };
        *listener = Arc::new(Listener { certificates, ..Listener::clone(listener) });
    }

    pub fn set_live(&mut self, object: &ObjectRef, change: impl Fn(&mut LiveObject)) {
        change(Arc::make_mut(self.live.objects.get_mut(object).unwrap()));
    }

    pub fn situation(&self) -> Situation<'_> {
        Situation {
            model: &self.model,
            verdicts: &self.verdicts,
            outcomes: &self.outcomes,
            live: &self.live,
        }
    }

    /// `OBJECT JSON` of each status that is due under these addresses.
    pub fn statuses(&self, addresses: &[&str]) -> Vec<String> {
        self.due(addresses).iter().map(|due| format!("{} {}", due.object, due.status)).collect()
    }

    fn due(&self, addresses: &[&str]) -> Vec<StatusChange> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        statuses(&self.situation(), &Publish { addresses })
    }

    /// Writes what is due, as the API server would.
    pub fn write_statuses(&mut self, addresses: &[&str]) {
        for due in self.due(addresses) {
            self.set_live(&due.object, |live| {
                live.is_ours = due.status != serde_json::json!({});
                live.status = due.status.clone();
            });
        }
    }
}

pub fn binding(id: &str, is_default: bool, status: BindingStatus, is_held: bool) -> Binding {
    Binding {
        id: CertificateId::store(id),
        is_default,
        source: CertificateSource::AlbConfig,
        status,
        certificate: is_held.then(|| Arc::new(certificate())),
    }
}

fn certificate() -> Certificate {
    Certificate {
        ocsp_staple: None,
        names: Vec::new(),
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before: jiff::Timestamp::MIN,
        not_after: jiff::Timestamp::MAX,
        key_algorithm: KeyAlgorithm::EcdsaP256,
        fingerprint: Fingerprint([0; 32]),
        leaf: Vec::new().into(),
        issuers: [].into(),
        key: PrivateKey::new(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(Vec::new()))),
    }
}

fn listener(port: u16, protocol: Protocol, rules: Vec<Arc<Rule>>) -> Listener {
    Listener {
        servers: Vec::new(),
        tunnel: None,
        key: ListenerKey { quic: protocol == Protocol::Quic, ..key(port) },
        protocol,
        address: ([127, 0, 0, 1], port).into(),
        declared_by: edge(),
        certificates: CertificateList::default(),
        tls: None,
        routes: table(rules),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        idle_timeout: Duration::from_secs(60),
        client_timeout: None,
        request_timeout: Duration::from_secs(60),
        gzip: false,
    }
}

fn table(rules: Vec<Arc<Rule>>) -> Arc<RouteTable> {
    Arc::new(RouteTable::new(rules, answer()))
}

fn rule(origin: &ObjectRef) -> Arc<Rule> {
    Arc::new(Rule {
        forwarding: None,
        origin: origin.clone(),
        direction: Direction::Request,
        matches: RuleMatch::default(),
        filters: Vec::new(),
        action: answer(),
    })
}

fn answer() -> Action {
    Action::Fixed(FixedResponse {
        status: StatusCode::OK,
        content_type: HeaderValue::from_static("text/plain"),
        body: "".into(),
        reason: None,
    })
}
