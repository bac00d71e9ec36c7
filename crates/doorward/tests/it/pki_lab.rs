//! The lab of the cluster's own PKI, command by command as its README prints them, while somebody
//! writes to etcd.

use std::{fs, path::Path, process::Command};

use testkit::lab::{Lab, Shape, api_server};

use crate::printed::{Printed, printed, shows};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/pki-lab/README.md");

/// Not a test: the machines of the lab run it as their kube-apiserver.
#[test]
#[ignore = "the machines of the lab run it"]
fn stand_in_for_kube_apiserver() {
    api_server::run();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_works_as_printed_and_no_write_is_lost() {
    let shape = Shape { has_api_servers: true, ..Shape::default() };
    let Some(lab) = Lab::start(shape).await else { return };
    let writer = lab.writer().await;
    let text = fs::read_to_string(README).unwrap();
    let mut entered = 0;
    for Printed { command, output } in printed(&text) {
        // Both have been done.
        if command.starts_with("cargo xtask") || command.contains("--example pki-lab") {
            continue;
        }
        enter(&command, &output, lab.folder()).await;
        entered += 1;
    }
    assert_eq!(entered, 5);
    writer.report().await.assert_nothing_lost();
}

async fn enter(command: &str, printed: &str, folder: &Path) {
    let here = folder.display().to_string();
    let command = command.replace("cargo run --release --", crate::BINARY);
    let command = command.replace("/tmp/pki-lab", &here);
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(folder).env_remove("RUST_LOG");
    let answer = tokio::process::Command::from(shell).output().await.unwrap();
    let text = String::from_utf8_lossy(&answer.stdout);
    let complaint = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{command}:\n{text}\n{complaint}");
    assert!(shows(&text, printed), "{command}:\n{text}");
}
