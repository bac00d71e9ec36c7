//! What the API server should say of each object: a pure function from the Model, the verdicts
//! and the gateway's outcomes to statuses and events. `cluster` compares and writes.
//!
//! No clock, no network: times and budgets are arguments. What one run of [`events`] must know
//! of the ones before it is [`Said`], passed in and out.

mod budget;
mod event;
#[cfg(test)]
mod fixture;
mod live;
mod publish;
mod situation;
mod status;

pub use budget::{Budget, Rate};
pub use event::{Due, EventType, Heard, NewEvent, Said, events};
pub use live::{Live, LiveObject};
pub use publish::{Address, Publish};
pub use situation::{Outcomes, Situation, Trouble};
pub use status::{StatusChange, statuses};
