//! Records written into zones that are no cloud's: by dynamic update (RFC 2136), or by a command
//! of the user's.

mod authority;
pub(crate) mod caa;
mod command;
pub(crate) mod delegation;
mod exchange;
pub(crate) mod resolver;
mod rfc2136;

pub use command::Command;
pub use rfc2136::{Rfc2136, TsigKey};

#[cfg(test)]
pub(crate) use exchange::{ask, name};
