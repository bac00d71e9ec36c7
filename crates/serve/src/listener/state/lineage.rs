//! Which server was which before: what a server had, and its open connections, go on with the
//! one that comes after it.

use std::collections::{HashMap, VecDeque};

use model::{Name, Server};

/// For each of `wanted` its position in `former`. The name and the hosts together tell a server,
/// since several may be called alike (the routes of one passthrough server). What is left then is
/// told by the name alone, in order, so that a server may change its hosts.
pub fn match_up(wanted: &[Server], former: &[Server]) -> Vec<Option<usize>> {
    let mut same: HashMap<(&str, &[Name]), VecDeque<usize>> = HashMap::new();
    for (position, server) in former.iter().enumerate() {
        same.entry((&server.name, &server.hosts)).or_default().push_back(position);
    }
    let mut found: Vec<_> = wanted
        .iter()
        .map(|server| same.get_mut(&(&*server.name, &*server.hosts))?.pop_front())
        .collect();
    let mut left: Vec<usize> = same.into_values().flatten().collect();
    left.sort_unstable();
    let mut by_name: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for position in left {
        by_name.entry(&former[position].name).or_default().push_back(position);
    }
    for (found, server) in found.iter_mut().zip(wanted).filter(|(found, _)| found.is_none()) {
        *found = by_name.get_mut(&*server.name).and_then(VecDeque::pop_front);
    }
    found
}

#[cfg(test)]
mod tests;
