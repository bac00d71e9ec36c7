//! What a dialect makes of its objects: claims on load balancers and listeners, in words that
//! no longer depend on the dialect.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use model::{
    AccessList, Action, CertificateId, CertificateSource, Dialect, ForwardedHeaders, Name,
    ObjectRef, Origin, Protocol, Rule, TlsVersions,
};

/// One load balancer as one dialect wants it.
#[derive(Clone, Debug)]
pub struct LoadBalancerClaim {
    pub name: Arc<str>,
    pub dialect: Dialect,
    pub declared_by: Declaration,
    /// The objects that belong to it, sorted.
    pub members: Arc<[ObjectRef]>,
    pub listeners: Vec<ListenerClaim>,
}

/// The object behind a claim, for verdicts and for who came first.
#[derive(Clone, Debug)]
pub struct Declaration {
    pub object: ObjectRef,
    pub origin: Option<Origin>,
    pub created: Timestamp,
    pub sequence: u64,
}

#[derive(Clone, Debug)]
pub struct ListenerClaim {
    pub port: u16,
    pub protocol: Protocol,
    /// Path of the listener in its object, `spec.listeners[1]`; for verdicts.
    pub field: String,
    /// `None` for HTTP.
    pub tls: Option<TlsClaim>,
    /// In order of priority.
    pub rules: Vec<Arc<Rule>>,
    pub default_action: Action,
    pub forwarded: Arc<ForwardedHeaders>,
    pub access: Option<Arc<AccessList>>,
    pub idle_timeout: Duration,
    pub request_timeout: Duration,
    pub gzip: bool,
}

#[derive(Clone, Debug)]
pub struct TlsClaim {
    pub versions: TlsVersions,
    pub http2: bool,
    /// `Some` = clients must show a certificate of one of these store ids.
    pub client_ca: Option<Vec<CertificateId>>,
    pub certificates: CertificateClaim,
}

/// What the objects say about the certificates of one listener.
#[derive(Clone, Debug, Default)]
pub struct CertificateClaim {
    /// Written in the listener's own object. `None`: nothing is written, discovery is on.
    /// `Some(Err)`: written and refused (the verdict is out already); the last good list stands.
    pub fixed: Option<Result<FixedCertificates, Refused>>,
    /// `defaultCertificate`: beats every other wish for the Default.
    pub default: Option<DefaultClaim>,
    /// The TLS wishes of the Ingresses on this listener, in group order.
    pub members: Vec<Arc<TlsMember>>,
}

/// The object's certificate list is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixedCertificates {
    pub source: Option<CertificateSource>,
    /// In written order.
    pub ids: Vec<CertificateId>,
    /// The id with `IsDefault: true`.
    pub default: Option<CertificateId>,
}

/// What `defaultCertificate` names: an id of the store, or a Secret's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultClaim {
    pub id: CertificateId,
    /// `spec.listeners[1].defaultCertificate`.
    pub field: String,
}

/// One wish for TLS: an entry of `spec.tls`, or the rule hosts of an Ingress without any.
#[derive(Clone, Debug)]
pub struct TlsMember {
    pub object: ObjectRef,
    pub origin: Option<Origin>,
    /// `spec.tls[0]`.
    pub field: String,
    pub hosts: Vec<Name>,
    /// A Secret in the object's own namespace.
    pub secret: Option<CertificateId>,
    /// The Issuer that the object asks for.
    pub issuer: Option<Arc<str>>,
}

/// Settings of an AlbConfig listener that are kept when a later edit has a wrong type.
#[derive(Clone, Debug, PartialEq)]
pub struct AlbListenerSpec {
    pub protocol: Protocol,
    pub versions: TlsVersions,
    pub http2: bool,
    pub client_ca: Option<Vec<CertificateId>>,
    pub forwarded: Arc<ForwardedHeaders>,
    pub access: Option<Arc<AccessList>>,
    pub idle_timeout: Duration,
    pub request_timeout: Duration,
    pub gzip: bool,
}
