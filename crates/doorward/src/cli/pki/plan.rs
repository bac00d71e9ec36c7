//! `doorward pki plan`: every step of a renewal, decided as `renew` would decide it.

use anyhow::{Result, bail};
use rotate::{
    Facts, Health, Inventory, Mode, Plan, Ssh,
    census::census,
    discover,
    inventory::HostName,
    plan::{Wish, decide},
    site::WallClock,
};

use super::look;
use crate::{
    args::{ModeChoice, Output, PkiPlanArgs, WishArgs},
    cli::{print, print_json, runtime},
};

/// What was seen, and what follows from it.
pub struct Planned {
    pub facts: Facts,
    pub health: Health,
    pub plan: Plan,
}

pub fn plan(args: &PkiPlanArgs, inventory: &Inventory) -> Result<u8> {
    let site = look::site(inventory)?;
    let wish = wish(&args.wish);
    let planned = runtime()?.block_on(planned(&site, inventory, &wish))?;
    match args.output.output {
        Output::Json => print_json(&planned.plan)?,
        Output::Table => print(&told(&planned))?,
    }
    Ok(0)
}

/// Looks at all hosts and decides. What speaks against a plan is told line by line.
pub async fn planned(site: &Ssh, inventory: &Inventory, wish: &Wish) -> Result<Planned> {
    let facts = discover::gather(site, inventory, &WallClock).await;
    let health = census(site, &facts, inventory).await;
    match decide(&facts, &health, wish) {
        Ok(plan) => Ok(Planned { facts, health, plan }),
        Err(against) => {
            let lines: Vec<String> = against.iter().map(ToString::to_string).collect();
            bail!("{}\nNothing was changed.", lines.join("\n"))
        }
    }
}

/// What was found where, then every step.
pub fn told(planned: &Planned) -> String {
    let hosts = planned.facts.hosts.iter();
    let found = hosts.flat_map(|(host, facts)| {
        let components = facts.components.iter();
        components.map(move |one| format!("{host}: {} (from {})\n", one.program, one.found_in))
    });
    let found: String = found.collect();
    format!("{found}\n{}", planned.plan)
}

pub fn wish(args: &WishArgs) -> Wish {
    Wish {
        mode: match args.mode {
            ModeChoice::Auto => None,
            ModeChoice::Leaf => Some(Mode::Leaf),
            ModeChoice::SameKey => Some(Mode::SameKey),
            ModeChoice::Cross => Some(Mode::Cross),
            ModeChoice::Bundle => Some(Mode::Bundle),
            ModeChoice::Sweep => Some(Mode::Sweep),
        },
        validity: args.validity,
        reuse_keys: args.reuse_keys,
        repair: args.repair,
        accepts_absence: false,
        allow_degraded: args.allow_degraded,
        compromised: args.compromised,
        max_skew: Some(args.max_skew),
        exclude: args.exclude.iter().cloned().map(HostName).collect(),
        kubernetes: args.kubernetes,
        drop_old: args.drop_old,
    }
}
