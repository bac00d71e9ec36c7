//! From objects to claims: every dialect looks at the World and says which load balancers its
//! objects ask for. Nothing here chooses a certificate, an address or a winner among claims.

use std::{collections::BTreeMap, sync::Arc};

use model::{Dialect, ListenerKey, ObjectRef, Origin, Verdict};

use crate::{
    Memory, Settings, World,
    claim::{AlbListenerSpec, LoadBalancerClaim},
};

/// What all dialects together ask for.
#[derive(Debug, Default)]
pub struct Claims {
    /// Sorted by name.
    pub load_balancers: Vec<LoadBalancerClaim>,
    pub verdicts: Vec<Verdict>,
    /// Every object that some dialect took as its own; those without any verdict are accepted.
    pub objects: Vec<(ObjectRef, Option<Origin>, Dialect)>,
    /// The last good settings of AlbConfig listeners, to be remembered.
    pub listeners: BTreeMap<ListenerKey, Arc<AlbListenerSpec>>,
}

/// What one run leaves to spare the next one work. It never changes a result: a run with an
/// empty memo comes to the same claims.
#[derive(Debug, Default)]
pub struct Memo {}

/// Reads every object that a dialect knows.
pub fn claims(
    _world: &World,
    _settings: &Settings,
    _memory: &Memory,
    _memo: &mut Memo,
) -> Claims {
    Claims::default()
}
