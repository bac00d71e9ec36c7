//! Sources of the World, and the state folder that Doorward writes on one machine.

pub mod state;
