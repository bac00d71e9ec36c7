//! TLS of a listener: which certificate answers, how the handshake goes, and what it settled.

mod certificates;
mod client;
mod client_auth;
mod config;
mod facts;
mod handshake;
mod hello;
mod keys;
mod tickets;

pub use certificates::{Certificates, ChosenBy, Holder};
pub use client_auth::ClientCheck;
pub use config::{TlsError, TlsState};
pub use handshake::{Unopened, Welcomed, handshake};
pub use keys::KeyPool;
pub use tickets::Keyring;
