//! Distributions that make the certificates of their programs themselves: k3s and RKE2. What lies
//! on their disks is written anew from their datastore, so it is looked at and never written:
//! renewing is left to their own command, which wants their server stopped.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Program, RunBy};

/// The product of one host, and how it is told to renew its leaves.
///
/// Its `certificate rotate` copies its folder of certificates to `tls-SECONDS` beside it and takes
/// every leaf away with its key; authorities and the key of service accounts stay. The next start
/// makes what is missing (k3s, `pkg/cli/cert/cert.go` and `pkg/util/services/services.go`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its server, which stops for it.
    pub server: Program,
    pub run_by: RunBy,
    /// A line for the host's shell.
    pub command: String,
    /// `/var/lib/rancher/k3s` and its like.
    pub data_dir: PathBuf,
}

impl Product {
    /// Where its own command leaves what it takes away.
    pub fn kept_in(&self) -> PathBuf {
        self.data_dir.join("server/tls-SECONDS")
    }

    /// What stops its server, and what starts it, as one would type it.
    pub fn commands(&self) -> [String; 2] {
        match &self.run_by {
            RunBy::Systemd { unit } => {
                let unit = unit.strip_suffix(".service").unwrap_or(unit);
                ["stop", "start"].map(|verb| format!("systemctl {verb} {unit}"))
            }
            RunBy::Commands { stop, start, .. } => [stop.clone(), start.clone()],
            _ => ["stop", "start"].map(|verb| format!("{verb} {}", self.server)),
        }
    }
}
