//! Obtains certificates over ACME (RFC 8555), from public CAs and private ones.
//!
//! An [`AcmeIssuer`] takes an order one short step on at a time and keeps nothing of it: what it
//! has to remember travels in the order's progress, so that a kill at any moment costs nothing.
//! Names are proved over HTTP and TLS by the gateway (see [`issue::Challenges`]) and over DNS by
//! [`dns`]. What is ordered, and when, is decided elsewhere.

mod account;
mod authorization;
mod build;
mod caa;
mod check;
mod directory;
pub mod dns;
mod download;
mod fault;
mod issuer;
mod key;
mod order;
mod place;
mod progress;
mod proof;
mod received;
mod settings;
mod solver;
mod spec;
mod wire;

pub use account::{AccountKey, ExternalAccount};
pub use build::{Route53, Surroundings, build};
pub use issuer::AcmeIssuer;
pub use settings::Settings;
pub use solver::{Method, NamePattern, Solver, SolverKind};
pub use spec::{
    AcmeSpec, CommandSpec, Dns01Spec, ExternalAccountSpec, Rfc2136Spec, Route53Spec, SecretKey,
    SolverSpec, TsigSpec,
};
