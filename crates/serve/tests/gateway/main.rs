//! The gateway as clients meet it: real sockets, real handshakes, nothing faked but the Model.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod certificates;
mod challenges;
mod client_auth;
mod clients;
mod drain;
mod listeners;
mod offers;
mod panics;
mod servers;
mod stage;
mod swaps;
mod tickets;
mod tunnels;
