//! The dialect `alb`: an AlbConfig is one load balancer, its listeners are those of
//! `spec.listeners`, and any number of Ingresses refer to them by port and protocol.

mod access;
mod certificates;
mod claims;
mod config;
mod forwarded;
mod instance;
mod listener;
mod policy;

pub(crate) use claims::claim;
pub(crate) use config::AlbConfig;

#[cfg(test)]
mod tests;
