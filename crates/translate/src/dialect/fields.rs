//! Reads JSON objects the way the vendor's controller does: keys without regard to case, types
//! strictly, and type errors in the words of Go's decoder, which users search the web for.

use model::Reason;
use serde_json::{Map, Value};

use super::problem::{Problems, did_you_mean, nearest};

/// One JSON object. Each key that is asked for counts as known; [`Fields::finish`] reports the rest.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    place: Place,
    known: Vec<&'static str>,
    /// Keys count in their own letter case only.
    is_exact: bool,
}

/// Where an object stands, in our words and in Go's.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// `spec.listeners[0]`, or an annotation's key with an index.
    pub path: String,
    /// The Go type, `ListenerSpec`.
    pub go_type: &'static str,
    /// Go's path of the object below the decoded value: `listeners.certificates`, or nothing.
    pub go_path: String,
    /// What the vendor's message begins with.
    pub go_prefix: &'static str,
    pub reason: Reason,
}

impl Place {
    fn below(&self, key: &str, go_type: &'static str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let go_dot = if self.go_path.is_empty() { "" } else { "." };
        Self {
            path: format!("{}{dot}{key}", self.path),
            go_type,
            go_path: format!("{}{go_dot}{key}", self.go_path),
            go_prefix: self.go_prefix,
            reason: self.reason,
        }
    }

    fn item(mut self, index: usize) -> Self {
        self.path = format!("{}[{index}]", self.path);
        self
    }
}

impl<'a> Fields<'a> {
    /// `None` for `null`, and with a problem for anything that is no object.
    pub fn open(value: &'a Value, place: Place, problems: &mut Problems) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self { map, place, known: Vec::new(), is_exact: false }),
            Value::Null => None,
            other => {
                let text = format!(
                    "{}json: cannot unmarshal {} into Go value of type {}: write a map of keys",
                    place.go_prefix,
                    go_kind(other),
                    place.go_type,
                );
                problems.reject(place.reason, place.path, text);
                None
            }
        }
    }

    pub fn path_of(&self, key: &str) -> String {
        self.place.below(key, "").path
    }

    /// The value under `key` in any letter case; `null` counts as absent.
    pub fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        let map = self.map;
        let by_case = || map.iter().find(|(k, _)| self.is(k, key)).map(|(_, value)| value);
        map.get(key).or_else(by_case).filter(|value| !value.is_null())
    }

    pub fn boolean(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(value) => Some(*value),
            other => self.wrong_type(key, other, "bool", "write true or false, unquoted", problems),
        }
    }

    pub fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'a str> {
        match self.value(key)? {
            Value::String(value) => Some(value.as_str()).filter(|text| !text.is_empty()),
            other => self.wrong_type(key, other, "string", "put it in quotes", problems),
        }
    }

    pub fn integer(&mut self, key: &'static str, problems: &mut Problems) -> Option<i64> {
        match self.value(key)? {
            Value::Number(number) if number.as_i64().is_some() => number.as_i64(),
            other => self.wrong_type(key, other, "int", "write a whole number, unquoted", problems),
        }
    }

    /// A number or the text of one: documents show both for these keys.
    pub fn text_or_number(&mut self, key: &'static str, problems: &mut Problems) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            other => self.wrong_type(key, other, "string", "write a number or a text", problems),
        }
    }

    pub fn list(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'a [Value]> {
        match self.value(key)? {
            Value::Array(items) => Some(items),
            other => self.wrong_type(key, other, "[]interface {}", "write a list", problems),
        }
    }

    /// The texts of a list; an item of another type is a problem and is left out.
    pub fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Vec<&'a str> {
        let mut texts = Vec::new();
        for item in self.list(key, problems).unwrap_or_default() {
            match item {
                Value::String(text) => texts.push(text.trim()),
                other => {
                    self.wrong_type::<()>(key, other, "string", "put it in quotes", problems);
                }
            }
        }
        texts
    }

    pub fn child(
        &mut self,
        key: &'static str,
        go_type: &'static str,
        problems: &mut Problems,
    ) -> Option<Fields<'a>> {
        let value = self.value(key)?;
        match value {
            Value::Object(map) => Some(Self {
                map,
                place: self.place.below(key, go_type),
                known: Vec::new(),
                is_exact: self.is_exact,
            }),
            other => self.wrong_type(key, other, go_type, "write a map of keys", problems),
        }
    }

    /// The objects of a list.
    pub fn children(
        &mut self,
        key: &'static str,
        go_type: &'static str,
        problems: &mut Problems,
    ) -> Vec<Fields<'a>> {
        let items = self.list(key, problems).unwrap_or_default();
        let mut children = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::Object(map) => children.push(Self {
                    map,
                    place: self.place.below(key, go_type).item(index),
                    known: Vec::new(),
                    is_exact: self.is_exact,
                }),
                other => {
                    self.wrong_type::<()>(key, other, go_type, "write a map of keys", problems);
                }
            }
        }
        children
    }

    /// All keys, of a map in which any may stand.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.map.keys().map(String::as_str)
    }

    /// All keys with their values, of a map in which any may stand.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.map.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The object under one of [`Fields::keys`].
    pub fn free_child(
        &self,
        key: &str,
        go_type: &'static str,
        problems: &mut Problems,
    ) -> Option<Fields<'a>> {
        match self.map.get(key)? {
            Value::Object(map) => Some(Self {
                map,
                place: self.place.below(key, go_type),
                known: Vec::new(),
                is_exact: self.is_exact,
            }),
            other => self.wrong_type(key, other, go_type, "write a map of keys", problems),
        }
    }

    pub fn path(&self) -> &str {
        &self.place.path
    }

    /// Messages about this object begin as Go's bare decoder has them.
    pub fn without_prefix(mut self) -> Self {
        self.place.go_prefix = "";
        self
    }

    /// Keys of this object, and of those below, count in their own letter case only, as in a
    /// CustomResourceDefinition's schema.
    pub fn in_exact_case(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Names keys that are accepted without being read.
    pub fn accept(&mut self, keys: &[&'static str]) {
        self.known.extend_from_slice(keys);
    }

    pub fn has(&self, key: &str) -> bool {
        self.map.keys().any(|written| self.is(written, key))
    }

    /// Whether the key is there and its value asks for something: not false, empty or all of that.
    pub fn asks_for(&self, key: &str) -> bool {
        let mut values = self.map.iter().filter(|(written, _)| self.is(written, key));
        values.any(|(_, value)| !is_empty(value))
    }

    /// Warns of every key that nobody asked for.
    pub fn finish(self, problems: &mut Problems) {
        for key in self.map.keys() {
            if self.known.iter().any(|known| self.is(key, known)) {
                continue;
            }
            let cure = did_you_mean(nearest(key, self.known.iter().copied()));
            problems.warn(
                Reason::UnknownKey,
                self.place.below(key, "").path,
                format!("{key} is no known key here; {cure}"),
            );
        }
    }

    fn is(&self, written: &str, key: &str) -> bool {
        written == key || (!self.is_exact && written.eq_ignore_ascii_case(key))
    }

    fn wrong_type<T>(
        &self,
        key: &str,
        value: &Value,
        go_type: &str,
        cure: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        let place = self.place.below(key, "");
        problems.reject(
            self.place.reason,
            place.path,
            format!(
                "{}json: cannot unmarshal {} into Go struct field {}.{} of type {go_type}: {cure}",
                place.go_prefix,
                go_kind(value),
                self.place.go_type,
                place.go_path,
            ),
        );
        None
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// A value's kind in the words of Go's `encoding/json`.
fn go_kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(number) if number.is_i64() => "number".into(),
        Value::Number(number) => format!("number {number}"),
        Value::String(_) => "string".into(),
        Value::Array(_) => "array".into(),
        Value::Object(_) => "object".into(),
    }
}
