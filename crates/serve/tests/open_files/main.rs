//! The limit of open files, which is the whole process's: this test is alone in its binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "../gateway/panics.rs"]
mod panics;
#[path = "../gateway/stage.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod stage;

use std::{process::Command, time::Duration};

use testkit::{LIMIT, http::get_plain};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Only the soft limit: that one can be raised again. False: this machine has no `prlimit`.
fn limit_open_files(limit: usize) -> bool {
    let pid = std::process::id().to_string();
    let status =
        Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={limit}:")]).status();
    status.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_gateway_without_files_to_open_waits_and_serves_on() {
    let stage = stage::Stage::new(vec![stage::http(80)]).await;
    let address = stage.address(80);
    if !limit_open_files(1024) {
        println!("skipped: no prlimit (Debian package util-linux)");
        return;
    }
    assert!(limit_open_files(open_files() + 8));
    let spare = std::fs::File::open("/dev/null").unwrap();
    let mut clients = Vec::new();
    while let Ok(client) = TcpStream::connect(address).await {
        clients.push(client);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // No file is left; the spare one goes to a last client, and none is left to accept it.
    drop(spare);
    let mut last = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(stage.metric("doorward_connections_open") <= clients.len() as f64);

    // It waits in the queue and is served once another one leaves.
    last.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    drop(clients.pop());
    let mut answer = String::new();
    timeout(LIMIT, last.read_to_string(&mut answer)).await.expect("it is served in time").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    assert!(limit_open_files(1024));
    get_plain(address, "shop.test", "/").await.unwrap();
}
