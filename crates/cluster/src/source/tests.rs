//! The source against an API server: one story each.

mod changes;
mod faults;
mod scene;
mod secrets;

use super::*;
