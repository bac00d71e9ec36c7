//! What a line may be.

use jiff::Timestamp;
use k8s_openapi::api::{
    core::v1::{Endpoints, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use translate::world::{Gateway, IngressClassParams, Issuer, VirtualService};

use super::{
    saved::{SavedConsole, SavedObject},
    secret::SavedSecret,
};

/// Of the format. Another one is needed when a line changes its meaning or a new kind of line
/// must not be passed over; the file of a former version is put aside.
pub const VERSION: u32 = 1;

/// Written as `{"KIND": …}`, which is read without a look ahead, so that no text of a key is
/// copied on the way.
#[derive(Deserialize)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Line<'a> {
    Head(Head),
    Console(SavedConsole),
    AlbConfig(SavedObject<Value>),
    EndpointSlice(SavedObject<EndpointSlice>),
    Endpoints(SavedObject<Endpoints>),
    Gateway(SavedObject<Gateway>),
    Ingress(SavedObject<Ingress>),
    IngressClass(SavedObject<IngressClass>),
    IngressClassParams(SavedObject<IngressClassParams>),
    Issuer(SavedObject<Issuer>),
    #[serde(borrow)]
    Secret(SavedSecret<'a>),
    Service(SavedObject<Service>),
    VirtualService(SavedObject<VirtualService>),
    /// A [`super::saved::SavedFault`], once it proves to be one.
    Fault(Value),
    End(End),
}

#[derive(Deserialize, Serialize)]
pub struct Head {
    pub version: u32,
    pub saved: Timestamp,
    #[serde(default)]
    pub generation: u64,
}

#[derive(Deserialize, Serialize)]
pub struct End {
    /// Of all lines before, in lower-case hex.
    pub sha256: String,
}
