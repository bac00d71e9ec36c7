//! How long things of a run may take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A healthy cluster needs a small part of each. They are kept with the run, so that it is resumed
/// and walked back by those that it was begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// An orderly stop of any program.
    pub stop: Duration,
    /// From the start until a member follows its leader again; replaying a long log takes a while.
    pub recover: Duration,
    /// Until the others are healthy, before a member is stopped.
    pub settle: Duration,
    /// Until a program that reads its files by itself presents what is on disk.
    pub reread: Duration,
    /// Until a leader that was asked to has handed over.
    pub hand_over: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stop: Duration::from_secs(30),
            recover: Duration::from_secs(120),
            settle: Duration::from_secs(30),
            reread: Duration::from_secs(75),
            hand_over: Duration::from_secs(15),
        }
    }
}
