//! Steps: each is one line of the journal, can be taken again, and has a way back.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{HostName, Product, Program};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// From 1.
    pub number: u32,
    pub phase: Phase,
    pub act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    Prepare,
    /// Everybody trusts the new CA beside the old one.
    Trust,
    /// Everybody presents leaves of the new CA.
    Leaves,
    /// Nobody trusts the old CA any more.
    Flip,
    /// All at once, where nothing valid is left.
    Sweep,
    /// Programs beside etcd and the API server.
    Rest,
    Finish,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "camelCase")]
pub enum Act {
    Lock {
        host: HostName,
    },
    /// etcd's database, to the operator's machine.
    Snapshot {
        host: HostName,
    },
    /// Makes all keys and certificates on the operator's machine and checks each.
    Issue,
    /// Brings what this host will need beside where it belongs, and compares.
    Stage {
        host: HostName,
    },
    Backup {
        host: HostName,
    },
    Change(Change),
    Rotate(Rotation),
    /// All of a program's processes stop, then its files change on every host, then all start.
    Sweep {
        program: Program,
        changes: Vec<Change>,
    },
    /// Everything is as it should be now: looked at, not remembered.
    Verify,
    /// Takes away what was staged.
    Clear {
        host: HostName,
    },
    Unlock {
        host: HostName,
    },
}

/// The product that owns a host's certificates renews them itself, while its server is stopped.
/// With its gate it is done and resumed like a change; there is no way back, and no need of one,
/// since the authorities stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    pub host: HostName,
    pub product: Product,
    /// A member of etcd stops with it.
    pub has_member: bool,
}

/// Files of one host that change together, and the program that must be started anew to read
/// them. With its gate this is the unit that is done, resumed and undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub host: HostName,
    pub program: Program,
    /// In the order in which they are written: keys before certificates.
    pub places: Vec<Place>,
    pub restart: bool,
}

/// One file and what it is to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    pub path: PathBuf,
    /// Several where one file holds several things (kubeconfigs, a pair in one file).
    pub settings: Vec<Setting>,
}

/// What replaces which part of a file. Everything else in it stays as it is, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "set", rename_all = "camelCase")]
pub enum Setting {
    /// The authority's certificates, at the stage given.
    Trust {
        authority: String,
        stage: Stage,
    },
    /// The leaf, with the cross certificate behind it where `crossed`.
    Certificate {
        leaf: String,
        crossed: bool,
    },
    Key {
        leaf: String,
    },
    AuthorityKey {
        authority: String,
    },
    /// A program's flag in its static pod's manifest: another file, where the present one has
    /// readers that must not follow.
    Flag {
        name: String,
        value: String,
    },
}

/// Whom a trust file names of an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    Old,
    Both,
    New,
}
