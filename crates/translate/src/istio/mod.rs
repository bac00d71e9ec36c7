//! The dialect `istio`: Istio's Gateways say which ports are open for which hosts, with which
//! certificates, and VirtualServices say where requests go from there.
//!
//! All Gateways that are meant for this process are one load balancer. What one object alone says
//! is kept from run to run ([`Kept`]); what several want of one port is settled anew each time.

mod admit;
mod claims;
mod doors;
mod draft;
mod gateway;
mod kept;
mod redirect;
mod secure;
mod virtual_service;
mod virtual_services;

pub(crate) use claims::claim;
pub(crate) use gateway::secret_of;
pub(crate) use kept::Kept;
