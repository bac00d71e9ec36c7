//! What Doorward itself writes into the cluster, besides the lease and the reports.
//!
//! ```text
//! any namespace     Secrets                  issued and uploaded certificates; the source reads them too
//! store namespace   doorward-local-ca        the own CA's root
//!                   doorward-console         ConfigMap: what operators changed by hand
//!                   doorward-memory          sticky Defaults, last good lists, held-over certificates
//!                   doorward-order-…         certificates on order, and what is left of issuers' limits
//!                   doorward-session-tickets the keys that all replicas seal session tickets with
//!                   doorward-challenges      open challenges of ACME, which every replica answers
//!                   doorward-acme-NAME       the account of the Issuer NAME with its CA
//! ```
//!
//! The leader writes, within its term. Any replica writes what an operator asks of it. Whoever
//! replaces an object says which version of it was read, or applies only fields of its own, so
//! no write undoes another's. Nothing here decides what is served.

mod console;
mod entries;
#[cfg(test)]
pub(crate) mod fixture;
mod memory;
mod orders;
mod root;
mod sealed;
mod secrets;
mod tickets;
mod watched;

pub use crate::call::{By, CallError};
pub use console::ConsoleMap;
pub use entries::SecretEntries;
pub use memory::SharedMemory;
pub use orders::{OrderSecrets, load as load_orders};
pub use root::{RootError, RootPair, RootSecret};
pub use secrets::{IssuedSecrets, Secrets};
pub use tickets::TicketSecret;

use std::{collections::BTreeMap, time::Duration};

use kube::api::{ObjectMeta, PostParams};

const OWN_SECRETS: [&str; 4] = [model::CHALLENGES_SECRET, memory::NAME, root::NAME, tickets::NAME];
/// Pages of the order book, and the accounts of Issuers.
const OWN_PREFIXES: [&str; 2] = [orders::PREFIX, "doorward-acme-"];

/// Whether a Secret of this name is one that replicas share, beside the certificates of the store:
/// no certificate may have such a name.
pub fn is_own_secret(name: &str) -> bool {
    OWN_SECRETS.contains(&name) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The owner of fields that Doorward writes, in `managedFields`.
pub const FIELD_MANAGER: &str = "doorward";

/// On every object that Doorward makes.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "doorward");

/// How long a stage waits before it tries again what the API server did not do.
const RETRY: Duration = Duration::from_secs(5);

/// Of a new object of Doorward's own.
fn own_metadata(namespace: &str, name: &str) -> ObjectMeta {
    let (key, value) = MANAGED_BY;
    ObjectMeta {
        namespace: Some(namespace.to_owned()),
        name: Some(name.to_owned()),
        labels: Some(BTreeMap::from([(key.to_owned(), value.to_owned())])),
        ..ObjectMeta::default()
    }
}

fn post() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}
