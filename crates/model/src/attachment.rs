//! Certificates on listeners that somebody else runs: those of AWS load balancers.

use std::sync::Arc;

use crate::{Arn, Certificate, Name, ObjectRef};

/// A listener of an AWS load balancer, and what objects want on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub listener: Arn,
    /// The Issuer in whose account the calls are made; `None`: nobody can make any now, and what
    /// is attached stays.
    pub issuer: Option<Arc<str>>,
    /// In the order of the objects, each once; the first is wanted most, and as the default.
    pub certificates: Vec<AttachedCertificate>,
    /// Names whose certificates are not in AWS, or not yet. What the listener has for them stays.
    pub pending: Vec<Name>,
    /// All objects that name the listener. Sorted.
    pub wanted_by: Vec<ObjectRef>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedCertificate {
    /// In AWS Certificate Manager.
    pub arn: Arn,
    /// What an issuer of ours brought; `None` where an object named the ARN, and only AWS knows
    /// what is behind it.
    pub held: Option<Arc<Certificate>>,
    /// The first that asked.
    pub wanted_by: ObjectRef,
}
