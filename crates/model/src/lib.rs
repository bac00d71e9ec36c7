//! What should be: the load balancers, listeners, routes and certificates that the
//! watched objects ask for, and a verdict on each object.
//!
//! Plain data and pure decisions only. No clock, no network, no async: every other
//! crate of the workspace may depend on this one, and this one on none of them.

mod backend;
mod certificate;
mod choice;
mod listener;
mod load_balancer;
mod name;
mod object;
mod route;
mod route_table;
mod ticket;
mod verdict;

pub use backend::{Backend, BackendProtocol, Balancing, Endpoint};
pub use certificate::{Certificate, CertificateId, Fingerprint, KeyAlgorithm, PrivateKey};
pub use choice::{CertificateTable, Choice};
pub use listener::{
    AccessList, AccessMode, Binding, BindingStatus, CertificateList, CertificateSource, ClientAuth,
    ForwardedHeaders, Listener, ListenerKey, ParseListenerKeyError, Protocol, TlsSettings,
    TlsVersions, TrustedSources,
};
pub use load_balancer::{Dialect, LoadBalancer, Model, Want};
pub use name::{Name, ParseNameError};
pub use object::{ObjectRef, Origin};
pub use route::{
    Action, Cors, Direction, Filter, FixedResponse, ForwardTarget, HeaderMatch, HeaderSource,
    PathMatch, Redirect, Rewrite, Rule, RuleMatch, TextPattern, TrafficLimit,
};
pub use route_table::{RequestParts, RouteTable};
pub use ticket::{TicketKey, TicketKeys};
pub use verdict::{Reason, State, Verdict};
