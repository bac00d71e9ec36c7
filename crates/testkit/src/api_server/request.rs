//! What a request asks for, read from its method, path and query.

use std::collections::BTreeMap;

use http::Method;

use super::{failure::Failure, objects::Objects, resource::Resource};

/// A request about objects.
pub(super) struct Asked {
    pub(super) resource: Resource,
    /// `""` for all namespaces, and for kinds without.
    pub(super) namespace: String,
    /// `""` for all objects.
    pub(super) name: String,
    /// `""`, `status`, or one that this server has not.
    pub(super) subresource: String,
    /// As RBAC names it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`,
    /// `deletecollection`.
    pub(super) verb: &'static str,
    pub(super) query: Query,
}

/// The parameters of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Asked {
    /// `None` when the path is of no kind that is there.
    pub(super) fn read(
        objects: &Objects,
        method: &Method,
        path: &str,
        query: Query,
    ) -> Option<Self> {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", _, "status" | "finalize"] => ("", rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return None,
        };
        let resource = objects.kind(group, version, plural)?.clone();
        if resource.namespaced == namespace.is_empty() && !(resource.namespaced && name.is_empty())
        {
            return None;
        }
        let verb = match (method.as_str(), name) {
            ("GET", "") if query.flag("watch") => "watch",
            ("GET", "") => "list",
            ("GET", _) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", "") => "deletecollection",
            ("DELETE", _) => "delete",
            _ => return None,
        };
        Some(Self {
            resource,
            namespace: namespace.into(),
            name: name.into(),
            subresource: subresource.into(),
            verb,
            query,
        })
    }

    /// Objects are made in a collection of one namespace, and a status is never made.
    pub(super) fn is_allowed_there(&self) -> bool {
        let is_of_all = self.resource.namespaced && self.namespace.is_empty();
        match self.verb {
            "create" => self.name.is_empty() && !is_of_all,
            "deletecollection" => !is_of_all,
            "delete" => self.subresource.is_empty(),
            _ => true,
        }
    }

    /// The one object that this is about, to RBAC: a list or watch may ask for it by a selector.
    pub(super) fn rbac_name(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        let terms = self.query.text("fieldSelector").split(',');
        let mut names = terms.filter_map(|term| term.strip_prefix("metadata.name="));
        names.next().map(|name| name.trim_start_matches('=').to_owned()).unwrap_or_default()
    }

    /// As RBAC names it: `ingresses/status`.
    pub(super) fn rbac_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.plural.clone(),
            subresource => format!("{}/{subresource}", self.resource.plural),
        }
    }
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decoded(key), decoded(&value.replace('+', " "))))
                .collect(),
        )
    }

    /// `""` where it is not given.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), "true" | "1")
    }

    /// `None` where it is not given.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Failure::bad_request(format!("{name}: Invalid value: \"{text}\": not a number"))
            }),
        }
    }
}

/// `%2F` and its like.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}
