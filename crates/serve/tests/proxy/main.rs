//! The proxy on the wire: real clients or raw bytes in front of it, real and broken backends
//! behind it, all on loopback.
#![allow(clippy::unwrap_used, reason = "tests only")]

mod answers;
mod bodies;
mod edits;
mod endpoints;
mod failures;
mod faults;
mod filters;
mod forwarded;
mod front;
mod grpc;
mod mirrors;
mod piped;
mod retries;
mod scripted;
mod smuggling;
mod times;
mod upgrades;
