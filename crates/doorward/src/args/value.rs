//! Argument values that clap has no type for.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use serde::Deserialize;

/// `443=8443`: listener port 443 is bound on local port 8443.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortPair {
    pub listener: u16,
    /// 0 lets the system choose.
    pub local: u16,
}

impl FromStr for PortPair {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("write LISTENER=LOCAL, for example 443=8443, not {text:?}");
        let (listener, local) = text.split_once('=').ok_or_else(wrong)?;
        let port = |part: &str| part.trim().parse::<u16>().map_err(|_| wrong());
        match (port(listener)?, port(local)?) {
            (0, _) => Err("a listener's port is 1-65535; 0 may only stand right of '='".into()),
            (listener, local) => Ok(Self { listener, local }),
        }
    }
}

/// Where SDS is served: `127.0.0.1:15012` or `unix:/run/doorward/sds.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SdsAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl FromStr for SdsAddress {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some("") => Err("write the socket's path after unix:".into()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                format!("write IP:PORT or unix:PATH, for example 127.0.0.1:15012, not {text:?}")
            }),
        }
    }
}

impl TryFrom<String> for SdsAddress {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
