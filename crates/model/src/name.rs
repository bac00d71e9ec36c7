//! A DNS name as it stands in a certificate, a TLS host or a routing rule.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A DNS name in lower case, either exact (`www.shop.test`) or a wildcard for exactly one
/// left-most label (`*.shop.test`), RFC 6125 section 6.4.3 and the Ingress v1 host rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

/// Why a text is no DNS name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseNameError {
    #[error("the name is empty")]
    Empty,
    #[error("the name has {0} characters, 253 at most are allowed")]
    TooLong(usize),
    #[error("label {0:?} is not a DNS label: use 1-63 letters, digits, '-' or '_'")]
    BadLabel(String),
    #[error(
        "label {label:?} is written beyond ASCII: write {a_label:?}, as DNS and certificates have it"
    )]
    Unicode { label: String, a_label: String },
    #[error("a '*' may stand only for the whole first label, as in \"*.example.com\"")]
    MisplacedWildcard,
}

impl ParseNameError {
    /// A label that only has to be written otherwise (RFC 5891) is told how.
    fn of_label(label: &str) -> Self {
        let label = label.to_owned();
        let a_label = (!label.is_ascii()).then(|| idna::domain_to_ascii(&label).ok()).flatten();
        match a_label.filter(|a_label| a_label.starts_with("xn--") && a_label.len() <= 63) {
            Some(a_label) => Self::Unicode { label, a_label },
            None => Self::BadLabel(label),
        }
    }
}

impl Name {
    pub fn parse(text: &str) -> Result<Self, ParseNameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(ParseNameError::Empty);
        }
        if text.len() > 253 {
            return Err(ParseNameError::TooLong(text.len()));
        }
        let rest = text.strip_prefix("*.").unwrap_or(text);
        if rest.contains('*') {
            return Err(ParseNameError::MisplacedWildcard);
        }
        for label in rest.split('.') {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            if label.is_empty() || label.len() > 63 || !label.bytes().all(fits) {
                return Err(ParseNameError::of_label(label));
            }
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// What follows the `*.` of a wildcard.
    pub fn wildcard_parent(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }

    /// Whether a certificate or rule for `self` is good for `host`.
    ///
    /// An exact name covers itself; `*.a.test` covers `x.a.test`, but neither `a.test` nor
    /// `x.y.a.test`; a wildcard host is covered only by the same wildcard.
    pub fn covers(&self, host: &Name) -> bool {
        self == host || (!host.is_wildcard() && self.covers_text(host.as_str()))
    }

    /// As [`Name::covers`], for a concrete host name already in lower case.
    pub fn covers_text(&self, host: &str) -> bool {
        match self.wildcard_parent() {
            Some(parent) => parent_of(host) == Some(parent),
            None => &*self.0 == host,
        }
    }
}

/// The name without its first label: `a.test` for `www.a.test`.
pub(crate) fn parent_of(host: &str) -> Option<&str> {
    match host.split_once('.') {
        Some((first, parent)) if !first.is_empty() && !parent.is_empty() => Some(parent),
        _ => None,
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = ParseNameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
