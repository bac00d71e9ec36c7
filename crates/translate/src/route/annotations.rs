//! The annotations of one object, by prefix, with values cleaned as the vendors do: each line
//! trimmed, and an empty value as good as none.

use std::{borrow::Cow, collections::BTreeMap};

use model::Dialect;

pub(crate) const ALB_PREFIX: &str = "alb.ingress.kubernetes.io/";
pub(crate) const NGINX_PREFIX: &str = "nginx.ingress.kubernetes.io/";
pub(crate) const ELB_PREFIX: &str = "kubernetes.io/elb.";
pub(crate) const OWN_PREFIX: &str = "doorward.dev/";

/// The prefix under which a dialect's own annotations stand; the plain one shares ALB's.
pub(crate) fn prefix_of(dialect: Dialect) -> &'static str {
    match dialect {
        // No Ingress is of the dialect `istio`.
        Dialect::Ingress | Dialect::Alb | Dialect::Aws | Dialect::Istio => ALB_PREFIX,
        Dialect::Elb => ELB_PREFIX,
    }
}

/// Those that have a value.
#[derive(Debug)]
pub(crate) struct Annotations<'a> {
    pub dialect: Dialect,
    /// Of the dialect. AWS and Alibaba have one and the same.
    pub prefix: &'static str,
    values: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Annotations<'a> {
    pub fn of(written: Option<&'a BTreeMap<String, String>>, dialect: Dialect) -> Self {
        let values = written
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), trimmed(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { dialect, prefix: prefix_of(dialect), values }
    }

    pub fn exact(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(written, _)| *written == key).map(|(_, value)| &**value)
    }

    /// The value under the dialect's own prefix.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.under(self.prefix).find(|(written, _)| *written == name).map(|(_, value)| value)
    }

    /// The value of a key that only ALB has.
    pub fn alb(&self, name: &str) -> Option<&str> {
        self.named(name).filter(|_| self.is_alb())
    }

    /// The path, in its object, of an annotation under the dialect's own prefix.
    pub fn field(&self, name: &str) -> String {
        field(self.prefix, name)
    }

    /// The value of a key that ALB knows under both prefixes; nginx's spelling wins.
    pub fn nginx_or_named(&self, name: &str) -> Option<Found<'_>> {
        let mut nginx = self.under(NGINX_PREFIX).filter(|_| self.is_alb());
        let nginx = nginx.find(|(written, _)| *written == name);
        nginx
            .map(|(_, value)| Found { prefix: NGINX_PREFIX, value })
            .or_else(|| self.named(name).map(|value| Found { prefix: self.prefix, value }))
    }

    fn is_alb(&self) -> bool {
        matches!(self.dialect, Dialect::Alb | Dialect::Ingress)
    }

    pub fn own(&self, name: &str) -> Option<&str> {
        self.under(OWN_PREFIX).find(|(written, _)| *written == name).map(|(_, value)| value)
    }

    /// Names without the prefix, with their values.
    pub fn under(&self, prefix: &str) -> impl Iterator<Item = (&'a str, &str)> {
        self.values
            .iter()
            .filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, &**value)))
    }
}

/// A value and the prefix it stands under, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub prefix: &'static str,
    pub value: &'a str,
}

/// The path of an annotation in its object.
pub(crate) fn field(prefix: &str, name: &str) -> String {
    format!("metadata.annotations[\"{prefix}{name}\"]")
}

/// The name of the annotation that a path leads into, without the prefix.
pub(crate) fn annotation_in<'f>(prefix: &str, field: &'f str) -> Option<&'f str> {
    let key = field.strip_prefix("metadata.annotations[\"")?.strip_prefix(prefix)?;
    key.split_once("\"]").map(|(name, _)| name)
}

fn trimmed(value: &str) -> Cow<'_, str> {
    if !value.contains('\n') {
        return Cow::Borrowed(value.trim());
    }
    let lines: Vec<&str> = value.lines().map(str::trim).collect();
    Cow::Owned(lines.join("\n").trim().to_owned())
}
