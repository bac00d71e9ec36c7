//! What the binary tells the server: ready to use, already checked for sense.

use std::{collections::BTreeSet, fmt, net::SocketAddr, path::PathBuf};

use crate::{limits::Limits, reach::Grants, who::Admission};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub address: Address,
    pub admission: Admission,
    pub grants: Grants,
    pub limits: Limits,
}

impl Settings {
    /// Namespaces that are named here; their Secrets must be in the World.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let granted = self.grants.0.iter();
        let mut all: BTreeSet<&str> = granted
            .flat_map(|(namespace, further)| further.iter().chain([namespace]))
            .map(|name| &**name)
            .collect();
        match &self.admission {
            Admission::Local { namespace } => {
                all.insert(namespace);
            }
            Admission::MutualTls(tls) => {
                let secrets = [&tls.certificate, &tls.client_ca].into_iter();
                all.extend(secrets.filter_map(|id| Some(id.as_secret()?.0)));
                all.extend(tls.clients.named.values().map(|name| &**name));
            }
        }
        all
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    Unix { path: PathBuf, mode: SocketMode },
}

/// Who may connect to a Unix socket; others never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketMode {
    /// 0600
    #[default]
    Owner,
    /// 0660
    OwnerAndGroup,
}

impl SocketMode {
    pub fn bits(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::OwnerAndGroup => 0o660,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}
