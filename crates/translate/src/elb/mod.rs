//! The dialect `elb`: what CCE, Huawei's Kubernetes, reads from annotations under
//! `kubernetes.io/elb.`.
//!
//! A Service of type `LoadBalancer` opens HTTP and HTTPS listeners for its own ports, without any
//! routing. An Ingress of class `cce` goes to one listener or several, with routing by host and
//! path. Both name the load balancer they belong to; any number of objects may name the same.

mod access;
mod autocreate;
mod balancer;
mod certificates;
mod ingress;
mod json;
mod keys;
mod past;
mod policy;
mod service;
mod settings;
mod standing;

pub(crate) use ingress::{ElbIngress, ElbMember, claim_ingresses};
pub(crate) use past::Past;
pub(crate) use service::{ElbService, claim_service};

#[cfg(test)]
mod tests;
