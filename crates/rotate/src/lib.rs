//! The cluster's own PKI: what etcd and the control plane of Kubernetes trust and present, and
//! how it is renewed in place, over SSH, with nothing lost.
//!
//! A flow of its own beside the gateway's, one way too:
//!
//! ```text
//! inventory ──► discover ──► Facts ──► plan ──► execute ──► verify
//!     who          │           │         │         │
//!                Site       status    pure     Journal
//! ```
//!
//! Everything that is decided is decided by pure functions of [`Facts`]; a [`Site`] is the only
//! way to the machines. What was done is found again by looking, never by remembering: the
//! journal explains, the machines decide.

pub mod census;
pub mod certificate;
pub mod component;
mod difference;
mod digest;
pub mod discover;
#[cfg(test)]
mod example;
pub mod execute;
pub mod expiry;
mod face;
pub mod facts;
pub mod finding;
mod halves;
pub mod health;
pub mod inventory;
pub mod journal;
pub mod key;
mod kubeconfig;
mod last_words;
pub mod life;
pub mod material;
pub mod matrix;
pub mod mint;
pub mod pem;
pub mod plan;
mod preflight;
pub mod product;
pub mod render;
pub mod run;
pub mod settings;
#[cfg(test)]
mod simulated;
pub mod site;
pub mod ssh;
pub mod status;
mod talk;

pub use component::{Component, Endpoint, Pair, Program, Purpose, Reread, RunBy, Trust};
pub use facts::{Facts, FileSeen, Handshake, HostFacts, Process};
pub use finding::Finding;
pub use health::Health;
pub use inventory::{HostName, Inventory};
pub use plan::{Act, Mode, Plan, Step};
pub use product::Product;
pub use site::{Site, SiteError};
pub use ssh::Ssh;
