//! What a run keeps on the operator's machine: `STATE/pki/R12/`, readable by its owner only.
//!
//! The folder holds the plan, how the cluster was found, each content that a file of the run ever
//! has (keys among them, by digest), the roads that files take, and the journal. Everything is
//! written whole and synced before it is relied on, so that a kill leaves a folder to go on from.
//! What the machines look like is never read from here.

mod files;
mod folder;
mod limits;
mod pairs;
mod roads;
mod scene;

pub use folder::{RunError, RunFolder};
pub use limits::Limits;
pub use pairs::TornPair;
pub use roads::{Leg, Roads, Stand, changes};
pub use scene::{Found, Scene, SceneEtcd, SceneHost};

#[cfg(test)]
mod tests;
