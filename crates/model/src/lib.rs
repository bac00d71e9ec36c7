//! What should be: the load balancers, listeners, routes and certificates that the
//! watched objects ask for, and a verdict on each object.
//!
//! Plain data and pure decisions only. No clock, no network, no async: every other
//! crate of the workspace may depend on this one, and this one on none of them.

mod arn;
mod attachment;
mod backend;
mod certificate;
mod challenge;
mod choice;
mod forwarding;
mod issuer;
mod listener;
mod load_balancer;
mod name;
mod object;
pub mod resource;
mod route;
mod route_table;
mod server_table;
mod text;
mod ticket;
mod verdict;

pub use arn::Arn;
pub use attachment::{AttachedCertificate, Attachment};
pub use backend::{Backend, BackendProtocol, Balancing, Endpoint};
pub use certificate::{Certificate, CertificateId, Fingerprint, KeyAlgorithm, KeyKind, PrivateKey};
pub use challenge::{CHALLENGES_SECRET, Challenges, OpenChallenge, TlsChallenge};
pub use choice::{CertificateTable, Choice};
pub use forwarding::{
    Abort, AbortWith, Delay, Forwarding, Mirror, PerMillion, Retries, RetryOn, Timeout, Tunnel,
};
pub use issuer::{
    AllowedNames, Credentials, Issuer, IssuerKind, IssuerSecret, KeyChoice, Limited,
    MaintenanceWindow, OrderLimit, RenewBefore,
};
pub use listener::{
    AccessList, AccessMode, Binding, BindingStatus, CertificateList, CertificateSource, ClientAuth,
    ClientDemand, ForwardedHeaders, Listener, ListenerKey, ParseListenerKeyError, Protocol, Server,
    TlsSettings, TlsVersions, TrustedSources,
};
pub use load_balancer::{Dialect, LoadBalancer, Model, Want};
pub use name::{Name, ParseNameError};
pub use object::{ObjectRef, Origin};
pub use route::{
    Action, Cors, Direction, FactMatch, Filter, FixedResponse, ForwardTarget, HeaderEdit,
    HeaderMatch, HeaderSource, ParameterMatch, PathChange, PathMatch, Redirect, Rewrite, Rule,
    RuleMatch, TrafficLimit,
};
pub use route_table::{HostChoice, RequestParts, RouteTable};
pub use server_table::{FoundServer, HostFit, ServerTable};
pub use text::{TextMatch, TextPattern};
pub use ticket::{TicketKey, TicketKeys};
pub use verdict::{Reason, State, Verdict};
