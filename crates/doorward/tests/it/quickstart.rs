//! The README's first command: a newcomer's curl is answered over HTTPS.

use std::process::Command;

use testkit::{LIMIT, app::App, http, peers, tls::TlsClient, wait_for};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use crate::setup;

const CLASS: &str = include_str!("../../../../examples/quickstart/class.yaml");
const HELLO: &str = include_str!("../../../../examples/quickstart/hello.yaml");
const ECHO: &str = include_str!("../../../../examples/quickstart/echo.yaml");
const SETTINGS: &str = include_str!("../../../../examples/quickstart/doorward.yaml");

/// The example, with its settings where `run` finds them by itself: in the manifests folder.
async fn quickstart() -> App {
    setup()
        .manifest("class.yaml", CLASS)
        .manifest("hello.yaml", HELLO)
        .manifest("echo.yaml", ECHO)
        .manifest("doorward.yaml", SETTINGS)
        .start()
        .await
}

/// Waits until both hosts' certificates are served on listener 443; one comes after the other.
async fn associated(app: &App) {
    wait_for(LIMIT, || async {
        let listeners = app.listeners().await;
        let https = listeners.iter().find(|listener| listener["port"] == 443)?;
        let certificates = https["certificates"].as_array()?;
        let all = certificates.len() == 2
            && certificates.iter().all(|certificate| certificate["status"] == "Associated");
        all.then_some(())
    })
    .await;
}

#[tokio::test]
async fn curl_trusts_the_own_ca_and_is_answered() {
    let Some(curl) = peers::need("curl") else { return };
    let app = quickstart().await;
    associated(&app).await;
    let port = app.address("web", 443).await.port();
    let output = Command::new(curl)
        .args(["--silent", "--show-error", "--max-time", "20", "--cacert"])
        .arg(app.state().join("ca/root.crt"))
        .args(["--resolve", &format!("hello.test:{port}:127.0.0.1")])
        .arg(format!("https://hello.test:{port}/"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Hello from Doorward.\n");
}

#[tokio::test]
async fn plain_http_is_sent_to_https() {
    let app = quickstart().await;
    let address = app.address("web", 80).await;
    let answer = http::get_plain(address, "hello.test", "/a?b=c").await.unwrap();
    assert_eq!(answer.status, 308);
    assert_eq!(answer.header("location"), "https://hello.test:443/a?b=c");
}

#[tokio::test]
async fn echo_tells_the_facts_of_the_handshake() {
    let app = quickstart().await;
    associated(&app).await;
    let address = app.address("web", 443).await;
    let answer = TlsClient::unchecked().get(address, "echo.test", "/x").await.unwrap();
    assert_eq!(answer.status, 200);
    let text = answer.text();
    for fact in ["TLSv1.3", "echo.test", "/x", "Ingress demo/echo"] {
        assert!(text.contains(fact), "{fact} is missing in {text}");
    }
}

#[tokio::test]
async fn only_issued_certificates_are_used_and_nothing_is_wrong() {
    let app = quickstart().await;
    associated(&app).await;
    let verdicts = app.get("/api/v1/verdicts").await.json();
    let states: Vec<_> = verdicts
        .as_array()
        .unwrap()
        .iter()
        .map(|verdict| verdict["state"].as_str().unwrap())
        .collect();
    assert!(!states.is_empty() && states.iter().all(|state| *state == "Accepted"), "{verdicts:#}");
    for listener in app.listeners().await {
        for certificate in listener["certificates"].as_array().unwrap() {
            assert_eq!(certificate["source"], "Issued");
        }
        assert_eq!(listener["problems"], serde_json::json!([]));
    }
}

#[tokio::test]
async fn an_edited_answer_is_served_without_a_restart() {
    let app = quickstart().await;
    associated(&app).await;
    let address = app.address("web", 443).await;
    app.write("hello.yaml", &HELLO.replace("Hello from Doorward.", "Edited."));
    wait_for(LIMIT, || async {
        let answer = TlsClient::unchecked().get(address, "hello.test", "/").await.ok()?;
        (answer.text() == "Edited.\n").then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_line_to_try_works_as_printed() {
    let Some(curl) = peers::need("curl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart");
    let mut run = tokio::process::Command::new(crate::BINARY)
        .args(["run", "--manifests", examples, "--bind", "127.0.0.1"])
        .args(["--port-map", "443=0,80=0", "--admin", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_remove("RUST_LOG")
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let command = timeout(LIMIT, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line == "Try:" {
                return lines.next_line().await.unwrap().unwrap();
            }
        }
        panic!("no line to try was printed");
    })
    .await
    .unwrap();

    let command = command.trim().strip_prefix("curl ").unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("{} --silent --show-error --max-time 20 {command}", curl.display())])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(String::from_utf8_lossy(&output.stdout).contains("echo.test"));
}
