//! A cluster for a story that is to be true of both: the API server in this process, and the real
//! one where `KUBEBUILDER_ASSETS` names a folder that has it.
//!
//! Whatever a story does through this face both can do. What only one can (faults, request logs)
//! is asked of that one itself.

mod api;
mod real;

use std::path::PathBuf;

use http::Method;
use serde_json::{Value, json};

use crate::{
    LIMIT,
    api_server::{self, ApiServer, Kind, built_in_kinds, kinds_of_definition},
    http::Answer,
    manifest, wait_for, wait_until,
};

pub use api::{Api, content_type};
pub use real::{RealApiServer, assets};

/// One of both.
#[expect(clippy::large_enum_variant, reason = "a test has one or two of them")]
pub enum Cluster {
    InProcess(ApiServer),
    Real(RealApiServer),
}

impl Cluster {
    pub async fn in_process() -> Self {
        Self::InProcess(ApiServer::start().await)
    }

    /// `None` tells the test to return, as [`crate::peers::need`] does: the real servers are not
    /// here, and stderr says so.
    pub async fn real() -> Option<Self> {
        RealApiServer::start().await.map(Self::Real)
    }

    /// What the API is reached at, `http://…` or `https://…`.
    pub fn url(&self) -> String {
        match self {
            Self::InProcess(server) => server.url(),
            Self::Real(server) => server.url(),
        }
    }

    /// A file for `--kubeconfig` that may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        match self {
            Self::InProcess(server) => server.kubeconfig(),
            Self::Real(server) => server.kubeconfig(),
        }
    }

    /// A file for `--kubeconfig` that speaks as the ServiceAccount `doorward` of the namespace
    /// `doorward-system`. It may do what RBAC objects say, and nothing before there are any.
    pub fn service_account_kubeconfig(&self) -> PathBuf {
        match self {
            Self::InProcess(server) => server.service_account_kubeconfig(),
            Self::Real(server) => server.service_account_kubeconfig(),
        }
    }

    /// Breaks every connection and takes no more, until [`Cluster::back`].
    pub async fn away(&mut self) {
        match self {
            Self::InProcess(server) => server.away(),
            Self::Real(server) => server.away().await,
        }
    }

    /// Serves again, at the same address, with everything that was there.
    pub async fn back(&mut self) {
        match self {
            Self::InProcess(server) => server.back(),
            Self::Real(server) => server.back().await,
        }
    }

    pub async fn restart(&mut self) {
        self.away().await;
        self.back().await;
    }
}

/// Objects, by way of the API and with every right.
impl Cluster {
    /// The API itself, for requests that the methods below have not.
    pub fn api(&self) -> Api {
        match self {
            Self::InProcess(server) => Api::plain(&server.url()),
            Self::Real(server) => server.api(),
        }
    }

    /// The API, as the ServiceAccount `doorward` of `doorward-system`, which may what RBAC says.
    pub fn service_account_api(&self) -> Api {
        match self {
            Self::InProcess(server) => {
                Api::plain(&server.url()).with_token(api_server::SERVICE_ACCOUNT_TOKEN)
            }
            Self::Real(server) => server.service_account_api(),
        }
    }

    /// Makes the object so, with its status, by server-side apply as the manager `test`. Makes its
    /// namespace where that is missing; after a CRD it waits until its kind is there.
    pub async fn put(&self, object: &Value) -> Value {
        let api = self.api();
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        let kind = object["kind"].as_str().unwrap_or_else(|| panic!("no kind: {object}"));
        let kind = self.kind(kind).await;
        let namespace = match text("namespace") {
            "" => "default",
            namespace => namespace,
        };
        if kind.is_namespaced && self.object("Namespace", "", namespace).await.is_none() {
            let made =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            done(api.apply(&format!("/api/v1/namespaces/{namespace}"), &made).await);
        }
        let path = kind.path(namespace, text("name"));
        let mut without_status = object.clone();
        let status = without_status.as_object_mut().and_then(|object| object.remove("status"));
        let mut written = done(api.apply(&path, &without_status).await);
        if let Some(status) = status {
            let (version, kind) = (&object["apiVersion"], &object["kind"]);
            let status = json!({
                "apiVersion": version, "kind": kind, "metadata": {"name": text("name")}, "status": status,
            });
            written = done(api.apply(&format!("{path}/status"), &status).await);
        }
        for kind in kinds_of_definition(object) {
            wait_until(LIMIT, || async { api.get(&kind.path("", "")).await.status.is_success() })
                .await;
        }
        written
    }

    /// As [`Cluster::put`], of every document of a YAML text.
    pub async fn put_yaml(&self, text: &str) {
        for object in manifest::documents(text) {
            self.put(&object).await;
        }
    }

    /// The object as it is; `namespace` is `""` for kinds of the whole cluster.
    pub async fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let path = self.kind(kind).await.path(namespace, name);
        let answer = self.api().get(&path).await;
        (answer.status != 404).then(|| done(answer))
    }

    /// Every object of a kind, by namespace and name.
    pub async fn objects(&self, kind: &str) -> Vec<Value> {
        let path = self.kind(kind).await.path("", "");
        let list = done(self.api().get(&path).await);
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Every Event, in its core form.
    pub async fn events(&self) -> Vec<Value> {
        self.objects("Event").await
    }

    /// Whether it was there.
    pub async fn delete(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let path = self.kind(kind).await.path(namespace, name);
        let answer = self.api().ask(Method::DELETE, &path, content_type::JSON, &Value::Null).await;
        answer.status != 404 && !done(answer).is_null()
    }

    /// Waits until the object is there and `question` has an answer about it, and gives that.
    pub async fn wait_for<T>(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        question: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let question = &question;
        wait_for(LIMIT, || async move {
            self.object(kind, namespace, name).await.and_then(|object| question(&object))
        })
        .await
    }

    async fn kind(&self, name: &str) -> Kind {
        if let Some(kind) = built_in_kinds().into_iter().find(|kind| kind.name == name) {
            return kind;
        }
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let definitions = done(self.api().get(path).await);
        let definitions = definitions["items"].as_array().into_iter().flatten();
        let mut kinds = definitions.flat_map(kinds_of_definition);
        kinds.find(|kind| kind.name == name).unwrap_or_else(|| panic!("no kind {name}"))
    }
}

fn done(answer: Answer) -> Value {
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.json()
}

#[cfg(test)]
mod tests;
