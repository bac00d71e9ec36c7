//! How long the first World of a large cluster takes, how much memory, and how many requests.
//!
//! ```text
//! cargo run --release -p cluster --example first_sync -- INGRESSES TLS_SECRETS OTHER_SECRETS OTHER_BYTES
//! ```
//!
//! The API server and the source run in processes of their own, so that the memory told is the
//! source's alone.

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
use serde_json::{Value, json};
use testkit::{api_server::ApiServer, pki::TestCa};
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
        None => serve().await,
    }
}

async fn serve() {
    let arguments: Vec<usize> = env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    let [ingresses, tls, others, bytes] = arguments[..] else {
        panic!("give INGRESSES TLS_SECRETS OTHER_SECRETS OTHER_BYTES")
    };
    let server = ApiServer::start().await;
    let ca = TestCa::new("root");
    for index in 0..ingresses {
        server.put(ingress(index));
    }
    for index in 0..tls {
        let pair = ca.leaf(&[&format!("h{index}.test")]);
        server.put(secret(
            "kubernetes.io/tls",
            &format!("tls-{index}"),
            json!({
                "tls.crt": BASE64_STANDARD.encode(pair.chain_pem),
                "tls.key": BASE64_STANDARD.encode(pair.key_pem),
            }),
        ));
    }
    let content = "A".repeat(bytes);
    for index in 0..others {
        server.put(secret("Opaque", &format!("other-{index}"), json!({ "content": content })));
    }
    server.forget_requests();
    let mut child = Command::new(env::current_exe().unwrap());
    child.env(FOLLOW, server.kubeconfig());
    let mut child = child.spawn().unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
    assert!(status.success());
    println!("requests: {:?}", server.counts());
}

async fn follow(choice: ClusterChoice) {
    let client = connect(&choice).await.unwrap();
    let options = SourceOptions {
        store_namespace: "doorward-system".into(),
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
