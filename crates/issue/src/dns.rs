//! Records that prove a name is ours, in whichever DNS the zone lives.

use std::fmt;

use crate::{Future, IssueError};

/// Writes records into zones. Implementations look before they create, so that a call that was cut
/// off can be made again.
pub trait Dns: Send + Sync {
    /// Refuses a name that no zone of ours holds, before anything is ordered for it.
    fn check<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), IssueError>> {
        let _ = name;
        Box::pin(async { Ok(()) })
    }

    /// Adds the record beside others of its name and type.
    fn add<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>>;

    /// Takes exactly this record away; one that is not there is no error.
    fn remove<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>>;

    /// Whether all authoritative servers of the zone answer with it.
    fn is_served<'a>(&'a self, record: &'a Record) -> Future<'a, Result<bool, IssueError>>;
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// In lower case, without the final dot.
    pub name: String,
    pub kind: RecordKind,
    pub value: String,
    /// Seconds.
    pub ttl: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// The value without quotes.
    Txt,
    Cname,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Txt => "TXT",
            Self::Cname => "CNAME",
        })
    }
}
