//! What goes wrong on purpose, and what was called.

use crate::{FakeAws, world::World};

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `ThrottlingException`, nothing done.
    Throttle,
    /// This code, with status 400, nothing done.
    Refuse(&'static str),
    /// The connection is cut, nothing done.
    Lost,
    /// It is done, and the connection is cut before the answer.
    DoneButLost,
    /// The answer has status 200 and this body, nothing done.
    Garbled(&'static str),
}

#[derive(Default)]
pub(crate) struct Faults {
    /// Operation, calls until then, how often, what.
    scripted: Vec<Script>,
    /// Calls until every answer is lost, the first of them after it was done.
    cut_after: Option<usize>,
}

struct Script {
    operation: String,
    skip: usize,
    times: usize,
    fault: Fault,
}

impl FakeAws {
    /// Lets the next `times` calls of an operation (`RequestCertificate`) go wrong.
    pub fn fail(&self, operation: &str, times: usize, fault: Fault) {
        self.fail_later(operation, 0, times, fault);
    }

    /// As [`FakeAws::fail`], after `skip` more calls of it that go well.
    pub fn fail_later(&self, operation: &str, skip: usize, times: usize, fault: Fault) {
        let operation = operation.to_owned();
        self.world().faults.scripted.push(Script { operation, skip, times, fault });
    }

    /// Carries out `calls` more calls, and loses the answer of the last of them and everything
    /// after it, as if the caller had been killed there; until [`FakeAws::mend`].
    pub fn cut_after(&self, calls: usize) {
        self.world().faults.cut_after = Some(calls);
    }

    /// Whether the cut has come.
    pub fn is_cut(&self) -> bool {
        self.world().faults.cut_after == Some(0)
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self) {
        self.world().faults = Faults::default();
    }

    /// How often an operation was called.
    pub fn count(&self, operation: &str) -> usize {
        self.world().calls.get(operation).copied().unwrap_or_default()
    }

    /// Every call, of any operation.
    pub fn count_all(&self) -> usize {
        self.world().calls.values().sum()
    }
}

/// Counts the call, and says what is to go wrong with it.
pub(crate) fn meet(world: &mut World, operation: &str) -> Option<Fault> {
    *world.calls.entry(operation.to_owned()).or_default() += 1;
    match &mut world.faults.cut_after {
        Some(0) => return Some(Fault::Lost),
        Some(left) => {
            *left -= 1;
            if *left == 0 {
                return Some(Fault::DoneButLost);
            }
        }
        None => {}
    }
    let scripted = &mut world.faults.scripted;
    let script = scripted.iter_mut().find(|one| one.operation == operation && one.times > 0)?;
    if script.skip > 0 {
        script.skip -= 1;
        return None;
    }
    script.times -= 1;
    Some(script.fault.clone())
}
