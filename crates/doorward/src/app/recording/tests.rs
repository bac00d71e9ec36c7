use std::fs;

use model::{Dialect, LoadBalancer, ObjectRef};

use super::*;
use crate::fixture::{bound, certificate, listener};

fn model(ids: &[&str]) -> Arc<Model> {
    let certificate = certificate(&["a.test"]);
    let bindings = ids.iter().map(|id| bound(id, &certificate)).collect();
    Arc::new(Model {
        load_balancers: vec![LoadBalancer {
            name: "web".into(),
            dialect: Dialect::Ingress,
            declared_by: ObjectRef::cluster("IngressClass", "web"),
            members: Arc::default(),
            read_only: true,
            listeners: vec![Arc::new(listener("web:443", &["a.test"], bindings))],
        }],
        ..Model::default()
    })
}

fn recorded(state: &StateFolder) -> Vec<String> {
    let text = state.view().load_served().unwrap().unwrap_or("[]".into());
    let listeners: Vec<ListenerView> = serde_json::from_str(&text).unwrap();
    let certificates = listeners.into_iter().flat_map(|listener| listener.certificates);
    certificates.map(|binding| binding.id).collect()
}

/// The paused clock runs ahead whenever everything waits, so no test waits for the pause.
#[tokio::test(start_paused = true)]
async fn what_listeners_hold_is_written_down_and_again_when_the_disk_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("state");
    let state = Arc::new(StateFolder::open(&place).unwrap());
    let (models, model_now) = watch::channel(model(&["one"]));
    let task = tokio::spawn(record(model_now, state.clone()));
    testkit::wait_until(testkit::LIMIT, || async { recorded(&state) == ["one"] }).await;

    let away = dir.path().join("away");
    fs::rename(&place, &away).unwrap();
    models.send_replace(model(&["one", "two"]));
    sleep(PAUSE * 3).await;
    fs::rename(&away, &place).unwrap();
    assert_eq!(recorded(&state), ["one"], "what was stays");
    models.send_replace(model(&["one", "two", "three"]));
    let all = ["one", "two", "three"];
    testkit::wait_until(testkit::LIMIT, || async { recorded(&state) == all }).await;
    drop(models);
    task.await.unwrap();
}
