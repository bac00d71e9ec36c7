//! The annotations of one Ingress, by prefix, with values cleaned as the vendor does: each line
//! trimmed, and an empty value as good as none.

use std::{borrow::Cow, collections::BTreeMap};

pub(crate) const ALB_PREFIX: &str = "alb.ingress.kubernetes.io/";
pub(crate) const NGINX_PREFIX: &str = "nginx.ingress.kubernetes.io/";
pub(crate) const OWN_PREFIX: &str = "doorward.dev/";

/// Those that have a value.
#[derive(Debug, Default)]
pub(crate) struct Annotations<'a> {
    values: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Annotations<'a> {
    pub fn of(written: Option<&'a BTreeMap<String, String>>) -> Self {
        let values = written
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), trimmed(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { values }
    }

    pub fn exact(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(written, _)| *written == key).map(|(_, value)| &**value)
    }

    /// The value under the ALB prefix.
    pub fn alb(&self, name: &str) -> Option<&str> {
        self.under(ALB_PREFIX).find(|(written, _)| *written == name).map(|(_, value)| value)
    }

    /// The value of a key that is known under both prefixes; nginx's spelling wins.
    pub fn nginx_or_alb(&self, name: &str) -> Option<Found<'_>> {
        let nginx = self.under(NGINX_PREFIX).find(|(written, _)| *written == name);
        nginx
            .map(|(_, value)| Found { prefix: NGINX_PREFIX, value })
            .or_else(|| self.alb(name).map(|value| Found { prefix: ALB_PREFIX, value }))
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

pub(crate) fn alb_field(name: &str) -> String {
    field(ALB_PREFIX, name)
}

fn trimmed(value: &str) -> Cow<'_, str> {
    if !value.contains('\n') {
        return Cow::Borrowed(value.trim());
    }
    let lines: Vec<&str> = value.lines().map(str::trim).collect();
    Cow::Owned(lines.join("\n").trim().to_owned())
}
