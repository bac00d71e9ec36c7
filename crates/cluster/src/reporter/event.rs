//! Events as the API server keeps them.
//!
//! In the core form with `source.component`, as the vendors' recorders write them: `kubectl
//! describe` and `kubectl get events` show that best. kube's own recorder is not used: it takes two
//! events on one object with the same reason for the same one whatever they say, and keeps the
//! first text; and it knows nothing of what a leader before it wrote.

use std::time::Duration;

use k8s_openapi::{
    api::core::v1::{Event, EventSource, ObjectReference},
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::Timestamp,
};
use kube::{
    Api, Client,
    api::{ListParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use model::ObjectRef;
use report::{Heard, NewEvent};
use serde_json::{Value, json};

use super::{answer::Refused, kind::Kind};
use crate::{call, lease::Term};

/// Where Events about objects without a namespace live, and `kubectl describe` looks.
const DEFAULT_NAMESPACE: &str = "default";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const DOORWARD: &str = "doorward";
const PAGE: u32 = 500;

/// Every Event of ours that there is.
pub async fn heard(client: &Client) -> Result<Vec<Heard>, Refused> {
    let events: Api<Event> = Api::all(client.clone());
    let ours = ListParams::default().labels(&format!("{MANAGED_BY}={DOORWARD}")).limit(PAGE);
    let mut params = ours.clone();
    let mut heard = Vec::new();
    let now = now();
    loop {
        let page = call::bounded(call::LIMIT, events.list(&params)).await?;
        heard.extend(page.items.into_iter().filter_map(|event| {
            Some(Heard {
                age: age_of(&event, now.0),
                uid: event.involved_object.uid?.into(),
                name: event.metadata.name?,
                count: event.count.and_then(|count| count.try_into().ok()).unwrap_or(1),
            })
        }));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = ours.clone().continue_token(&token),
            None => return Ok(heard),
        }
    }
}

/// How long ago it was written. Clocks of replicas differ a little; one that is far ahead only
/// delays the next word by as much as an Event lasts.
fn age_of(event: &Event, now: Timestamp) -> Duration {
    let written = event.last_timestamp.as_ref().or(event.metadata.creation_timestamp.as_ref());
    written.and_then(|time| now.duration_since(time.0).try_into().ok()).unwrap_or_default()
}

/// Writes an Event, or counts up the one that there is. `instance`: the replica that says it.
pub async fn write(
    client: &Client,
    term: &Term,
    event: &NewEvent,
    instance: &str,
) -> Result<(), Refused> {
    let Some(api_version) = api_version_of(&event.object) else { return Ok(()) };
    let namespace = event.object.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    if event.count > 1 {
        let (params, again) = (PatchParams::default(), Patch::Merge(again(event)));
        let patch = events.patch(&event.name, &params, &again);
        match term.write(call::bounded(call::LIMIT, patch)).await.map_err(Refused::from) {
            // Events last an hour by default.
            Err(Refused::Gone) => {}
            answer => return answer.map(drop),
        }
    }
    let new = first(event, api_version, namespace, instance);
    let params = PostParams::default();
    let create = call::bounded(call::LIMIT, events.create(&params, &new));
    match term.write(create).await.map_err(Refused::from) {
        // The leader before this one said the same.
        Err(Refused::AlreadyExists) => Ok(()),
        answer => answer.map(drop),
    }
}

/// Nodes are told of, and never read or written.
fn api_version_of(object: &ObjectRef) -> Option<&'static str> {
    match &*object.kind {
        "Node" => Some("v1"),
        _ => Kind::of(object).map(Kind::api_version),
    }
}

fn first(event: &NewEvent, api_version: &str, namespace: &str, instance: &str) -> Event {
    let object = &event.object;
    Event {
        metadata: ObjectMeta {
            name: Some(event.name.clone()),
            namespace: Some(namespace.to_owned()),
            labels: Some([(MANAGED_BY.to_owned(), DOORWARD.to_owned())].into()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(api_version.to_owned()),
            kind: Some(object.kind.to_string()),
            namespace: object.namespace.as_deref().map(str::to_owned),
            name: Some(object.name.to_string()),
            uid: Some(event.uid.to_string()),
            ..ObjectReference::default()
        },
        type_: Some(event.event_type.as_str().to_owned()),
        reason: Some(event.reason.clone()),
        message: Some(event.message.clone()),
        count: Some(count_of(event)),
        first_timestamp: Some(now()),
        last_timestamp: Some(now()),
        source: Some(EventSource { component: Some(event.component.to_owned()), host: None }),
        reporting_component: Some(event.component.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        ..Event::default()
    }
}

fn again(event: &NewEvent) -> Value {
    json!({ "count": count_of(event), "lastTimestamp": now(), "message": event.message })
}

fn count_of(event: &NewEvent) -> i32 {
    i32::try_from(event.count).unwrap_or(i32::MAX)
}

/// For people's eyes, and for the leader after this one.
fn now() -> Time {
    Time(Timestamp::now())
}
