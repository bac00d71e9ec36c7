//! From what was seen and wished to a plan: which authorities and leaves are made anew, how, and
//! with which dates. The order of steps is the business of `steps`.

mod choose;
mod joined;
mod owned;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

pub(crate) use choose::changes as will_change;

use super::{
    AuthorityPlan, LeafPlan, Mode, Plan, Wish,
    scope::{Authority, Hosts, Leaf, Realm, Scope, unique},
    steps,
};
use crate::{Facts, HostName, expiry, finding::Finding, health::Health, preflight};

const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The plan, or everything that speaks against one. Pure: the same facts give the same plan.
pub fn decide(facts: &Facts, health: &Health, wish: &Wish) -> Result<Plan, Vec<Finding>> {
    let owner = owned::by(facts, wish);
    let scope = match owner {
        // Their own command renews all that there is.
        Some(_) => Scope::of(facts, health, &Wish { kubernetes: true, ..wish.clone() }),
        None => Scope::of(facts, health, wish),
    };
    let condition = expiry::of(&scope, facts.now);
    let mut findings = scope.findings.clone();
    if wish.drop_old && !scope.is_following() {
        findings.push(Finding::everywhere(
            "no file of Kubernetes trusts an old authority beside its successor; leave out --drop-old",
        ));
    }
    findings.extend(strangers(facts, wish));
    findings.extend(doubts(facts, wish));
    if scope.leaves.is_empty() && findings.is_empty() {
        findings = nothing_found(facts);
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let is_alive = health.answering().next().is_some();
    let choice =
        choose::mode(&scope, &condition, wish, facts.now, is_alive).map_err(|one| vec![one])?;
    let looked = preflight::look(&preflight::Look {
        facts,
        health,
        wish,
        scope: &scope,
        condition: &condition,
        mode: choice.mode,
    });
    if !looked.against.is_empty() {
        return Err(looked.against);
    }
    if let Some(owner) = owner {
        return Ok(owned::plan(
            &owned::Input { facts, health, wish, scope: &scope, owner },
            looked.notes,
        ));
    }
    let draft = Draft { facts, wish, scope: &scope, mode: choice.mode };
    let authorities = draft.authorities();
    let leaves = draft.leaves(&authorities);
    let steps = steps::of(&steps::Input {
        facts,
        health,
        scope: &scope,
        mode: choice.mode,
        authorities: &authorities,
        leaves: &leaves,
    });
    let mut notes = looked.notes;
    notes.extend(draft.notes(&authorities));
    Ok(Plan {
        mode: choice.mode,
        why: choice.why,
        authorities,
        leaves,
        steps,
        notes,
        pending: pending(facts, wish),
    })
}

/// Hosts that are to be left out and are not there anyway: a slip of the pen, mostly.
fn strangers(facts: &Facts, wish: &Wish) -> impl Iterator<Item = Finding> {
    let known: Vec<String> = facts.hosts.keys().map(ToString::to_string).collect();
    let known = known.join(", ");
    let strangers = wish.exclude.iter().filter(|name| !facts.hosts.contains_key(*name));
    strangers.map(move |name| {
        Finding::everywhere(format!(
            "--exclude {name}: the inventory has no such host; it has {known}"
        ))
    })
}

/// Hosts of which too little is known.
fn doubts(facts: &Facts, wish: &Wish) -> Vec<Finding> {
    let hosts = Hosts::of(facts, wish);
    let doubts = hosts.iter().flat_map(|(name, host)| {
        host.doubts.iter().map(move |doubt| Finding::at(name, doubt.clone()))
    });
    doubts.collect()
}

/// Where nobody could be asked, that is the reason.
fn nothing_found(facts: &Facts) -> Vec<Finding> {
    let unreached = facts.hosts.iter().filter_map(|(host, seen)| {
        Some(Finding::at(host, format!("{}. Fix SSH to it first", seen.unreached.as_deref()?)))
    });
    let unreached: Vec<Finding> = unreached.collect();
    match unreached.is_empty() {
        true => vec![Finding::everywhere(
            "no certificate of etcd was found on any host; name its folder in the inventory",
        )],
        false => unreached,
    }
}

struct Draft<'a> {
    facts: &'a Facts,
    wish: &'a Wish,
    scope: &'a Scope,
    mode: Mode,
}

impl Draft<'_> {
    fn authorities(&self) -> Vec<AuthorityPlan> {
        if self.is_following() {
            return self.scope.authorities.iter().filter_map(|one| self.follower(one)).collect();
        }
        let all = self.scope.authorities.iter();
        let changing = all
            .filter(|one| choose::changes(self.scope, one, self.mode, self.wish, self.facts.now));
        let mut planned: Vec<AuthorityPlan> = changing.map(|one| self.authority(one)).collect();
        let present = self.scope.authorities.iter().map(|one| one.certificate.name().to_owned());
        tell_apart(&mut planned, present.collect());
        joined::join(&mut planned, self.scope);
        planned
    }

    fn authority(&self, present: &Authority) -> AuthorityPlan {
        let certificate = &present.certificate;
        // A sweep keeps the key where that was asked for: what it issued elsewhere stays good.
        let same_key = self.mode == Mode::SameKey
            || self.mode == Mode::Sweep && self.wish.mode == Some(Mode::SameKey);
        // Another name tells the two apart in messages and in the list that servers send.
        let base = certificate.name().split('@').next().unwrap_or_default();
        let common_name = (!same_key).then(|| format!("{base}@{}", self.facts.now.as_second()));
        AuthorityPlan {
            id: present.id.clone(),
            replaces: certificate.fingerprint.clone(),
            subject: common_name.clone().unwrap_or_else(|| certificate.name().to_owned()),
            common_name,
            successor: None,
            joins: None,
            leftovers: self.leftovers(&present.id),
            same_key,
            cross_signed: self.mode == Mode::Cross,
            not_after: self.end_of(certificate.not_before, certificate.not_after),
            kept_at: present.kept_at.clone(),
        }
    }

    fn leftovers(&self, authority: &str) -> Vec<String> {
        let all = self.scope.leftovers.iter().filter(|(id, _)| id == authority);
        all.map(|(_, fingerprint)| fingerprint.clone()).collect()
    }

    /// Where some only follow, nobody else is disturbed.
    fn is_following(&self) -> bool {
        self.mode == Mode::Leaf && self.scope.is_following()
    }

    /// Where a pair is broken, what is whole waits.
    fn is_repairing(&self) -> bool {
        self.mode == Mode::Leaf && self.scope.leaves.iter().any(Leaf::is_broken)
    }

    fn follower(&self, present: &Authority) -> Option<AuthorityPlan> {
        let successor = self.scope.authority(present.successor.as_ref()?)?;
        Some(AuthorityPlan {
            id: present.id.clone(),
            replaces: present.certificate.fingerprint.clone(),
            subject: successor.certificate.name().to_owned(),
            common_name: None,
            successor: Some(successor.certificate.fingerprint.clone()),
            joins: None,
            leftovers: Vec::new(),
            same_key: false,
            cross_signed: false,
            not_after: successor.certificate.not_after,
            kept_at: present.kept_at.clone(),
        })
    }

    fn leaves(&self, authorities: &[AuthorityPlan]) -> Vec<LeafPlan> {
        let leaves = self.scope.leaves.iter();
        let due = leaves.filter(|leaf| match self.is_following() {
            true => authorities.iter().any(|planned| planned.id == leaf.authority),
            false => self.is_due(leaf),
        });
        due.map(|leaf| self.leaf(leaf, authorities)).collect()
    }

    /// Under an authority that stays the same to all, good leaves can stay too.
    fn is_due(&self, leaf: &Leaf) -> bool {
        if self.is_repairing() {
            return leaf.is_broken() || !leaf.certificate.is_valid_at(self.facts.now);
        }
        self.mode != Mode::SameKey
            || !leaf.added.is_empty()
            || leaf.certificate.not_after < self.facts.now + YEAR
            || leaf.certificate.not_before > self.facts.now
    }

    fn leaf(&self, leaf: &Leaf, authorities: &[AuthorityPlan]) -> LeafPlan {
        let certificate = &leaf.certificate;
        let made = authorities.iter().find(|planned| planned.id == leaf.authority);
        let present = self.scope.authority(&leaf.authority);
        let (authority, ends) = match (made, present) {
            (Some(made), _) => (made.id.clone(), made.not_after),
            (None, Some(present)) => {
                (present.certificate.fingerprint.clone(), present.certificate.not_after)
            }
            (None, None) => (leaf.authority.clone(), certificate.not_after),
        };
        LeafPlan {
            id: leaf.id.clone(),
            authority,
            replaces: certificate.fingerprint.clone(),
            subject: certificate.subject.clone(),
            added_names: leaf.added.clone(),
            not_after: self.end_of(certificate.not_before, certificate.not_after).min(ends),
            reuse_key: self.wish.reuse_keys && !leaf.is_broken(),
            kept_at: leaf
                .spots
                .iter()
                .map(|spot| (spot.host.clone(), spot.certificate.clone(), spot.key.clone()))
                .collect(),
        }
    }

    /// As long as was asked for; else as long as the present one was made for, at least a year.
    fn end_of(&self, not_before: Timestamp, not_after: Timestamp) -> Timestamp {
        let now = self.facts.now;
        let life = not_after.duration_since(not_before).max(YEAR);
        let wished = self.wish.validity.and_then(|span| {
            now.to_zoned(TimeZone::UTC).checked_add(span).ok().map(|end| end.timestamp())
        });
        let end = wished.unwrap_or_else(|| now.checked_add(life).unwrap_or(Timestamp::MAX));
        // Certificates know whole seconds.
        Timestamp::from_second(end.as_second()).unwrap_or(end)
    }

    fn notes(&self, authorities: &[AuthorityPlan]) -> Vec<String> {
        let mut notes = self.scope.notes.clone();
        for authority in authorities.iter().filter(|one| one.is_made()) {
            if authority.kept_at.is_empty() {
                notes.push(format!(
                    "The key of {} is written to no host, since the old one was on none; it stays \
                     in the run's folder: move it to a safe place.",
                    authority.subject
                ));
            } else {
                let hosts: BTreeSet<_> = authority.kept_at.iter().map(|(host, ..)| host).collect();
                notes.push(format!(
                    "The key of {} will lie on {} hosts, as the old one does.",
                    authority.subject,
                    hosts.len()
                ));
            }
        }
        for leaf in self.scope.leaves.iter().filter(|leaf| !leaf.added.is_empty()) {
            notes.push(format!("{} gets the names it lacked: {}.", leaf.id, leaf.added.join(", ")));
        }
        if self.mode == Mode::Sweep {
            notes.push(
                "etcd is away from the first stop to the last start, mostly for less than half a \
                 minute, and the API servers with it."
                    .to_owned(),
            );
        }
        if self.wish.drop_old {
            notes.push(
                "Machines that are not in the inventory are not seen: see that each of their \
                 kubelets has a certificate of the new authority first."
                    .to_owned(),
            );
        }
        let overlaps = authorities.iter().find(|authority| {
            let realm = self.scope.realm(&authority.id);
            authority.cross_signed && matches!(realm, Realm::Kubernetes | Realm::Both)
        });
        if let Some(authority) = overlaps {
            notes.extend(overlap(&authority.subject));
        }
        notes
    }
}

/// After several rotations that were cut off, authorities may have one name but for its number.
fn tell_apart(planned: &mut [AuthorityPlan], mut taken: BTreeSet<String>) {
    for authority in planned {
        if let Some(name) = &mut authority.common_name {
            *name = unique(name, &taken);
            authority.subject.clone_from(name);
            taken.insert(name.clone());
        }
    }
}

/// Who goes on with the old authority of Kubernetes, and until when that is good.
fn overlap(new: &str) -> [String; 5] {
    [
        format!(
            "The API servers go on trusting the old authority beside {new}: kubelets hold its \
             certificates until they renew them themselves, at 70 to 90 % of their life. Take it \
             out of the bundle when nobody holds one any more."
        ),
        "Pods and kubeconfigs that know only the old authority accept the new certificates until \
         the old one's own end; pods learn of the new one when they start anew."
            .to_owned(),
        "The ConfigMap kube-public/cluster-info still names the old authority: put both in, and \
         use the new hash for `kubeadm join`."
            .to_owned(),
        "Webhooks and APIServices whose caBundle is the old authority, and Secrets with copies, \
         are not touched: give them both."
            .to_owned(),
        "Kubelets on machines that are not in the inventory keep the old authority in \
         kubelet.conf and in their clientCAFile; both stay good while the old one lives."
            .to_owned(),
    ]
}

fn pending(facts: &Facts, wish: &Wish) -> Vec<HostName> {
    let left_out = facts
        .hosts
        .iter()
        .filter(|(name, host)| host.unreached.is_some() || wish.exclude.contains(name));
    left_out.map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests;
