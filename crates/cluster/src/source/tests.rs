//! The source against an API server: one story each.

mod both;
mod changes;
mod faults;
pub(super) mod scene;
mod secrets;

use super::*;
