//! What every file holds, one line for each certificate: what people would ask openssl for, file
//! by file, on every machine.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::{Served, Status};
use crate::{Facts, HostName, plan::scope::certificates};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    pub host: HostName,
    pub path: PathBuf,
    pub name: String,
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Of what a program presents at a port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served: Option<Served>,
}

/// Ordered by host and path; certificates in the order of their file.
pub fn files(facts: &Facts, status: &Status) -> Vec<File> {
    let mut all = Vec::new();
    for (name, host) in &facts.hosts {
        for path in host.files.keys() {
            let row = status
                .certificates
                .iter()
                .find(|row| row.host == *name && row.file.as_ref() == Some(path));
            for (index, found) in certificates(host, path).into_iter().enumerate() {
                let served = row.map(|row| row.served.clone()).filter(|_| index == 0);
                all.push(File {
                    host: name.clone(),
                    path: path.clone(),
                    name: found.name().to_owned(),
                    serial: found.serial,
                    not_before: found.not_before,
                    not_after: found.not_after,
                    served: served.filter(|served| *served != Served::NotAsked),
                });
            }
        }
    }
    all
}
