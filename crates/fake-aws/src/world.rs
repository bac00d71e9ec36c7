//! All that the fake knows, behind one lock.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    acm::Acm, authority::Authority, elb::Elb, faults::Faults, pca::PrivateCa, route53::Route53,
};

pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) acm: Acm,
    pub(crate) route53: Route53,
    pub(crate) elb: Elb,
    /// Amazon's public CA.
    pub(crate) authority: Authority,
    /// By ARN.
    pub(crate) private_cas: BTreeMap<String, PrivateCa>,
    pub(crate) faults: Faults,
    /// How often each operation was called.
    pub(crate) calls: BTreeMap<String, usize>,
}

/// What an operation comes to.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// An error as AWS tells it.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: "2026-03-01T00:00:00Z".parse().expect("it is a moment"),
            acm: Acm::default(),
            route53: Route53::default(),
            elb: Elb::default(),
            authority: Authority::new("Fake Amazon"),
            private_cas: BTreeMap::new(),
            faults: Faults::default(),
            calls: BTreeMap::new(),
        }
    }
}

impl Refusal {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into() }
    }

    pub(crate) fn throttled() -> Self {
        Self::new("ThrottlingException", "Rate exceeded")
    }
}
