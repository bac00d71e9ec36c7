//! Lists, whole or in pages.
//!
//! The pages of one list carry the revision of its first, so that a watch from there tells what
//! changed in between. Unlike the real server's they show objects as they are now.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    failure::Failure, objects::Objects, request::Asked, resource::Key, selector::Selector,
    view::View,
};

pub(super) fn answer(
    objects: &Objects,
    asked: &Asked,
    view: View,
    now: Timestamp,
) -> Result<Value, Failure> {
    let query = &asked.query;
    let selector =
        Selector::parse(&asked.resource, query.text("labelSelector"), query.text("fieldSelector"))?;
    let current = objects.store.revision();
    let wanted = query.number("resourceVersion")?.unwrap_or(0);
    if wanted > current {
        let message = format!("Too large resource version: {wanted}, current: {current}");
        return Err(Failure::new(StatusCode::GATEWAY_TIMEOUT, message));
    }
    let page = match query.text("continue") {
        "" => Page { revision: current, after: None },
        token => Page::parse(objects, asked, token)?,
    };
    let limit = match query.number("limit")?.unwrap_or(0) {
        0 => usize::MAX,
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let mut rest = objects
        .store
        .list(&asked.resource, &asked.namespace)
        .filter(|(key, _)| page.after.as_ref().is_none_or(|after| *key > after))
        .filter(|(_, object)| selector.takes(object));
    let mut shown = Vec::new();
    let mut last = None;
    for (key, object) in rest.by_ref().take(limit) {
        shown.push(object.clone());
        last = Some(key);
    }
    let remaining = rest.count();
    let mut meta = json!({"resourceVersion": page.revision.to_string()});
    if let (Some(last), 1..) = (last, remaining) {
        meta["continue"] = page.token(last).into();
        if selector == Selector::default() {
            meta["remainingItemCount"] = remaining.into();
        }
    }
    let shown: Vec<&Value> = shown.iter().map(|object| &**object).collect();
    Ok(view.list(&asked.resource, &shown, meta, now))
}

/// Where a list goes on.
struct Page {
    revision: u64,
    after: Option<Key>,
}

impl Page {
    fn token(&self, last: &Key) -> String {
        let place = json!([self.revision, last.namespace, last.name]);
        BASE64_URL_SAFE_NO_PAD.encode(place.to_string())
    }

    fn parse(objects: &Objects, asked: &Asked, token: &str) -> Result<Self, Failure> {
        let place = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
        let place: Option<(u64, String, String)> =
            place.and_then(|place| serde_json::from_slice(&place).ok());
        let Some((revision, namespace, name)) = place else {
            return Err(Failure::bad_request("continue key is not valid"));
        };
        if !objects.store.knows(revision) {
            return Err(Failure::expired(
                "The provided continue parameter is too old to display a consistent list result. \
                 You must start a new list without the continue parameter.",
            ));
        }
        Ok(Self { revision, after: Some(asked.resource.key(&namespace, &name)) })
    }
}
