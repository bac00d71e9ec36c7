//! Everything of Amazon's: certificates from AWS Certificate Manager ([`acm`]) and from a private
//! CA ([`pca`]), records in Route 53 ([`route53`]), listeners of AWS load balancers
//! ([`listeners`]).
//!
//! What to do is decided by pure functions of what AWS shows; the calls around them are the
//! vendor's own clients, which sign, retry with jitter and find credentials. AWS itself is the
//! memory: an order that lost its progress finds its certificate again by the tags on it.

mod account;
pub mod acm;
mod build;
mod digest;
mod fault;
#[cfg(test)]
mod fixture;
pub mod inventory;
pub mod listeners;
pub mod pca;
pub mod route53;
mod schedule;
mod spec;

pub use account::{Account, Role};
pub use build::{Surroundings, build};
pub use spec::{AcmSpec, PcaSpec, Records};
