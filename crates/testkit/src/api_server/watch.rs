//! A watch: the changes after a revision, as lines of JSON, until somebody ends it.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use http::StatusCode;
use hyper::body::Frame;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

use super::{
    Shared, failure::Failure, objects::Objects, request::Asked, selector::Selector, store::Change,
    view::View,
};

/// How long a watch lasts that asks for no time. The real server takes half an hour or more.
const LIFE: Duration = Duration::from_secs(1800);

pub(super) struct Watch {
    shared: Arc<Shared>,
    asked: Asked,
    selector: Selector,
    view: View,
    /// The revision up to which the client knows everything.
    seen: u64,
    lines: VecDeque<Bytes>,
    changed: watch::Receiver<u64>,
    cut: watch::Receiver<u64>,
    bookmark: watch::Receiver<u64>,
    wants_bookmarks: bool,
    ends: Instant,
    is_over: bool,
}

impl Watch {
    pub(super) fn start(shared: &Arc<Shared>, asked: Asked, view: View) -> Result<Self, Failure> {
        let query = &asked.query;
        let selector = Selector::parse(
            &asked.resource,
            query.text("labelSelector"),
            query.text("fieldSelector"),
        )?;
        let wants_bookmarks = query.flag("allowWatchBookmarks");
        let wants_initial = query.flag("sendInitialEvents");
        if wants_initial && query.text("resourceVersionMatch") != "NotOlderThan" {
            return Err(Failure::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: \
                 sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
        let from = query.number("resourceVersion")?.unwrap_or(0);
        let life = query.number("timeoutSeconds")?.map_or(LIFE, Duration::from_secs);
        let mut watch = Self {
            shared: shared.clone(),
            selector,
            view,
            seen: from,
            lines: VecDeque::new(),
            changed: shared.changed.subscribe(),
            cut: shared.cut_watches.subscribe(),
            bookmark: shared.bookmark.subscribe(),
            wants_bookmarks,
            ends: Instant::now() + life,
            is_over: false,
            asked,
        };
        let state = shared.state();
        if from == 0 || wants_initial {
            watch.tell_all(&state.objects);
        } else if !state.objects.store.knows(from) {
            let expired = watch.expired(&state.objects);
            if state.faults.refuses_expired_watches {
                return Err(expired);
            }
            watch.tell("ERROR", expired.status());
            watch.is_over = true;
        }
        if wants_initial {
            let bookmark = watch.view.bookmark(&watch.asked.resource, watch.seen, true);
            watch.tell("BOOKMARK", bookmark);
        }
        drop(state);
        Ok(watch)
    }

    /// The lines, as the frames of a body.
    pub(super) fn frames(self) -> impl Stream<Item = io::Result<Frame<Bytes>>> + Send {
        stream::unfold(self, |mut watch| async move {
            let line = watch.next().await?;
            Some((line.map(Frame::data), watch))
        })
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(Ok(line));
            }
            if self.is_over {
                return None;
            }
            self.changed.mark_unchanged();
            self.collect();
            if !self.lines.is_empty() || self.is_over {
                continue;
            }
            tokio::select! {
                Ok(()) = self.changed.changed() => {}
                Ok(()) = self.bookmark.changed() => self.tell_bookmark(),
                _ = self.cut.changed() => {
                    return Some(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
                }
                () = tokio::time::sleep_until(self.ends) => {
                    self.tell_bookmark();
                    self.is_over = true;
                }
            }
        }
    }

    /// What happened since the last look.
    fn collect(&mut self) {
        let shared = self.shared.clone();
        let state = shared.state();
        let store = &state.objects.store;
        for change in store.since(self.seen) {
            self.tell_change(change);
        }
        self.seen = self.seen.max(store.revision());
        let resource = &self.asked.resource;
        let kind = state.objects.kind(&resource.group, &resource.version, &resource.plural);
        // With its CRD a kind's watches end.
        self.is_over |= kind.is_none();
    }

    fn tell_all(&mut self, objects: &Objects) {
        let store = &objects.store;
        let there: Vec<_> = store
            .list(&self.asked.resource, &self.asked.namespace)
            .map(|(_, object)| object.clone())
            .filter(|object| self.selector.takes(object))
            .collect();
        for object in there {
            let shown = self.view.object(&self.asked.resource, &object, Timestamp::now());
            self.tell("ADDED", shown);
        }
        self.seen = store.revision();
    }

    /// To who selects, an object that no longer fits is as good as deleted.
    fn tell_change(&mut self, change: &Change) {
        let here = self.asked.resource.key(&self.asked.namespace, "");
        let is_ours = (&change.key.group, &change.key.plural) == (&here.group, &here.plural)
            && (here.namespace.is_empty() || here.namespace == change.key.namespace);
        if !is_ours {
            return;
        }
        let fitting = |object: &Option<Arc<Value>>| {
            object.clone().filter(|object| self.selector.takes(object))
        };
        let (kind, object) = match (fitting(&change.before), fitting(&change.after)) {
            (None, None) => return,
            (None, Some(object)) => ("ADDED", object),
            (Some(_), Some(object)) => ("MODIFIED", object),
            (Some(object), None) => ("DELETED", object),
        };
        let mut shown = self.view.object(&self.asked.resource, &object, Timestamp::now());
        if kind == "DELETED" {
            shown["metadata"]["resourceVersion"] = change.revision.to_string().into();
        }
        self.tell(kind, shown);
    }

    fn tell_bookmark(&mut self) {
        if self.wants_bookmarks {
            let bookmark = self.view.bookmark(&self.asked.resource, self.seen, false);
            self.tell("BOOKMARK", bookmark);
        }
    }

    fn tell(&mut self, kind: &str, object: Value) {
        let line = json!({"type": kind, "object": object}).to_string() + "\n";
        self.lines.push_back(line.into());
    }

    fn expired(&self, objects: &Objects) -> Failure {
        let current = objects.store.revision();
        Failure::expired(format!("too old resource version: {} ({current})", self.seen))
    }
}
