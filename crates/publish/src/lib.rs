//! Hands certificates to Envoy over SDS, its secret discovery service: to Envoys of one's own and
//! to the ingress gateways of an Istio mesh.
//!
//! In comes the World, out go secrets to whoever subscribed; what each Envoy acknowledges or
//! refuses is kept in a [`Ledger`]. Nothing is obtained or decided here, and nothing is known of
//! Kubernetes or of the own gateway.

mod catalogue;
mod content;
#[cfg(test)]
mod fixture;
mod key;
mod ledger;
mod limits;
mod metrics;
mod reach;
mod server;
mod session;
mod settings;
mod validate;
mod who;
mod wire;

pub use content::{Content, Material, Roots, Version};
pub use ledger::{Client, Ledger, SecretState};
pub use limits::Limits;
pub use reach::{Grants, Reach};
pub use server::{BindError, Publisher};
pub use session::{Acked, Flavour, Refused, Standing};
pub use settings::{Address, Settings, SocketMode};
pub use who::{Admission, Clients, Identity, MutualTls};
