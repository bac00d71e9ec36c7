//! What a Secret without a certificate holds: keys of accounts and zones, which Issuers name.

use model::Credentials;
use translate::world::Key;

use super::data::{Data, Place};
use crate::read::Context;

/// A Secret with one of these is about certificates.
const OF_CERTIFICATES: [Place; 4] = [Place::CERT, Place::TLS_CRT, Place::CACERT, Place::CA_CRT];

/// `None` for Secrets of other namespaces: Issuers name those of the store namespace alone, and
/// what nobody can name is not kept.
pub fn credentials(data: &Data<'_>, key: &Key, context: &Context) -> Option<Credentials> {
    let is_named = key.namespace == context.store_namespace;
    if !is_named || OF_CERTIFICATES.iter().any(|place| data.has(place.name())) {
        return None;
    }
    let held = data.names().into_iter().filter_map(|name| Some((name.into(), data.value(name)?)));
    Some(Credentials(held.collect()))
}
