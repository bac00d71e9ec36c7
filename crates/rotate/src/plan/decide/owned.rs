//! A plan for hosts whose product renews their certificates itself.

use std::collections::BTreeSet;

use crate::{
    Facts, Health, Mode, Plan, Product, Program,
    plan::{
        Wish,
        scope::{Hosts, Scope},
        steps,
    },
};

pub(super) struct Input<'a> {
    pub facts: &'a Facts,
    pub health: &'a Health,
    pub wish: &'a Wish,
    pub scope: &'a Scope,
    pub owner: &'a Product,
}

/// The product of the hosts, where they have one.
pub(super) fn by<'a>(facts: &'a Facts, wish: &Wish) -> Option<&'a Product> {
    Hosts::of(facts, wish).iter().find_map(|(_, host)| host.product.as_ref())
}

/// `notes` are those of the look before.
pub(super) fn plan(input: &Input<'_>, mut notes: Vec<String>) -> Plan {
    let steps = steps::of(&steps::Input {
        facts: input.facts,
        health: input.health,
        scope: input.scope,
        mode: Mode::Leaf,
        authorities: &[],
        leaves: &[],
    });
    notes.extend(self::notes(input));
    let server = input.owner.server;
    let ends = input.scope.authorities.iter().map(|authority| authority.certificate.not_after);
    let until = ends.min().unwrap_or(input.facts.now).strftime("%Y-%m-%d");
    Plan {
        mode: Mode::Leaf,
        why: format!(
            "{server} makes its own leaves, and renews them by its own command, one server at a \
             time; its authorities stay, and are valid to {until} or longer"
        ),
        authorities: Vec::new(),
        leaves: Vec::new(),
        steps,
        notes,
        pending: super::pending(input.facts, input.wish),
    }
}

fn notes(input: &Input<'_>) -> Vec<String> {
    let server = input.owner.server;
    let hosts = Hosts::of(input.facts, input.wish);
    let products = hosts.iter().filter_map(|(_, host)| host.product.as_ref());
    let kept: BTreeSet<String> =
        products.map(|product| product.kept_in().display().to_string()).collect();
    let kept = kept.into_iter().collect::<Vec<_>>().join(" or ");
    let mut notes = Vec::new();
    let members = input.scope.hosts_with(Program::Etcd).len();
    if members == 0 && input.scope.hosts().len() == 1 {
        notes.push(
            "There is one server only: while it is restarted, the API server is away for some \
             seconds."
                .to_owned(),
        );
    }
    notes.push(format!(
        "{server} leaves what it takes away in {kept} on each server, keys among it; remove it \
         when the new certificates have proved themselves."
    ));
    notes.push(format!(
        "The key of service accounts (service.key) stays, and so does every token. How long the \
         new certificates last, {server} decides."
    ));
    notes.push(format!(
        "Agents renew theirs when they are started anew: systemctl restart {server}-agent on \
         each, after the servers. Kubeconfigs that were copied from a server stay good until \
         their own end."
    ));
    notes
}
