//! `doorward plan`: what would be ordered for manifests, from whom and against which limits, and
//! what would be served differently. Nothing is touched and nobody is asked: a run of these
//! manifests begins with exactly this, unless a CA has its own opinion.

mod changes;
mod orders;
mod text;
mod workbench;

use std::collections::BTreeSet;

use ::watch::state::{StateView, Unreadable};
use anyhow::{Context, Result};
use issue::Page;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Findings, manifests, print,
    problems::{among, of_manifests},
};
use crate::{
    args::{Output, PlanArgs},
    config::Offline,
    table::Screen,
    view::{ListenerView, VerdictView},
};
use changes::ListenerChange;
use orders::{PlannedLimit, PlannedOrder};

/// What `plan -o json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    /// `None`: there is none, as before the first run.
    state_folder: Option<String>,
    /// Its files that cannot be read; a run would go on without them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
    orders: Vec<PlannedOrder>,
    limits: Vec<PlannedLimit>,
    listeners: Vec<ListenerChange>,
    verdicts: Vec<VerdictView>,
}

pub fn plan(args: &PlanArgs) -> Result<Findings> {
    let (paths, config) = (&args.manifests.paths, args.manifests.config.as_deref());
    let offline = Offline::read(config, paths, args.state.as_deref())?;
    let state = StateView::find(&offline.state);
    let now = Timestamp::now();
    let found = manifests::read(paths, &offline.settings, state.as_ref(), now)?;
    let model = found.model;
    let kept = Kept::read(state.as_ref(), found.unreadable)?;
    let foresight = workbench::foresee(&kept.pages, &model, now);
    let orders: Vec<PlannedOrder> = foresight.wants.iter().map(PlannedOrder::of).collect();
    let ordered: BTreeSet<&str> = orders.iter().filter_map(PlannedOrder::awaited).collect();
    let plan = Plan {
        state_folder: state.map(|state| state.path().display().to_string()),
        unreadable: kept.unreadable.iter().map(told).collect(),
        listeners: changes::between(&kept.served, &ListenerView::all(&model), &ordered),
        limits: foresight.limits.iter().map(PlannedLimit::of).collect(),
        verdicts: of_manifests(found.verdicts).iter().map(VerdictView::from).collect(),
        orders,
    };
    match args.manifests.output.output {
        Output::Json => super::print_json(&plan)?,
        Output::Table => print(&plan.text(&offline.state, Screen::of_stdout(), now))?,
    }
    Ok(Findings::when(plan.has_problems()))
}

/// What a state folder remembers beside objects.
struct Kept {
    pages: Vec<Page>,
    served: Vec<ListenerView>,
    unreadable: Vec<Unreadable>,
}

impl Kept {
    fn read(state: Option<&StateView>, mut unreadable: Vec<Unreadable>) -> Result<Self> {
        let Some(state) = state else {
            return Ok(Self { pages: Vec::new(), served: Vec::new(), unreadable });
        };
        let pages = state.load_orders().context("what was ordered")?;
        let pages = pages.into_iter().map(|(name, text)| Page { name, text }).collect();
        let served = match state.load_served()?.map(|text| serde_json::from_str(&text)) {
            None => Vec::new(),
            Some(Ok(served)) => served,
            Some(Err(error)) => {
                unreadable.push(Unreadable { path: state.served(), why: error.to_string() });
                Vec::new()
            }
        };
        Ok(Self { pages, served, unreadable })
    }
}

fn told(Unreadable { path, why }: &Unreadable) -> String {
    format!("{} cannot be read, and a run would go on without it: {why}", path.display())
}

impl Plan {
    fn has_problems(&self) -> bool {
        self.orders.iter().any(PlannedOrder::is_refused)
            || !self.unreadable.is_empty()
            || !among(&self.verdicts).is_empty()
    }
}

#[cfg(test)]
mod tests;
