//! Hosts as Gateways and VirtualServices compare them.

use model::Name;

/// `*`, `*.a.test` for any depth under `a.test`, or a name.
///
/// Kept backwards, so that what lies under a wildcard begins with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host {
    /// `tset.a.www`, `tset.a.` for a wildcard, nothing for `*`.
    reversed: Box<str>,
    name: Option<Name>,
}

impl Host {
    /// `None` is `*`.
    pub fn new(name: Option<Name>) -> Self {
        let text = name.as_ref().map_or("", |name| name.as_str().trim_start_matches('*'));
        Self { reversed: text.chars().rev().collect::<String>().into(), name }
    }

    /// `None`: any.
    pub fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    pub fn reversed(&self) -> &str {
        &self.reversed
    }

    pub fn is_wildcard(&self) -> bool {
        self.name.as_ref().is_none_or(Name::is_wildcard)
    }

    /// Whether every name of `other` is one of these.
    pub fn covers(&self, other: &Self) -> bool {
        if self.is_wildcard() { other.reversed.starts_with(&*self.reversed) } else { self == other }
    }

    /// What both have in common: the one that the other covers.
    pub fn narrower<'a>(&'a self, other: &'a Self) -> Option<&'a Self> {
        if self.covers(other) { Some(other) } else { other.covers(self).then_some(self) }
    }

    /// The wildcards that cover it, itself left out, backwards; the widest, `*`, first.
    pub fn wider(&self) -> impl Iterator<Item = &str> {
        let dots = self.reversed.match_indices('.').map(|(dot, _)| &self.reversed[..=dot]);
        std::iter::once("").chain(dots).filter(|wider| **wider != *self.reversed)
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => name.fmt(f),
            None => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests;
