//! Kubernetes: where the API server holds all state.
//!
//! `client` connects, `source` makes the World of its objects, `store` keeps what Doorward itself writes, `lease`
//! elects the one replica that may issue and write, and `reporter` carries out what the crate
//! `report` decides. `glance` is one look at it all, for who runs none. Nothing here decides what
//! is served.

mod call;
pub mod client;
pub mod glance;
pub mod lease;
pub mod reporter;
#[cfg(test)]
mod rights;
pub mod source;
pub mod store;
