//! What the operator sees while a run is at work.

use crate::Step;

pub trait Progress: Sync {
    /// A step begins, told in words.
    fn step(&self, step: &Step, what: &str);

    /// Something worth a line: a wait, a connection that came back, a leader that moved.
    fn note(&self, text: &str);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _: &Step, _: &str) {}

    fn note(&self, _: &str) {}
}
