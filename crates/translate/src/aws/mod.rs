//! The dialect `aws`: Ingresses as the AWS Load Balancer Controller reads them, with the
//! annotations under `alb.ingress.kubernetes.io/` in AWS's spelling, and IngressClassParams.
//!
//! Ingresses of one group share a load balancer; one without a group has its own. Each says which
//! ports it wants, and nobody else declares them.

mod attach;
mod certificates;
mod claims;
mod group;
mod keys;
mod members;
mod mutual;
mod params;
mod policy;
mod read;

pub(crate) use attach::{attach_field, misplaced};
pub(crate) use claims::claim;
pub(crate) use group::AwsMember;
pub(crate) use params::check as check_params;
pub(crate) use read::AwsIngress;
