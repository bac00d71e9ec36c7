//! World in, Model and verdicts out: a pure function of (World, settings, memory, now). No
//! clock, no network, no async.
//!
//! The rooms, in order: a *dialect* turns objects into claims on
//! listeners; a merge settles who gets an address and port; the binder chooses what
//! each listener holds; then the Model is put together.

pub mod claim;
mod dialect;
pub mod memory;
pub mod settings;
pub mod world;

use jiff::Timestamp;
use model::{Model, Verdict};

pub use memory::Memory;
pub use settings::Settings;
pub use world::World;

/// What one snapshot of the World comes to.
#[derive(Debug, Default)]
pub struct Translation {
    pub model: Model,
    /// One or more for each object that asks for something, sorted by object.
    pub verdicts: Vec<Verdict>,
    /// What the next translation must remember of this one.
    pub memory: Memory,
    /// When time alone changes the answer next: a certificate expires, begins, or enters its
    /// warning time.
    pub next_change: Option<Timestamp>,
}
