//! The source against an API server: one story each.

mod both;
mod changes;
mod faults;
pub(crate) mod scene;
mod secrets;

use super::*;
