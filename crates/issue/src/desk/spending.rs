//! What orders of the last run took of their issuers' limits: the budgets may have been written
//! down before them.

use std::sync::Arc;

use jiff::Timestamp;
use model::Name;

use super::Desk;
use crate::{
    Entry,
    budget::{Charge, Kind},
};

/// What one order took of limits.
pub(super) struct Spending {
    issuer: Arc<str>,
    names: Vec<Name>,
    kind: Kind,
    at: Timestamp,
}

impl Spending {
    pub fn of(entry: &Entry) -> Self {
        let Entry { issuer, names, kind, began, .. } = entry;
        Self { issuer: issuer.clone(), names: names.clone(), kind: *kind, at: *began }
    }
}

impl Desk {
    /// Counts the orders of the last run whose issuers are known by now.
    pub(super) fn recount(&mut self) {
        let Self { known, uncounted, budgets, .. } = self;
        let orders = uncounted.extract_if(.., |order| known.plan(&order.issuer).is_some());
        let orders: Vec<Spending> = orders.collect();
        let charges = orders.iter().filter_map(|order| {
            let limits = &known.plan(&order.issuer)?.limits;
            let Spending { issuer, names, kind, at } = order;
            Some((Charge { issuer, limits, names, kind: *kind }, *at))
        });
        self.is_spent |= budgets.recount(charges);
    }
}
