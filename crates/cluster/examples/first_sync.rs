//! How long the first World of a large cluster takes, how much memory, and how many requests.
//!
//! ```text
//! cargo run --release -p cluster --example first_sync -- INGRESSES TLS_SECRETS OTHER_SECRETS OTHER_BYTES
//! ```
//!
//! The objects are on the real API server where `KUBEBUILDER_ASSETS` names it, else on that of the
//! tests, which counts requests. The source runs in a process of its own, so that the memory told
//! is its alone.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a measurement")]

use std::{
    env, fs,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use cluster::{
    client::{ClusterChoice, connect},
    source::{Pace, Source, SourceOptions},
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use testkit::{cluster::Cluster, pki::TestCa};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use translate::world::Console;

const FOLLOW: &str = "FIRST_SYNC_FOLLOW";

#[tokio::main]
async fn main() {
    match env::var_os(FOLLOW) {
        Some(kubeconfig) => {
            follow(ClusterChoice { kubeconfig: Some(kubeconfig.into()), context: None }).await
        }
        None => Box::pin(serve()).await,
    }
}

async fn serve() {
    let arguments: Vec<usize> = env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    let [ingresses, tls, others, bytes] = arguments[..] else {
        panic!("give INGRESSES TLS_SECRETS OTHER_SECRETS OTHER_BYTES")
    };
    let cluster = match env::var_os("KUBEBUILDER_ASSETS") {
        Some(_) => Cluster::real().await.unwrap(),
        None => Cluster::in_process().await,
    };
    let ca = TestCa::new("root");
    put(&cluster, (0..ingresses).map(ingress)).await;
    let tls = (0..tls).map(|index| {
        let pair = ca.leaf(&[&format!("h{index}.test")]);
        let data = json!({
            "tls.crt": BASE64_STANDARD.encode(pair.chain_pem),
            "tls.key": BASE64_STANDARD.encode(pair.key_pem),
        });
        secret("kubernetes.io/tls", &format!("tls-{index}"), data)
    });
    put(&cluster, tls).await;
    let content = "A".repeat(bytes);
    let others = (0..others)
        .map(|index| secret("Opaque", &format!("other-{index}"), json!({ "content": content })));
    put(&cluster, others).await;
    if let Cluster::InProcess(server) = &cluster {
        server.forget_requests();
    }
    let mut child = Command::new(env::current_exe().unwrap());
    child.env(FOLLOW, cluster.kubeconfig());
    let mut child = child.spawn().unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
    assert!(status.success());
    if let Cluster::InProcess(server) = &cluster {
        println!("requests: {:?}", server.counts());
    }
}

async fn put(cluster: &Cluster, objects: impl Iterator<Item = Value>) {
    match cluster {
        Cluster::InProcess(server) => objects.for_each(|object| drop(server.put(object))),
        Cluster::Real(_) => {
            let put = |object: Value| async move { drop(cluster.put(&object).await) };
            stream::iter(objects).for_each_concurrent(8, put).await;
        }
    }
}

async fn follow(choice: ClusterChoice) {
    let client = connect(&choice).await.unwrap();
    let options = SourceOptions {
        store_namespace: "doorward-system".into(),
        gateway_namespace: "istio-system".into(),
        secret_namespaces: None,
        gateway_service: None,
        pace: Pace::default(),
    };
    println!("before: {}", memory());
    let (worlds, mut worlds_out) = watch::channel(Arc::default());
    let console = watch::Sender::<Console>::default();
    let source = Source::new(client, options);
    let start = Instant::now();
    tokio::spawn(source.run(
        worlds,
        watch::Sender::default(),
        watch::Sender::default(),
        console.subscribe(),
        CancellationToken::new(),
    ));
    let world = worlds_out.wait_for(|world| world.generation > 0).await.unwrap().clone();
    println!(
        "first World after {:?}: {} Ingresses, {} Secrets; {}",
        start.elapsed(),
        world.ingresses.len(),
        world.secrets.len(),
        memory()
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    println!("at rest: {}", memory());
}

/// Now and at its highest.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = |name| status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    [line("VmRSS"), line("VmHWM")]
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .join(", ")
}

fn ingress(index: usize) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": format!("web-{index}"),
            "namespace": "shop",
            "annotations": {"alb.ingress.kubernetes.io/listen-ports": "[{\"HTTPS\":443}]"},
        },
        "spec": {
            "ingressClassName": "alb",
            "tls": [{"hosts": [format!("h{index}.test")], "secretName": format!("tls-{index}")}],
            "rules": [{
                "host": format!("h{index}.test"),
                "http": {"paths": [{
                    "path": "/",
                    "pathType": "Prefix",
                    "backend": {"service": {"name": "web", "port": {"number": 80}}},
                }]},
            }],
        },
    })
}

fn secret(kind: &str, name: &str, data: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "shop"},
        "type": kind,
        "data": data,
    })
}
