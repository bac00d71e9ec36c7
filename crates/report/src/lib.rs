//! What the API server should say of each object: a pure function from the Model, the verdicts
//! and the gateway's outcomes to statuses and events. `cluster` compares and writes.

mod live;

pub use live::{Live, LiveObject};
