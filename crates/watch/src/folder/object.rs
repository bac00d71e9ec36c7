//! A document's value to typed objects, and a verdict on each that cannot be read.

use model::{ObjectRef, Origin, Reason, Verdict};
use serde_json::{Map, Value};
use translate::world::Key;

use super::file_reference;
use crate::read::{AnyObject, Context, Kind, Recognised, Unread};

/// What a document holds: objects, and what is wrong with it or them.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Object {
        object: AnyObject,
        /// Of the whole value: an equal one keeps the object that was read before.
        digest: u64,
    },
    Fault(Box<Fault>),
}

#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) verdict: Verdict,
    /// The object that could not be read; its last good state stays.
    pub(crate) keeps: Option<(Kind, Key)>,
}

/// Reads one document's value.
pub(crate) fn read(value: Value, origin: &Origin, context: &Context) -> Vec<Item> {
    let mut reading = Reading { origin, context, items: Vec::new() };
    match value {
        Value::Null => {}
        Value::Object(map) => reading.object(map, None),
        _ => reading.nameless("is no object: write apiVersion, kind and metadata"),
    }
    reading.items
}

struct Reading<'a> {
    origin: &'a Origin,
    context: &'a Context,
    items: Vec<Item>,
}

impl Reading<'_> {
    /// `of_list` is what the items of an `IngressList` and its like may leave out.
    fn object(&mut self, mut map: Map<String, Value>, of_list: Option<(&str, &str)>) {
        let text = |key: &str| Some(map.get(key)?.as_str()?.to_owned());
        let api_version = text("apiVersion").or(of_list.map(|(version, _)| version.to_owned()));
        let kind = text("kind").or(of_list.map(|(_, kind)| kind.to_owned()));
        let (Some(api_version), Some(kind)) = (api_version, kind) else {
            return self.nameless("has no apiVersion or no kind: every document needs both");
        };
        if let Some(of) = kind.strip_suffix("List")
            && map.contains_key("items")
        {
            let of_list = (!of.is_empty()).then_some((api_version.as_str(), of));
            return self.list(map.remove("items"), &kind, of_list);
        }
        match Kind::recognise(&api_version, &kind) {
            Recognised::Read(known) => self.known(known, map),
            Recognised::Beside => {}
            Recognised::OtherVersion(known) => {
                let reference = self.reference_of(&kind, known.is_namespaced(), &map);
                let message = format!(
                    "{kind} {api_version} is not read: write apiVersion: {}",
                    known.api_versions()[0]
                );
                let verdict = Verdict::rejected(reference, Reason::UnknownKind, message);
                let keeps = self.context.key_of(known, &map).map(|key| (known, key));
                self.fault(verdict.at("apiVersion"), keeps);
            }
            Recognised::Unknown(nearest) => {
                let cure = nearest.map_or(String::new(), |name| format!("; did you mean {name}?"));
                let message = format!("Doorward does not read {kind} {api_version}{cure}");
                let reference = self.reference_of(&kind, true, &map);
                let verdict = Verdict::warning(reference, Reason::UnknownKind, message);
                self.fault(verdict.at("kind"), None);
            }
        }
    }

    fn list(&mut self, items: Option<Value>, kind: &str, of_list: Option<(&str, &str)>) {
        match items {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                for item in list {
                    match item {
                        Value::Object(map) => self.object(map, of_list),
                        _ => self.nameless(&format!("is a {kind} with an item that is no object")),
                    }
                }
            }
            Some(_) => self.nameless(&format!("is a {kind} whose `items` is no list")),
        }
    }

    fn known(&mut self, kind: Kind, map: Map<String, Value>) {
        let Some(unread) = Unread::new(kind, map, Some(self.origin), self.context) else {
            let kind = kind.as_str();
            return self
                .nameless(&format!("is a {kind} without a name: set metadata.name, as text"));
        };
        let (key, digest) = (unread.key().clone(), unread.digest());
        let read = unread.read(self.context);
        match read.object {
            Ok(object) => self.items.push(Item::Object { object, digest }),
            Err(verdict) => self.fault(verdict, Some((kind, key))),
        }
        for warning in read.warnings {
            self.fault(warning, None);
        }
    }

    /// Names an object that is not read, as well as it can be named.
    fn reference_of(&self, kind: &str, namespaced: bool, map: &Map<String, Value>) -> ObjectRef {
        let text = |key: &str| map.get("metadata")?.get(key)?.as_str();
        let name = text("name").unwrap_or("?");
        match text("namespace") {
            Some(namespace) if namespaced => ObjectRef::namespaced(kind, namespace, name),
            _ => ObjectRef::cluster(kind, name),
        }
    }

    /// A fault of something that has no name but its place.
    fn nameless(&mut self, what: &str) {
        let message = format!("the document at line {} {what}", self.origin.line);
        let file = file_reference(self.origin);
        self.fault(Verdict::rejected(file, Reason::UnknownKind, message), None);
    }

    fn fault(&mut self, verdict: Verdict, keeps: Option<(Kind, Key)>) {
        let verdict = verdict.from_origin(Some(self.origin.clone()));
        self.items.push(Item::Fault(Box::new(Fault { verdict, keeps })));
    }
}
