//! What must be right before anything is touched. Pure: looks at what was seen, and says with
//! each reason against how to cure it.

mod elsewhere;
mod etcd;
mod files;
mod hosts;
mod kubernetes;
mod owned;
mod strangers;

use crate::{
    Facts,
    expiry::Condition,
    finding::Finding,
    health::Health,
    plan::{Mode, Wish, scope::Scope},
};

/// All that is looked at.
pub(crate) struct Look<'a> {
    pub facts: &'a Facts,
    pub health: &'a Health,
    pub wish: &'a Wish,
    pub scope: &'a Scope,
    pub condition: &'a Condition,
    pub mode: Mode,
}

#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// Each alone keeps the rotation from beginning.
    pub against: Vec<Finding>,
    /// What the operator should know.
    pub notes: Vec<String>,
}

pub(crate) fn look(look: &Look<'_>) -> Looked {
    let mut looked = Looked::default();
    hosts::look(look, &mut looked);
    files::look(look, &mut looked);
    strangers::look(look, &mut looked);
    etcd::look(look, &mut looked);
    kubernetes::look(look, &mut looked);
    elsewhere::look(look, &mut looked);
    looked
}

impl Look<'_> {
    /// Whether members stop for a while, one after the other.
    fn stops_members(&self) -> bool {
        self.changes_authorities() || self.is_owned()
    }

    /// Whether a product renews its certificates itself, all of them.
    fn is_owned(&self) -> bool {
        self.facts.hosts.values().any(|host| host.product.is_some())
    }

    /// Whether some authority changes, so that a missing host would be locked out.
    fn changes_authorities(&self) -> bool {
        self.mode != Mode::Leaf || self.scope.is_following()
    }
}

#[cfg(test)]
mod tests;
