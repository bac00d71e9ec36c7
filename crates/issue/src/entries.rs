//! Small secret texts that issuers keep, each in an entry of a Secret of the store namespace.

use zeroize::Zeroizing;

use crate::{Future, StoreError};

/// Reads and writes single entries; the others of the Secret stay as they are. A Secret is made
/// with its first entry.
pub trait Entries: Send + Sync {
    /// `None`: there is no such Secret, or no such entry in it.
    fn load<'a>(
        &'a self,
        secret: &'a str,
        key: &'a str,
    ) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>>;

    /// Returns once it is kept.
    fn save<'a>(
        &'a self,
        secret: &'a str,
        key: &'a str,
        text: &'a str,
    ) -> Future<'a, Result<(), StoreError>>;

    /// An entry that is not there is no error.
    fn remove<'a>(&'a self, secret: &'a str, key: &'a str) -> Future<'a, Result<(), StoreError>>;
}

/// Where nothing is, and nothing can be put: for whoever only asks issuers what they can say
/// without keeping anything.
pub struct NoEntries;

impl Entries for NoEntries {
    fn load<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError("nothing is kept here".into())) })
    }

    fn remove<'a>(&'a self, _: &'a str, _: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { Err(StoreError("nothing is kept here".into())) })
    }
}
