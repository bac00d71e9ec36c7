//! Says why statuses carry no address. No object is at fault for it, so no verdict does.

use std::{sync::Arc, time::Duration};

use cluster::lease::Leadership;
use model::ObjectRef;
use report::{Live, Publish};
use tokio::{sync::watch, time::timeout};
use tracing::{info, warn};

/// Clouds give a Service its address within this time, as a rule.
const PATIENCE: Duration = Duration::from_secs(60);

/// Follows what is live, and tells of an address that is missing for long: the leader does, whose
/// statuses lack it. `gateway` is the Service in front of the gateway.
pub async fn tell_of_its_lack(
    publish: Publish,
    gateway: ObjectRef,
    mut live: watch::Receiver<Arc<Live>>,
    leadership: Leadership,
) {
    let is_lacking = |live: &Arc<Live>| lack(&publish, &gateway, live).is_some();
    // The sender lives as long as the process.
    while live.wait_for(&is_lacking).await.is_ok() {
        if timeout(PATIENCE, live.wait_for(|live| !is_lacking(live))).await.is_ok() {
            continue;
        }
        let why = lack(&publish, &gateway, &live.borrow());
        if let (Some(why), Some(_)) = (why, leadership.current()) {
            warn!("{why}");
            if live.wait_for(|live| !is_lacking(live)).await.is_ok() {
                info!(service = %gateway, "statuses get the address of the Service");
            }
        }
    }
}

fn lack(publish: &Publish, gateway: &ObjectRef, live: &Live) -> Option<String> {
    let entries = live.gateway.as_deref().and_then(|status| status["ingress"].as_array());
    if !publish.addresses.is_empty() || entries.is_some_and(|entries| !entries.is_empty()) {
        return None;
    }
    let what = match live.objects.contains_key(gateway) {
        true => "has no address",
        false => "does not exist",
    };
    Some(format!(
        "{gateway} {what}, so the statuses of Ingresses and AlbConfigs have none: set publishAddress, or name the Service in front of the gateway by gatewayService"
    ))
}

#[cfg(test)]
mod tests;
