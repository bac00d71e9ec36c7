//! All orders as people see them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Desk, Slot, case::Case, queue::Place};
use crate::{
    Order, OrderStage, OrderState, Phase,
    order::BudgetWait,
    policy::{Decision, decide},
};

impl Desk {
    /// Sorted by id.
    pub fn orders(&self, now: Timestamp) -> Vec<Order> {
        let lines: BTreeMap<Slot, BudgetWait> = self
            .queues
            .in_lines()
            .map(|(slot, key, nth)| {
                let limit = self.limit(&key.issuer, &key.limit);
                let until = limit.map_or(now, |limit| self.budgets.when(limit, key, nth, now));
                (slot, BudgetWait { limit: key.to_string(), until })
            })
            .collect();
        let shown = |(_, slot): (_, &Slot)| {
            let case = self.case(*slot)?;
            self.show(case, lines.get(slot).cloned(), now)
        };
        self.by_id.iter().filter_map(shown).collect()
    }

    fn show(&self, case: &Case, budget: Option<BudgetWait>, now: Timestamp) -> Option<Order> {
        let want = case.want.as_ref()?;
        let has_failed = case.failures + case.stumbles > 0;
        let decision = decide(
            want,
            self.known.plan(&want.issuer).unwrap_or(&Default::default()),
            case.window.said.as_ref(),
            now,
        );
        let (state, stage) = match (&case.open, &case.place) {
            (_, Place::Line(..)) => (OrderState::Pending, OrderStage::Budget),
            _ if has_failed => (OrderState::Failed, OrderStage::Failed),
            (Some(open), _) => {
                let stage = match (open.seen_by, &open.delivery, open.entry.phase) {
                    (Some(_), _, _) => OrderStage::Stored,
                    (None, Some(_), _) => OrderStage::Storing,
                    (None, None, Phase::Open(stage)) => stage.into(),
                    (None, None, Phase::Over) => OrderStage::Ordering,
                };
                (OrderState::Pending, stage)
            }
            (None, _) => match decision {
                Decision::Keep { .. } => (OrderState::Issued, OrderStage::Served),
                Decision::Obtain(_) if case.hold.is_some_and(|hold| hold > now) => {
                    (OrderState::Failed, OrderStage::Failed)
                }
                Decision::Obtain(_) => (OrderState::Pending, OrderStage::Queued),
            },
        };
        let message = match (&budget, decision) {
            (Some(wait), _) => {
                format!("waits for a limit of its issuer: {}", wait.limit)
            }
            (None, Decision::Obtain(why)) if stage == OrderStage::Queued => {
                format!("waits its turn: {why}")
            }
            (None, _) if stage == OrderStage::Served => "in hand".to_owned(),
            (None, _) => case.message.clone(),
        };
        let next_attempt = match decision {
            _ if budget.is_some() => budget.as_ref().map(|wait| wait.until),
            Decision::Keep { until } if stage == OrderStage::Served => Some(until),
            _ => case.goes_on().filter(|next| *next > now),
        };
        let asked = match &case.open {
            Some(open) => Some(open.entry.issuer.clone()),
            None => case.asked(&self.known),
        };
        Some(Order {
            id: want.id.clone(),
            names: want.names.clone(),
            asked: asked.filter(|asked| *asked != want.issuer),
            issuer: want.issuer.clone(),
            state,
            stage,
            message,
            updated: case.updated,
            failures: case.failures + case.stumbles,
            next_attempt,
            expires: want.held.as_ref().map(|held| held.not_after),
            renewal_window: case.window.said.clone(),
            budget,
        })
    }
}
