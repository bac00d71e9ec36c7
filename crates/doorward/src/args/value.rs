//! Argument values that clap has no type for.

use std::str::FromStr;

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
