//! What a run writes down: before each act and after each gate, on the operator's machine and on
//! every host.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::HostName;

/// One line of the journal, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub run: String,
    /// The step's number in the plan.
    pub step: u32,
    pub event: Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    /// The step in words.
    pub what: String,
    /// Files that the step moves from one content to another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Moved>,
    pub at: Timestamp,
}

/// A file on its way: SHA-256 of both contents, none where there is no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    pub path: PathBuf,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    Begin,
    Done,
    Failed,
    /// The same step, walked backwards.
    UndoBegin,
    UndoDone,
}

/// Who may change the hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockOwner {
    pub run: String,
    /// The run's folder on the operator's machine: runs of different folders may have one number.
    pub folder: PathBuf,
    /// `root@ops1 pid 4242`.
    pub who: String,
    pub since: Timestamp,
}
