//! What tests share: a small PKI, TLS and HTTP clients, backends that behave and backends that
//! do not, Kubernetes API servers, and the running binary. A dev-dependency only.
//!
//! It knows nothing of the crates it tests, or they would be built twice. It panics where a test
//! cannot go on, and it never waits without a limit.
#![allow(clippy::panic, clippy::unwrap_used, reason = "this crate runs inside tests only")]

pub mod api_server;
pub mod app;
pub mod backend;
mod child;
pub mod cluster;
pub mod envoy;
pub mod http;
pub mod knot;
pub mod lab;
pub mod manifest;
pub mod moto;
pub mod pebble;
pub mod peers;
pub mod pki;
mod ports;
pub mod tls;
mod wait;

pub use wait::{LIMIT, wait_for, wait_until};
