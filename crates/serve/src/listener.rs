//! One bound listener: its socket, the state it serves by, and its connections.

mod accept;
mod bind;
mod door;
mod servers;
mod state;

pub use bind::BindError;
pub use door::{Common, Door, Shared};
pub use servers::{ServedServer, Servers};
pub use state::{Admission, ListenerState, StateBuilder};
