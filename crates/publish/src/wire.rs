//! The messages of Envoy's secret discovery, as far as Doorward speaks them: names and field
//! numbers of `envoy/service/discovery/v3/discovery.proto` and
//! `envoy/extensions/transport_sockets/tls/v3/secret.proto`. Fields that are left out are skipped
//! when read, which is how protobuf lets the two sides grow apart.
//!
//! No message here prints itself: one of them carries private keys.

use prost::Message;
use zeroize::Zeroize;

/// The one type of resource that Doorward hands out.
pub const SECRET: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/// `envoy.config.core.v3.Node`. The metadata is left out: what a node says of itself decides
/// nothing here.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub cluster: String,
}

/// `google.rpc.Status`
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct DiscoveryRequest {
    #[prost(string, tag = "1")]
    pub version_info: String,
    #[prost(message, optional, tag = "2")]
    pub node: Option<Node>,
    #[prost(string, repeated, tag = "3")]
    pub resource_names: Vec<String>,
    #[prost(string, tag = "4")]
    pub type_url: String,
    #[prost(string, tag = "5")]
    pub response_nonce: String,
    #[prost(message, optional, tag = "6")]
    pub error_detail: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct DiscoveryResponse {
    #[prost(string, tag = "1")]
    pub version_info: String,
    #[prost(message, repeated, tag = "2")]
    pub resources: Vec<Any>,
    #[prost(string, tag = "4")]
    pub type_url: String,
    #[prost(string, tag = "5")]
    pub nonce: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct DeltaDiscoveryRequest {
    #[prost(message, optional, tag = "1")]
    pub node: Option<Node>,
    #[prost(string, tag = "2")]
    pub type_url: String,
    #[prost(string, repeated, tag = "3")]
    pub resource_names_subscribe: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    pub resource_names_unsubscribe: Vec<String>,
    #[prost(string, tag = "6")]
    pub response_nonce: String,
    #[prost(message, optional, tag = "7")]
    pub error_detail: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct DeltaDiscoveryResponse {
    #[prost(message, repeated, tag = "2")]
    pub resources: Vec<Resource>,
    #[prost(string, tag = "4")]
    pub type_url: String,
    #[prost(string, tag = "5")]
    pub nonce: String,
    #[prost(string, repeated, tag = "6")]
    pub removed_resources: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Resource {
    #[prost(string, tag = "1")]
    pub version: String,
    #[prost(message, optional, tag = "2")]
    pub resource: Option<Any>,
    #[prost(string, tag = "3")]
    pub name: String,
}

/// `google.protobuf.Any`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Secret {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub tls_certificate: Option<TlsCertificate>,
    #[prost(message, optional, tag = "4")]
    pub validation_context: Option<CertificateValidationContext>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct TlsCertificate {
    #[prost(message, optional, tag = "1")]
    pub certificate_chain: Option<DataSource>,
    #[prost(message, optional, tag = "2")]
    pub private_key: Option<DataSource>,
    #[prost(message, optional, tag = "4")]
    pub ocsp_staple: Option<DataSource>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct CertificateValidationContext {
    #[prost(message, optional, tag = "1")]
    pub trusted_ca: Option<DataSource>,
    #[prost(message, optional, tag = "7")]
    pub crl: Option<DataSource>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct DataSource {
    #[prost(bytes = "vec", tag = "2")]
    pub inline_bytes: Vec<u8>,
}

impl DataSource {
    pub fn of(bytes: impl AsRef<[u8]>) -> Option<Self> {
        Some(Self { inline_bytes: bytes.as_ref().to_vec() })
    }
}

/// May hold a private key.
impl Drop for DataSource {
    fn drop(&mut self) {
        self.inline_bytes.zeroize();
    }
}

/// May hold a Secret with a private key.
impl Drop for Any {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}
