//! One bound listener: its socket, the state it serves by, and its connections.

mod accept;
mod bind;
mod door;
mod state;

pub use bind::BindError;
pub use door::{Common, Door, Shared};
pub use state::{ListenerState, StateBuilder};
