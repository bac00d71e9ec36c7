//! What the other stages would publish: verdicts that a story decides, the Model that goes with
//! them, and what the source would show of the API server.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use http::{HeaderValue, StatusCode};
use kube::Client;
use model::{
    Action, Binding, BindingStatus, Certificate, CertificateId, CertificateList, CertificateSource,
    Dialect, FixedResponse, ForwardedHeaders, Listener, ListenerKey, LoadBalancer, Model,
    ObjectRef, Protocol, Reason, RouteTable, Verdict,
};
use report::{Live, LiveObject, Outcomes, Publish};
use serde_json::Value;
use testkit::pki::TestCa;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    lease::fixture::Ballot,
    reporter::{Inputs, ReportCounts, Reporter},
};

pub const CRD: &str = include_str!("../../../../../deploy/crds/albconfigs.yaml");
pub const IP: &str = "203.0.113.7";

pub fn ingress(name: &str) -> ObjectRef {
    ObjectRef::namespaced("Ingress", "shop", name)
}

pub fn edge() -> ObjectRef {
    ObjectRef::cluster("AlbConfig", "edge-lb")
}

/// The stages before the reporter.
pub struct Scene {
    said: Mutex<BTreeMap<ObjectRef, Verdict>>,
    models: watch::Sender<Arc<Model>>,
    verdicts: watch::Sender<Arc<Vec<Verdict>>>,
    pub lives: Arc<watch::Sender<Arc<Live>>>,
    inputs: Inputs,
}

/// A replica, leading until it loses.
pub struct Leader {
    ballot: Ballot,
    pub counts: Arc<ReportCounts>,
}

impl Scene {
    /// All of these are accepted.
    pub fn of(objects: impl IntoIterator<Item = ObjectRef>) -> Self {
        let (models, model) = watch::channel(Arc::default());
        let (verdicts, verdict) = watch::channel(Arc::default());
        let (lives, live) = watch::channel(Arc::default());
        // Whose sender is gone: nothing goes wrong in the gateway.
        let (_, outcomes) = watch::channel(Arc::<Outcomes>::default());
        let inputs = Inputs { models: model, verdicts: verdict, outcomes, live };
        let said = objects.into_iter().map(|object| (object.clone(), accepted(object)));
        let said = Mutex::new(said.collect());
        let scene = Self { said, models, verdicts, lives: Arc::new(lives), inputs };
        scene.publish();
        scene
    }

    /// A replica that leads from now on.
    pub fn leader(&self, client: Client, instance: &str, addresses: &[&str]) -> Leader {
        let (ballot, leadership) = Ballot::open();
        let counts = Arc::<ReportCounts>::default();
        let reporter = Reporter {
            client,
            leadership,
            inputs: self.inputs.clone(),
            publish: Publish { addresses: addresses.iter().map(|a| a.parse().unwrap()).collect() },
            instance: instance.into(),
            counts: counts.clone(),
        };
        tokio::spawn(reporter.run(CancellationToken::new()));
        ballot.win();
        Leader { ballot, counts }
    }

    pub fn fail(&self, name: &str, text: &str) {
        self.say(Verdict::warning(ingress(name), Reason::HostNotCovered, text));
    }

    pub fn accept(&self, object: ObjectRef) {
        self.say(Verdict::accepted(object));
    }

    /// It is no longer ours.
    pub fn forget(&self, object: &ObjectRef) {
        self.said.lock().unwrap().remove(object);
        self.publish();
    }

    fn say(&self, verdict: Verdict) {
        let object = verdict.object.clone();
        self.said.lock().unwrap().insert(object, verdict.in_dialect(Dialect::Alb));
        self.publish();
    }

    fn publish(&self) {
        let said = self.said.lock().unwrap();
        self.models.send_replace(Arc::new(model(said.keys())));
        self.verdicts.send_replace(Arc::new(said.values().cloned().collect()));
    }
}

impl Leader {
    pub fn lose(&self) {
        self.ballot.lose();
    }
}

fn accepted(object: ObjectRef) -> Verdict {
    Verdict::accepted(object).in_dialect(Dialect::Alb)
}

/// What the source would show of these objects.
pub fn live(objects: impl IntoIterator<Item = Value>, gateway: Option<&Value>) -> Live {
    let mut live = Live::default();
    for object in objects {
        let meta = &object["metadata"];
        let managers = meta["managedFields"].as_array().into_iter().flatten();
        let is_ours = managers.into_iter().any(|entry| {
            entry["manager"] == "doorward" && entry["fieldsV1"].get("f:status").is_some()
        });
        let text = |key: &str| meta[key].as_str().unwrap_or_default();
        let reference = ObjectRef {
            kind: object["kind"].as_str().unwrap().into(),
            namespace: meta["namespace"].as_str().map(Into::into),
            name: text("name").into(),
        };
        let status = object["status"].clone();
        let shown = LiveObject { uid: text("uid").into(), revision: 1, status, is_ours };
        live.objects.insert(reference, Arc::new(shown));
    }
    live.gateway = gateway.map(|service| Arc::new(service["status"]["loadBalancer"].clone()));
    live
}

/// Publishes what differs.
pub fn show(lives: &watch::Sender<Arc<Live>>, new: Live) {
    lives.send_if_modified(|old| {
        let differs = **old != new;
        if differs {
            *old = Arc::new(new);
        }
        differs
    });
}

/// One listener, no rules: every Ingress that is not rejected counts as served.
fn model<'a>(objects: impl Iterator<Item = &'a ObjectRef>) -> Model {
    let objects: Vec<_> = objects.cloned().collect();
    if !objects.contains(&edge()) {
        return Model::default();
    }
    let no_rule = Action::Fixed(FixedResponse {
        status: StatusCode::NOT_FOUND,
        content_type: HeaderValue::from_static("text/plain"),
        body: "".into(),
        reason: None,
    });
    let listener = Listener {
        servers: Vec::new(),
        tunnel: None,
        key: ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false },
        protocol: Protocol::Https,
        address: ([127, 0, 0, 1], 443).into(),
        declared_by: edge(),
        certificates: CertificateList { bindings: vec![binding()] },
        tls: None,
        routes: Arc::new(RouteTable::new(Vec::new(), no_rule)),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        idle_timeout: Duration::from_secs(60),
        client_timeout: None,
        request_timeout: Duration::from_secs(60),
        gzip: false,
    };
    let balancer = LoadBalancer {
        name: "edge-lb".into(),
        dialect: Dialect::Alb,
        declared_by: edge(),
        members: objects.into_iter().filter(|object| *object != edge()).collect(),
        read_only: true,
        listeners: vec![Arc::new(listener)],
    };
    Model { load_balancers: vec![balancer], ..Model::default() }
}

/// The Default of the listener.
fn binding() -> Binding {
    static CERTIFICATE: LazyLock<Arc<Certificate>> = LazyLock::new(|| {
        let issued = TestCa::new("test").leaf(&["shop.test"]);
        let (chain, key) = (issued.chain_pem.as_bytes(), issued.key_pem.as_bytes());
        Arc::new(x509::Reader::default().read_pair(chain, key).unwrap())
    });
    Binding {
        id: CertificateId::store("756-cn-hangzhou"),
        is_default: true,
        source: CertificateSource::AlbConfig,
        status: BindingStatus::Associated,
        certificate: Some(CERTIFICATE.clone()),
    }
}
