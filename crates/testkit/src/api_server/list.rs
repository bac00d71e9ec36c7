//! Lists, whole or in pages.
//!
//! The pages of one list carry the revision of its first, so that a watch from there tells what
//! changed in between. Unlike the real server's they show objects as they are now.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    failure::Failure, objects::Objects, request::Asked, resource::Key, selector::Selector,
};

/// What a list has: its objects, and the metadata of its own.
pub(super) struct Listed {
    pub(super) objects: Vec<Arc<Value>>,
    pub(super) meta: Value,
}

pub(super) fn find(objects: &Objects, asked: &Asked) -> Result<Listed, Failure> {
    let query = &asked.query;
    let selector =
        Selector::parse(&asked.resource, query.text("labelSelector"), query.text("fieldSelector"))?;
    let current = objects.store.revision();
    let wanted = query.number("resourceVersion")?.unwrap_or(0);
    if wanted > current {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        let why = "Too large resource version";
        let causes = json!([{"reason": "ResourceVersionTooLarge", "message": why}]);
        return Err(Failure::new(StatusCode::GATEWAY_TIMEOUT, message).caused_by(causes));
    }
    let page = match query.text("continue") {
        "" => Page { revision: current, after: None },
        token => Page::parse(objects, asked, token)?,
    };
    let limit = match query.number("limit")?.unwrap_or(0) {
        0 => usize::MAX,
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let revision = page.revision;
    let mut rest = objects.store.list_after(&asked.resource, &asked.namespace, page.after);
    let mut shown = Vec::new();
    let mut last = None;
    for (key, object) in rest.by_ref().filter(|(_, object)| selector.takes(object)).take(limit) {
        shown.push(object.clone());
        last = Some(key);
    }
    let mut meta = json!({"resourceVersion": revision.to_string()});
    if let Some(last) = last {
        // Of a selection the real server does not say how much is left either.
        let remaining = match selector.takes_all() {
            true => rest.count(),
            false => usize::from(rest.any(|(_, object)| selector.takes(object))),
        };
        if remaining > 0 {
            meta["continue"] = token(revision, last).into();
        }
        if remaining > 0 && selector.takes_all() {
            meta["remainingItemCount"] = remaining.into();
        }
    }
    Ok(Listed { objects: shown, meta })
}

/// Where a list goes on.
struct Page {
    revision: u64,
    after: Option<Key>,
}

impl Page {
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

fn token(revision: u64, last: &Key) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!([revision, last.namespace, last.name]).to_string())
}
