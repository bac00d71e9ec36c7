//! One API server, what the other stages would publish, and as many replicas as a story needs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderValue, StatusCode};
use kube::{
    Client, Config,
    api::{Patch, PatchParams},
};
use model::{
    Action, CertificateList, Dialect, FixedResponse, ForwardedHeaders, Listener, ListenerKey,
    LoadBalancer, Model, ObjectRef, Protocol, Reason, RouteTable, State, Verdict,
};
use report::{Live, LiveObject, Outcomes, Publish};
use serde_json::{Value, json};
use testkit::{LIMIT, api_server::ApiServer, wait_for};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    lease::fixture::Ballot,
    reporter::{Inputs, ReportCounts, Reporter, kind::Kind},
};

const CRD: &str = include_str!("../../../../../deploy/crds/albconfigs.yaml");

pub struct Stage {
    pub api: Arc<ApiServer>,
    said: Mutex<BTreeMap<ObjectRef, Verdict>>,
    models: watch::Sender<Arc<Model>>,
    verdicts: watch::Sender<Arc<Vec<Verdict>>>,
    inputs: Inputs,
    _outcomes: watch::Sender<Arc<Outcomes>>,
    mirror: JoinHandle<()>,
}

/// A replica, leading until it loses.
pub struct Leader {
    ballot: Ballot,
    pub counts: Arc<ReportCounts>,
}

pub fn ingress(name: &str) -> ObjectRef {
    ObjectRef::namespaced("Ingress", "shop", name)
}

pub fn edge() -> ObjectRef {
    ObjectRef::cluster("AlbConfig", "edge-lb")
}

impl Stage {
    /// With the AlbConfig `edge-lb`, and these Ingresses on it.
    pub async fn with(ingresses: &[&str]) -> Self {
        let api = Arc::new(ApiServer::start().await);
        api.put_yaml(CRD);
        api.put(json!({
            "apiVersion": "alibabacloud.com/v1", "kind": "AlbConfig", "metadata": {"name": "edge-lb"},
        }));
        for name in ingresses {
            put_ingress(&api, name);
        }
        let (models, model) = watch::channel(Arc::default());
        let (verdicts, verdict) = watch::channel(Arc::default());
        let (outcomes, outcome) = watch::channel(Arc::default());
        let (lives, live) = watch::channel(Arc::new(live(&api)));
        let inputs = Inputs { models: model, verdicts: verdict, outcomes: outcome, live };
        let mirror = tokio::spawn(mirror(api.clone(), lives));
        let _outcomes = outcomes;
        let said = Mutex::default();
        let stage = Self { api, said, models, verdicts, inputs, _outcomes, mirror };
        let objects = ingresses.iter().map(|name| ingress(name)).chain([edge()]);
        stage.said.lock().unwrap().extend(objects.map(|object| (object.clone(), accepted(object))));
        stage.publish();
        stage
    }

    /// A replica that leads from now on.
    pub fn leader(&self, instance: &str) -> Leader {
        self.leader_publishing(instance, &["203.0.113.7"])
    }

    pub fn leader_publishing(&self, instance: &str, addresses: &[&str]) -> Leader {
        let config = Config::new(self.api.url().parse().unwrap());
        let (ballot, leadership) = Ballot::open();
        let counts = Arc::<ReportCounts>::default();
        let reporter = Reporter {
            client: Client::try_from(config).unwrap(),
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

    /// The leaders see from now on what was there before.
    pub fn stop_watching(&self) {
        self.mirror.abort();
    }

    pub fn add(&self, name: &str) {
        put_ingress(&self.api, name);
        self.say(accepted(ingress(name)));
    }

    pub fn fail(&self, name: &str, text: &str) {
        self.say(Verdict::warning(ingress(name), Reason::HostNotCovered, text));
    }

    pub fn heal(&self, name: &str) {
        self.say(accepted(ingress(name)));
    }

    /// It is no longer ours.
    pub fn forget(&self, object: &ObjectRef) {
        self.said.lock().unwrap().remove(object);
        self.publish();
    }

    pub fn say(&self, verdict: Verdict) {
        let object = verdict.object.clone();
        self.said.lock().unwrap().insert(object, verdict.in_dialect(Dialect::Alb));
        self.publish();
    }

    fn publish(&self) {
        let said = self.said.lock().unwrap();
        self.models.send_replace(Arc::new(model(said.keys())));
        self.verdicts.send_replace(Arc::new(said.values().cloned().collect()));
    }

    /// Waits for the answer that an Ingress gives.
    pub fn of_ingress<T>(
        &self,
        name: &str,
        question: impl Fn(&Value) -> Option<T>,
    ) -> impl Future<Output = T> {
        self.api.wait_for("Ingress", "shop", name, question)
    }

    pub fn events(&self) -> Vec<Value> {
        self.api.events()
    }

    /// Waits for the Event on an Ingress with this message.
    pub async fn event_on(&self, name: &str, message: &str, of: impl Fn(&Value) -> Value) -> Value {
        let find = || async {
            let events = self.events();
            let found = events.iter().find(|event| is_about(event, name, message));
            found.map(&of)
        };
        wait_for(LIMIT, find).await
    }

    /// Waits until the Event on an Ingress with this message was counted so often.
    pub async fn counted(&self, name: &str, message: &str, count: u32) {
        let find = || async {
            let events = self.events();
            let counted =
                |event: &&Value| is_about(event, name, message) && event["count"] == count;
            events.iter().find(counted).map(|_| ())
        };
        wait_for(LIMIT, find).await;
    }

    /// What another controller says of the AlbConfig.
    pub async fn apply_status_as_another(&self, name: &str, status: &Value) {
        let config = Config::new(self.api.url().parse().unwrap());
        let object = ObjectRef::cluster("AlbConfig", name);
        let client = Client::try_from(config).unwrap();
        let body = json!({
            "apiVersion": "alibabacloud.com/v1", "kind": "AlbConfig",
            "metadata": {"name": name}, "status": status,
        });
        let params = PatchParams::apply("another");
        let api = Kind::of(&object).unwrap().api(client, &object);
        api.patch_status(name, &params, &Patch::Apply(body)).await.unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.mirror.abort();
    }
}

impl Leader {
    pub fn lose(&self) {
        self.ballot.lose();
    }
}

fn accepted(object: ObjectRef) -> Verdict {
    Verdict { state: State::Accepted, ..Verdict::accepted(object) }.in_dialect(Dialect::Alb)
}

fn is_about(event: &Value, name: &str, message: &str) -> bool {
    event["involvedObject"]["kind"] == "Ingress"
        && event["involvedObject"]["name"] == name
        && event["message"] == message
}

fn put_ingress(api: &ApiServer, name: &str) {
    api.put(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ingressClassName": "edge"},
    }));
}

/// What the source would show: looks again whenever something was written.
async fn mirror(api: Arc<ApiServer>, lives: watch::Sender<Arc<Live>>) {
    let mut seen = 0;
    loop {
        let revision = api.revision();
        if std::mem::replace(&mut seen, revision) != revision {
            let new = live(&api);
            lives.send_if_modified(|old| {
                let differs = **old != new;
                if differs {
                    *old = Arc::new(new);
                }
                differs
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn live(api: &ApiServer) -> Live {
    let mut live = Live::default();
    let of_kind = |kind| api.objects(kind).into_iter().map(move |object| (kind, object));
    for (kind, object) in of_kind("Ingress").chain(of_kind("AlbConfig")) {
        let meta = &object["metadata"];
        let managers = meta["managedFields"].as_array().into_iter().flatten();
        let is_ours = managers.into_iter().any(|entry| {
            entry["manager"] == "doorward" && entry["fieldsV1"].get("f:status").is_some()
        });
        let text = |key: &str| meta[key].as_str().unwrap_or_default();
        let reference = ObjectRef {
            kind: kind.into(),
            namespace: meta["namespace"].as_str().map(Into::into),
            name: text("name").into(),
        };
        let live_object = LiveObject {
            uid: text("uid").into(),
            revision: 1,
            status: object["status"].clone(),
            is_ours,
        };
        live.objects.insert(reference, Arc::new(live_object));
    }
    let gateway = api.object("Service", "doorward-system", "doorward");
    live.gateway = gateway.map(|service| Arc::new(service["status"]["loadBalancer"].clone()));
    live
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
        key: ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false },
        protocol: Protocol::Https,
        address: ([127, 0, 0, 1], 443).into(),
        declared_by: edge(),
        certificates: CertificateList::default(),
        tls: None,
        routes: Arc::new(RouteTable::new(Vec::new(), no_rule)),
        forwarded: Arc::new(ForwardedHeaders::default()),
        access: None,
        idle_timeout: Duration::from_secs(60),
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
    Model { load_balancers: vec![balancer], wants: Vec::new() }
}
