//! What the dialects of Ingresses share: from one Ingress to its rules, and from many Ingresses to
//! the rules of one listener.
//!
//! [`Plan`] is all that follows from the Ingress alone, [`Built`] adds the backends, and
//! [`merge`] settles what the Ingresses of one listener want of each other (order, doubles,
//! canaries). The first two are kept from run to run.

mod actions;
mod annotations;
mod build;
mod canary;
mod conditions;
mod cors;
mod filters;
mod json_list;
mod known_keys;
mod limit;
mod merge;
mod net;
mod options;
mod path;
mod placement;
mod plan;
mod precedence;
mod reader;
mod rules;
mod said;
mod tls;

pub(crate) use annotations::{
    ALB_PREFIX, Annotations, ELB_PREFIX, OWN_PREFIX, annotation_in, field,
};
pub(crate) use build::{Built, build};
pub(crate) use merge::{Member, Merge, RuleOrder, no_rule};
pub(crate) use net::parse_net;
pub(crate) use placement::parse_listen_ports;
pub(crate) use plan::Plan;
pub(crate) use reader::Reader;
pub(crate) use tls::issuer;

#[cfg(test)]
mod tests;
