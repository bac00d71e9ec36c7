//! Which VirtualServices of one Gateway have hosts in common with a host of its server. A server
//! may have as many hosts as there are VirtualServices, so they are not compared one by one.

use std::{
    collections::BTreeMap,
    ops::Bound::{Included, Unbounded},
};

use crate::istio::virtual_service::Host;

/// Hosts by their reversed names: all that a wildcard covers stand together.
#[derive(Debug, Default)]
pub(super) struct HostIndex<'a>(BTreeMap<&'a str, Vec<(usize, &'a Host)>>);

impl<'a> HostIndex<'a> {
    pub fn add(&mut self, member: usize, host: &'a Host) {
        self.0.entry(host.reversed()).or_default().push((member, host));
    }

    /// Each member with what it and `host` have in common.
    pub fn in_common<'h>(&'h self, host: &'h Host) -> impl Iterator<Item = (usize, &'h Host)> {
        let wider = host.wider().filter_map(|wider| self.0.get(wider));
        let wider = wider.flatten().map(move |(member, _)| (*member, host));
        let from = (Included(host.reversed()), Unbounded);
        let narrower = self.0.range::<str, _>(from);
        let narrower = narrower.take_while(|(reversed, _)| reversed.starts_with(host.reversed()));
        let narrower = narrower.flat_map(|(_, members)| members);
        let narrower = narrower.filter(|(_, narrower)| host.covers(narrower));
        wider.chain(narrower.map(|(member, narrower)| (*member, *narrower)))
    }
}
