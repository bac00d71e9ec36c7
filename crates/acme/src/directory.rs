//! Of the CA's directory (RFC 8555 section 7.1.1) what the library keeps to itself.

use http::Method;
use instant_acme::Error;
use serde::Deserialize;

use crate::wire::Wire;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Directory {
    pub(crate) new_nonce: String,
    pub(crate) new_account: String,
    #[serde(default)]
    pub(crate) meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Meta {
    /// The names by which CAA records let this CA in; a CA that heeds none names none.
    pub(crate) caa_identities: Vec<String>,
}

pub(crate) async fn read(wire: &Wire, server: &str) -> Result<Directory, Error> {
    let (_, body) = wire.send(Method::GET, server, Vec::new()).await?;
    Ok(serde_json::from_slice(&body)?)
}
