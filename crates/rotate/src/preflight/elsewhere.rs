//! Others who hold what a rotation is about: scrapers with a copy of etcd's client pair, backups,
//! people's kubeconfigs. They are listed and let alone, since nobody knows who reads them and when.

use std::path::Path;

use super::{Look, Looked};
use crate::{
    HostName,
    certificate::Certificate,
    plan::scope::{Hosts, Leaf},
    plan::will_change,
};

/// Enough to know where to look; a backup folder may hold a hundred.
const MOST_LISTED: usize = 8;

pub(super) fn look(look: &Look<'_>, looked: &mut Looked) {
    for (name, host) in Hosts::of(look.facts, look.wish).iter() {
        let files = |holds: &dyn Fn(&Certificate) -> bool| {
            let held = host.elsewhere.iter().filter(|(_, found)| found.iter().any(holds));
            held.map(|(path, _)| path.as_path()).collect::<Vec<_>>()
        };
        let refused = files(&|one| will_be_refused(look, one));
        let outlived = files(&|one| is_renewed(look, one) && !will_be_refused(look, one));
        looked.notes.extend(listed(name, &refused, "will be refused once the old authority goes"));
        looked.notes.extend(listed(name, &outlived, "stay good until their own end"));
    }
}

/// It hangs on an authority that gives way, or is the one that its holder checks others by.
fn will_be_refused(look: &Look<'_>, held: &Certificate) -> bool {
    let gives_way = look.scope.authorities.iter().filter(|one| {
        will_change(look.scope, one, look.mode, look.wish, look.facts.now)
            && look.mode != crate::Mode::SameKey
    });
    gives_way
        .map(|one| &one.certificate)
        .any(|authority| held.is_same_authority(authority) || held.is_issued_by(authority))
}

fn is_renewed(look: &Look<'_>, held: &Certificate) -> bool {
    let mut leaves = look.scope.leaves.iter();
    leaves.any(|leaf: &Leaf| leaf.certificate.fingerprint == held.fingerprint)
}

fn listed(host: &HostName, files: &[&Path], what: &str) -> Option<String> {
    let names: Vec<String> =
        files.iter().take(MOST_LISTED).map(|path| path.display().to_string()).collect();
    let more = match files.len().saturating_sub(MOST_LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "{host}: {}{more} hold certificates of the same authorities, are not touched, and \
             {what}: bring whoever reads them after.",
            names.join(", ")
        )
    })
}
