//! Members of etcd on hosts that the inventory does not name. They would keep the old authority,
//! and those who have the new one alone would let them in no more.

use std::collections::BTreeSet;

use super::{Look, Looked};
use crate::{Component, Program, finding::Finding};

/// Where nobody answers, nobody tells. A host that is silent may have one of those not found.
pub(super) fn look(look: &Look<'_>, looked: &mut Looked) {
    let answering: BTreeSet<u64> =
        look.health.answering().map(|(_, health)| health.status.member).collect();
    let Some((_, first)) = look.health.answering().next().filter(|_| look.changes_authorities())
    else {
        return;
    };
    let is_etcd = |component: &Component| component.program == Program::Etcd;
    let silent = look.facts.hosts.iter().filter(|(host, seen)| {
        let may_have = seen.unreached.is_some() || seen.components.iter().any(is_etcd);
        may_have && !look.health.members.get(*host).is_some_and(Result::is_ok)
    });
    let not_found = first.members.iter().filter(|member| !answering.contains(&member.id));
    let names: Vec<String> = not_found
        .map(|member| format!("{} ({})", member.name, member.peer_urls.join(", ")))
        .collect();
    let missing = names.len().saturating_sub(silent.count());
    if missing == 0 {
        return;
    }
    let all = first.members.len();
    let text = format!(
        "etcd has {all} members, and the inventory has hosts of {} only; not found: {}. Who is \
         missing would be locked out.",
        all - missing,
        names.join(", ")
    );
    match look.wish.allow_degraded {
        true => looked.notes.push(format!("{text} Allowed by --allow-degraded.")),
        false => looked.against.push(Finding::everywhere(format!(
            "{text} Name its host too, or take the member out of the cluster if it is gone"
        ))),
    }
}
