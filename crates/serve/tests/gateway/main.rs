//! The gateway as clients meet it: real sockets, real handshakes, nothing faked but the Model.

mod certificates;
mod client_auth;
mod clients;
mod drain;
mod listeners;
mod stage;
mod swaps;
