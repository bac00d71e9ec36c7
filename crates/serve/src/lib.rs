//! The gateway: binds the Model's listeners, chooses a certificate for each handshake and
//! hands every request to the proxy. It changes what it serves by swapping whole tables, and
//! reports what is really bound and served.
//!
//! It does not decide what should be served (`translate` does), nor obtain certificates.

mod access_log;
mod challenge;
mod connection;
#[cfg(test)]
mod fixture;
mod gateway;
mod ledger;
mod listener;
mod lock;
mod metrics;
mod options;
pub mod proxy;
mod quiet;
mod reconcile;
mod roster;
mod served;
mod session;
mod supervise;
mod tls;
mod tunnel;

pub use access_log::{AccessFacts, AccessLogFormat};
pub use connection::{ClientCertificate, Connection, TlsFacts};
pub use gateway::Gateway;
pub use ledger::{Ledger, LedgerEntry, ServedName};
pub use metrics::RequestMetrics;
pub use options::{GatewayOptions, Limits};
pub use served::{RejectedCertificate, Served, ServedListener};
