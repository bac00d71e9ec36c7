//! The names that some certificates carry together, for asking whether a host is among them.

use std::collections::HashSet;

use model::{Certificate, Name};

use super::list::List;

#[derive(Default)]
pub struct Covered<'a> {
    /// Wildcards with their `*.`.
    literal: HashSet<&'a str, foldhash::fast::RandomState>,
    /// What follows the `*.` of wildcards.
    under: HashSet<&'a str, foldhash::fast::RandomState>,
}

impl<'a> Covered<'a> {
    pub fn by(list: &List<'a>, counts: impl Fn(&Certificate) -> bool) -> Self {
        let mut covered = Self::default();
        let certificates = list.entries.iter().filter_map(|entry| entry.certificate);
        for certificate in certificates.filter(|certificate| counts(certificate)) {
            covered.extend(&certificate.names);
        }
        covered
    }

    pub fn extend(&mut self, names: &'a [Name]) {
        for name in names {
            self.literal.insert(name.as_str());
            self.under.extend(name.wildcard_parent());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.literal.is_empty()
    }

    /// As [`Name::covers`] of any of the names.
    pub fn covers(&self, host: &Name) -> bool {
        let by_wildcard = || {
            let parent = host.as_str().split_once('.').map(|(_, parent)| parent);
            !host.is_wildcard() && parent.is_some_and(|parent| self.under.contains(parent))
        };
        self.literal.contains(host.as_str()) || by_wildcard()
    }
}
