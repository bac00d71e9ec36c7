//! What a dialect makes of its objects: claims on load balancers and listeners, in words that
//! no longer depend on the dialect.

use std::{borrow::Cow, net::IpAddr, sync::Arc, time::Duration};

use model::{
    AccessList, Action, Arn, CertificateId, CertificateSource, ClientDemand, Dialect,
    ForwardedHeaders, HostChoice, Name, ObjectRef, Origin, Protocol, Rule, TlsVersions, Tunnel,
};

use crate::{
    Settings,
    world::{Age, Object},
};

/// One load balancer as one dialect wants it.
#[derive(Clone, Debug)]
pub struct LoadBalancerClaim {
    pub name: Arc<str>,
    pub dialect: Dialect,
    pub declared_by: Declaration,
    /// Where it binds, if its objects say so.
    pub bind: Option<IpAddr>,
    /// The objects that belong to it, sorted.
    pub members: Arc<[ObjectRef]>,
    pub listeners: Vec<ListenerClaim>,
}

impl LoadBalancerClaim {
    pub fn address(&self, settings: &Settings) -> IpAddr {
        self.bind.unwrap_or_else(|| settings.address_of(&self.name))
    }
}

/// A listener of AWS's own load balancers, and what objects want on it.
#[derive(Clone, Debug)]
pub struct AttachmentClaim {
    pub listener: Arn,
    /// In order; the first is wanted most.
    pub members: Vec<AttachmentMember>,
}

#[derive(Clone, Debug)]
pub struct AttachmentMember {
    /// The load balancer here that its object belongs to.
    pub balancer: Arc<str>,
    pub tls: Arc<TlsMember>,
    pub wish: AttachmentWish,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachmentWish {
    /// The object names the certificate itself.
    Named(Arn),
    /// A Secret, or what is issued for hosts.
    Issued,
    /// It cannot be had; the verdict is out already.
    Impossible,
}

/// The object behind a claim, for verdicts and for who came first.
#[derive(Clone, Debug)]
pub struct Declaration {
    pub object: ObjectRef,
    pub origin: Option<Origin>,
    pub age: Age,
}

impl Declaration {
    pub fn of<T>(object: &Object<T>) -> Self {
        let (reference, origin) = (object.reference.clone(), object.origin.clone());
        Self { object: reference, origin, age: object.age() }
    }
}

#[derive(Clone, Debug)]
pub struct ListenerClaim {
    pub port: u16,
    pub protocol: Protocol,
    /// Path of the listener in its object, `spec.listeners[1]`; for verdicts.
    pub field: String,
    /// Who else is on it, and loses it together with the object that declares it.
    pub shared_by: Vec<Sharer>,
    /// `None` for HTTP.
    pub tls: Option<TlsClaim>,
    /// Servers that share the port; where there are any, they alone hold certificates and routes.
    pub servers: Vec<ServerClaim>,
    pub tunnel: Option<Arc<Tunnel>>,
    pub host_choice: HostChoice,
    /// In order of priority.
    pub rules: Vec<Arc<Rule>>,
    pub default_action: Action,
    pub forwarded: Arc<ForwardedHeaders>,
    pub access: Option<Arc<AccessList>>,
    pub idle_timeout: Duration,
    pub client_timeout: Option<Duration>,
    pub request_timeout: Duration,
    pub gzip: bool,
}

/// One of several servers on a listener's port; see [`model::Server`].
#[derive(Clone, Debug)]
pub struct ServerClaim {
    pub name: Arc<str>,
    pub declared_by: Declaration,
    /// Empty: any.
    pub hosts: Vec<Name>,
    pub listener: ListenerClaim,
}

/// Another object on a listener, and where it asks for it.
#[derive(Clone, Debug)]
pub struct Sharer {
    pub object: ObjectRef,
    pub origin: Option<Origin>,
    pub field: String,
}

#[derive(Clone, Debug)]
pub struct TlsClaim {
    pub versions: TlsVersions,
    /// As in [`model::TlsSettings`].
    pub ciphers: Option<Arc<[u16]>>,
    pub http2: bool,
    /// `Some` = clients are asked for a certificate.
    pub client_ca: Option<ClientCaClaim>,
    pub certificates: CertificateClaim,
}

/// What clients' certificates are checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientCaClaim {
    /// Of the store; a certificate of any of them will do.
    pub ids: Vec<CertificateId>,
    /// Where each of `ids` is written.
    pub fields: Vec<String>,
    /// What stands for the one of `ids` while there is no object of that name.
    pub instead: Option<CertificateId>,
    /// How to ask for no client certificates, in the dialect's words.
    pub cure: &'static str,
    pub demand: ClientDemand,
    /// The rest is as in [`model::ClientAuth`].
    pub names: Vec<Box<str>>,
    pub key_pins: Vec<[u8; 32]>,
    pub certificate_pins: Vec<[u8; 32]>,
    pub is_lenient: bool,
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
    pub on_delete: OnDelete,
}

/// What becomes of a certificate whose Secret is deleted while it is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDelete {
    #[default]
    KeepLastGood,
    /// Handshakes for its names are refused from then on. A Secret that turns bad still keeps its
    /// last good certificate.
    Withdraw,
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

/// One wish for TLS: an entry of `spec.tls`, the rule hosts of an Ingress without any, a
/// certificate that an annotation names, or one of a Gateway's server.
#[derive(Clone, Debug)]
pub struct TlsMember {
    pub object: ObjectRef,
    pub origin: Option<Origin>,
    /// `spec.tls[0]`.
    pub field: String,
    /// Where below `field` a Secret is named.
    pub certificate_field: Cow<'static, str>,
    pub hosts: Vec<Name>,
    /// A Secret, or an id of the store.
    pub certificate: Option<CertificateId>,
    /// The Issuer that the object asks for.
    pub issuer: Option<Arc<str>>,
    /// What is obtained is one certificate for all of `hosts`, not one for each.
    pub as_one: bool,
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
