//! How a changed file is told from an unchanged one without reading it.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// File systems count time in ticks, of 10 ms at most on Linux, and rounder on some.
const TICK: Duration = Duration::from_millis(50);

/// Equal stamps mean that nobody wrote the file in between. The time of the last change of the
/// inode is in it because times of content are kept by `cp -p` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: FileId,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// One file or folder, whatever path leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            file: FileId::of(metadata),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file has been left alone for long enough that a later change must give it
    /// another stamp.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanos) = self.changed;
        let changed = Duration::new(seconds.max(0) as u64, nanos.clamp(0, 999_999_999) as u32);
        now.duration_since(UNIX_EPOCH).is_ok_and(|now| changed + TICK < now)
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}

impl FileId {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}
