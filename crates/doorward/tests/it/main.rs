//! The real binary, on ports of its own, seen from outside: one file for each story.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme;
mod admin;
mod aws;
mod bad_input;
mod cce;
mod certificates;
mod check;
mod command_line;
mod config_dump;
mod console;
mod drain;
mod example;
mod kube;
mod listeners;
mod manifests;
mod mesh;
mod pki;
mod pki_apiserver;
mod pki_external;
mod pki_faults;
mod pki_k3s;
mod pki_kills;
mod pki_kubeadm;
mod pki_lab;
mod pki_loopback;
mod pki_renew;
mod pki_repair;
mod pki_run;
mod pki_status;
mod plan;
mod printed;
mod quickstart;
mod restart;
mod sds;
mod soak;
mod state;

use testkit::app::{App, Setup};

const BINARY: &str = env!("CARGO_BIN_EXE_doorward");

fn setup() -> Setup {
    App::setup(BINARY)
}
