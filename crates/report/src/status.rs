//! Which statuses are to be written, so that the API server says what is true.
//!
//! Only differences from what is live, and only the fields that are Doorward's: an apply of them
//! leaves what others wrote into a status alone.

mod alb_config;
mod standing;

use std::sync::Arc;

use model::ObjectRef;
use serde_json::{Value, json};

use crate::{
    LiveObject, Publish, Situation,
    publish::{Address, addresses_of, status_of},
};
use standing::{Standing, Standings};

/// One status, to be written by a server-side apply.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusChange {
    pub object: ObjectRef,
    pub uid: Arc<str>,
    /// All of `status` that is Doorward's; without any field, what it owned is taken away.
    pub status: Value,
}

/// Compares what should be said of each live object with what is.
///
/// As long as no address is known, the addresses that were told stay: one that is unknown for a
/// moment is not one that is gone, and whoever reads it takes DNS records away.
pub fn statuses(situation: &Situation<'_>, publish: &Publish) -> Vec<StatusChange> {
    let standings = Standings::of(situation);
    let addresses = publish.addresses(situation.live);
    let due = situation.live.objects.iter().filter_map(|(object, live)| {
        let status = match standings.of_object(object) {
            Standing::Describes(balancer) => {
                alb_config::status(balancer, situation, &addresses, live)?
            }
            Standing::Served => told_address(live, &addresses)?,
            Standing::Nowhere => live.is_ours.then(|| json!({}))?,
            Standing::LeftAlone => return None,
        };
        Some(StatusChange { object: object.clone(), uid: live.uid.clone(), status })
    });
    due.collect()
}

/// `None`: it stands there already, or there is nothing to tell.
fn told_address(live: &LiveObject, addresses: &[Address]) -> Option<Value> {
    if addresses.is_empty() {
        return None;
    }
    let told = live.status.get("loadBalancer").map(addresses_of).unwrap_or_default();
    (told != addresses).then(|| status_of(addresses))
}

#[cfg(test)]
mod tests;
