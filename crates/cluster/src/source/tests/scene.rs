//! An API server, the source on it, and what the source publishes.

use std::{
    ops::{Deref, DerefMut},
    path::PathBuf,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use kube::{
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use testkit::{LIMIT, api_server::ApiServer, manifest, pki::Issued};
use tokio::time;
use tokio_util::sync::DropGuard;

use super::*;
use crate::client::{ClusterChoice, connect};

/// What the API server is asked for while nothing stays as it should.
const PACE: Pace = Pace {
    first: Duration::from_millis(20),
    longest: Duration::from_millis(100),
    again: Duration::from_millis(50),
    between_watches: Duration::from_millis(20),
};

/// A source that runs, and what it publishes.
pub struct Running {
    pub worlds: watch::Receiver<Arc<World>>,
    pub live: watch::Receiver<Arc<Live>>,
    pub sync: watch::Receiver<SyncState>,
    pub console: watch::Sender<Console>,
    client: Client,
    _running: DropGuard,
}

/// The same on the API server in this process.
pub struct Scene {
    pub server: ApiServer,
    source: Running,
}

/// What the source is told, but for the pace.
pub fn options() -> SourceOptions {
    SourceOptions {
        store_namespace: "doorward-system".into(),
        secret_namespaces: None,
        gateway_namespace: "istio-system".into(),
        gateway_service: Some(Key::new("doorward-system", "doorward")),
        pace: PACE,
    }
}

impl Running {
    pub async fn on(kubeconfig: PathBuf, options: SourceOptions) -> Self {
        let choice = ClusterChoice { kubeconfig: Some(kubeconfig), context: None };
        let client = connect(&choice).await.unwrap();
        let (worlds, worlds_out) = watch::channel(Arc::default());
        let (live, live_out) = watch::channel(Arc::default());
        let (sync, sync_out) = watch::channel(SyncState::default());
        let console = watch::Sender::default();
        let cancel = CancellationToken::new();
        let source = Source::new(client.clone(), options);
        tokio::spawn(source.run(worlds, live, sync, console.subscribe(), cancel.clone()));
        Self {
            worlds: worlds_out,
            live: live_out,
            sync: sync_out,
            console,
            client,
            _running: cancel.drop_guard(),
        }
    }

    /// Waits for a World that is like this.
    #[track_caller]
    pub fn world(
        &mut self,
        mut is_so: impl FnMut(&World) -> bool,
    ) -> impl Future<Output = Arc<World>> {
        until(&mut self.worlds, move |world| is_so(world))
    }

    /// Waits for the first World.
    pub async fn first(&mut self) -> Arc<World> {
        self.world(|world| world.generation > 0).await
    }

    /// Writes the status of an Ingress, as Doorward's own reports do.
    pub async fn report(&self, name: &str, status: &Value) {
        let resource = watches::newest(Kind::Ingress);
        let client = self.client.clone();
        let ingresses: Api<DynamicObject> = Api::namespaced_with(client, "shop", &resource);
        let applied = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": name},
            "status": status,
        });
        let params = PatchParams::apply("doorward").force();
        ingresses.patch_status(name, &params, &Patch::Apply(applied)).await.unwrap();
    }
}

impl Scene {
    pub async fn on(server: ApiServer) -> Self {
        Self::with(server, options()).await
    }

    pub async fn with(server: ApiServer, options: SourceOptions) -> Self {
        let source = Running::on(server.kubeconfig(), options).await;
        Self { server, source }
    }

    /// Waits until all that was written before is in the World, by writing one thing more.
    pub async fn caught_up(&mut self, marker: &str) -> Arc<World> {
        self.server.put(service(marker));
        let key = Key::new("shop", marker);
        self.world(|world| world.services.contains_key(&key)).await
    }
}

impl Deref for Scene {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.source
    }
}

impl DerefMut for Scene {
    fn deref_mut(&mut self) -> &mut Running {
        &mut self.source
    }
}

/// Waits for a value that is like this.
#[track_caller]
pub fn until<T: Clone>(
    values: &mut watch::Receiver<T>,
    is_so: impl FnMut(&T) -> bool,
) -> impl Future<Output = T> {
    let asked_at = std::panic::Location::caller();
    async move {
        let found = time::timeout(LIMIT, values.wait_for(is_so)).await;
        found
            .unwrap_or_else(|_| panic!("not so within {LIMIT:?}, asked at {asked_at}"))
            .unwrap()
            .clone()
    }
}

pub fn ingress(name: &str, secret: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
            "tls": [{"hosts": ["a.test"], "secretName": secret}],
        },
    })
}

pub fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ports": [{"port": 80}]},
    })
}

pub fn alb_config() -> Value {
    json!({
        "apiVersion": "alibabacloud.com/v1",
        "kind": "AlbConfig",
        "metadata": {"name": "edge-lb"},
        "spec": {"listeners": [{"port": 443, "protocol": "HTTPS"}]},
    })
}

pub fn alb_config_crd() -> Value {
    let text = include_str!("../../../../../deploy/crds/albconfigs.yaml");
    manifest::documents(text).remove(0)
}

/// Istio's CRDs, in the order in which they lie in `deploy/`.
pub fn istio_crds() -> [Value; 2] {
    let gateways = include_str!("../../../../../deploy/istio-crds/gateways.yaml");
    let services = include_str!("../../../../../deploy/istio-crds/virtualservices.yaml");
    [gateways, services].map(|text| manifest::documents(text).remove(0))
}

/// The CRD of an Istio that serves no other version.
pub fn only_version(mut crd: Value, version: &str) -> Value {
    if let Some(versions) = crd["spec"]["versions"].as_array_mut() {
        versions.retain(|known| known["name"] == version);
        versions.iter_mut().for_each(|known| known["storage"] = true.into());
    }
    crd
}

pub fn gateway(version: &str, credential: &str) -> Value {
    let server = json!({
        "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
        "hosts": ["*.a.test"],
        "tls": {"mode": "SIMPLE", "credentialName": credential},
    });
    json!({
        "apiVersion": format!("networking.istio.io/{version}"),
        "kind": "Gateway",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
    })
}

pub fn virtual_service(version: &str) -> Value {
    json!({
        "apiVersion": format!("networking.istio.io/{version}"),
        "kind": "VirtualService",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"hosts": ["www.a.test"], "gateways": ["web"]},
    })
}

/// A Secret with a certificate under Istio's generic keys.
pub fn generic(name: &str, pair: &Issued) -> Value {
    let b64 = |text: &str| BASE64_STANDARD.encode(text);
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "istio-system"},
        "type": "Opaque",
        "data": {"cert": b64(&pair.chain_pem), "key": b64(&pair.key_pem)},
    })
}

/// A Secret of some type with a certificate.
pub fn secret(namespace: &str, name: &str, kind: &str, pair: &Issued) -> Value {
    let b64 = |text: &str| BASE64_STANDARD.encode(text);
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "data": {"tls.crt": b64(&pair.chain_pem), "tls.key": b64(&pair.key_pem)},
    })
}

pub fn tls(name: &str, pair: &Issued) -> Value {
    secret("shop", name, "kubernetes.io/tls", pair)
}

pub fn opaque(name: &str, pair: &Issued) -> Value {
    secret("shop", name, "Opaque", pair)
}

/// Whether a Secret holds this certificate.
pub fn holds(world: &World, key: &Key, pair: &Issued) -> bool {
    let secret = world.secrets.get(key);
    secret.is_some_and(|secret| secret.body.pair.as_ref().is_ok_and(|held| held.leaf == pair.der()))
}
