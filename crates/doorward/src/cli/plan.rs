//! `doorward plan`: what would be ordered for manifests or a cluster, from whom and against which
//! limits, and what would be served differently. Nothing is touched and no issuer is asked: a run
//! begins with exactly this, unless a CA has its own opinion.

mod basis;
mod changes;
mod orders;
mod text;
mod workbench;

use std::collections::BTreeSet;

use ::watch::state::Unreadable;
use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Findings, print,
    problems::{among, of_manifests},
};
use crate::{
    args::{Output, PlanArgs},
    table::Screen,
    view::{ListenerView, VerdictView},
};
use basis::Basis;
use changes::ListenerChange;
use orders::{PlannedLimit, PlannedOrder};

/// What `plan -o json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    /// `None`: there is none, as before the first run or on a cluster.
    state_folder: Option<String>,
    /// As people name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    /// Its files that cannot be read; a run would go on without them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
    orders: Vec<PlannedOrder>,
    limits: Vec<PlannedLimit>,
    listeners: Vec<ListenerChange>,
    verdicts: Vec<VerdictView>,
}

pub fn plan(args: &PlanArgs) -> Result<Findings> {
    let now = Timestamp::now();
    let Basis { place, found, pages, served } = Basis::look(args, now)?;
    let foresight = workbench::foresee(&pages, &found.model, now);
    let orders: Vec<PlannedOrder> = foresight.wants.iter().map(PlannedOrder::of).collect();
    let ordered: BTreeSet<&str> = orders.iter().filter_map(PlannedOrder::awaited).collect();
    let change = |served: Vec<ListenerView>| {
        changes::between(&served, &ListenerView::all(&found.model), &ordered)
    };
    let plan = Plan {
        state_folder: place.state_folder(),
        cluster: place.cluster(),
        unreadable: found.unreadable.iter().map(told).collect(),
        listeners: served.map(change).unwrap_or_default(),
        limits: foresight.limits.iter().map(PlannedLimit::of).collect(),
        verdicts: of_manifests(found.verdicts).iter().map(VerdictView::from).collect(),
        orders,
    };
    match args.look.output.output {
        Output::Json => super::print_json(&plan)?,
        Output::Table => print(&plan.text(&place, Screen::of_stdout(), now))?,
    }
    Ok(Findings::when(plan.has_problems()))
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
