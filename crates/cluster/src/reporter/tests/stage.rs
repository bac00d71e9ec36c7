//! One API server in this process, which counts what it is asked and fails as it is told.

use std::{ops::Deref, sync::Arc, time::Duration};

use k8s_openapi::jiff::Timestamp;
use kube::{
    Client, Config,
    api::{Patch, PatchParams},
};
use model::ObjectRef;
use report::Live;
use serde_json::{Value, json};
use testkit::{LIMIT, api_server::ApiServer, wait_for, wait_until};
use tokio::{sync::watch, task::JoinHandle};

use super::scene::{CRD, IP, Leader, Scene, edge, ingress, live, show};
use crate::reporter::kind::Kind;

pub struct Stage {
    pub api: Arc<ApiServer>,
    scene: Scene,
    mirror: JoinHandle<()>,
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
        let scene = Scene::of(ingresses.iter().map(|name| ingress(name)).chain([edge()]));
        show(&scene.lives, live_of(&api));
        let mirror = tokio::spawn(mirror(api.clone(), scene.lives.clone()));
        Self { api, scene, mirror }
    }

    /// A replica that leads from now on.
    pub fn leader(&self, instance: &str) -> Leader {
        self.leader_publishing(instance, &[IP])
    }

    pub fn leader_publishing(&self, instance: &str, addresses: &[&str]) -> Leader {
        self.scene.leader(self.client(), instance, addresses)
    }

    fn client(&self) -> Client {
        Client::try_from(Config::new(self.api.url().parse().unwrap())).unwrap()
    }

    /// The leaders see from now on what was there before.
    pub fn stop_watching(&self) {
        self.mirror.abort();
    }

    pub fn add(&self, name: &str) {
        put_ingress(&self.api, name);
        self.accept(ingress(name));
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
    pub async fn event_on(&self, name: &str, message: &str) -> Value {
        let find =
            || async { self.events().into_iter().find(|event| is_about(event, name, message)) };
        wait_for(LIMIT, find).await
    }

    /// Waits until the Event on an Ingress with this message was counted so often.
    pub async fn counted(&self, name: &str, message: &str, count: u32) {
        let find = || async {
            let is_it = |event: &Value| is_about(event, name, message) && event["count"] == count;
            self.events().iter().any(is_it).then_some(())
        };
        wait_for(LIMIT, find).await;
    }

    /// Makes an Event as old as if it had been written that long ago.
    pub fn age(&self, mut event: Value, age: Duration) {
        let written = Timestamp::now() - age;
        event["lastTimestamp"] = written.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
        self.api.put(event);
    }

    /// Waits until nobody has written anything for a while.
    pub async fn settled(&self) {
        let is_quiet = || async {
            let before = self.api.revision();
            tokio::time::sleep(Duration::from_millis(500)).await;
            self.api.revision() == before
        };
        wait_until(LIMIT, is_quiet).await;
    }

    /// What another controller says of the AlbConfig.
    pub async fn apply_status_as_another(&self, name: &str, status: &Value) {
        let object = ObjectRef::cluster("AlbConfig", name);
        let body = json!({
            "apiVersion": "alibabacloud.com/v1", "kind": "AlbConfig",
            "metadata": {"name": name}, "status": status,
        });
        let params = PatchParams::apply("another");
        let api = Kind::of(&object).unwrap().api(self.client(), &object);
        api.patch_status(name, &params, &Patch::Apply(body)).await.unwrap();
    }
}

impl Deref for Stage {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.mirror.abort();
    }
}

fn is_about(event: &Value, name: &str, message: &str) -> bool {
    let about = &event["involvedObject"];
    about["kind"] == "Ingress" && about["name"] == name && event["message"] == message
}

fn put_ingress(api: &ApiServer, name: &str) {
    api.put(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ingressClassName": "edge"},
    }));
}

/// Looks again whenever something was written.
async fn mirror(api: Arc<ApiServer>, lives: Arc<watch::Sender<Arc<Live>>>) {
    let mut seen = 0;
    loop {
        let revision = api.revision();
        if std::mem::replace(&mut seen, revision) != revision {
            show(&lives, live_of(&api));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn live_of(api: &ApiServer) -> Live {
    let objects = ["Ingress", "AlbConfig"].into_iter().flat_map(|kind| api.objects(kind));
    live(objects, api.object("Service", "doorward-system", "doorward").as_ref())
}
