//! Keeps certificates renewable: once a day their validation records are put back where somebody
//! took them away.

use std::fmt;

use aws_sdk_acm::types::{CertificateStatus, RenewalStatus};
use issue::IssueError;

use super::{
    AT_RISK_BEFORE_END, AcmIssuer,
    seen::{Records, Seen},
    spec,
};

/// What people should know of a certificate in ACM.
#[derive(Debug)]
pub struct Finding {
    pub arn: String,
    /// The certificate it was requested for, as the tag says.
    pub certificate: String,
    pub problem: Problem,
}

#[derive(Debug)]
pub enum Problem {
    /// A record that ACM needs for the next renewal could not be put back.
    Record(IssueError),
    /// The end is near, and ACM has not renewed it.
    RenewalAtRisk,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arn, certificate, problem } = self;
        match problem {
            Problem::Record(error) => write!(
                f,
                "{certificate}: ACM cannot renew {arn} without its validation record, which cannot be put back: {error}"
            ),
            Problem::RenewalAtRisk => write!(
                f,
                "{certificate}: the end of {arn} is near, and ACM has not renewed it; see its renewal status there"
            ),
        }
    }
}

impl AcmIssuer {
    /// Looks at every issued certificate of this cluster.
    pub async fn look_after(&self) -> Result<Vec<Finding>, IssueError> {
        let mut findings = Vec::new();
        for listed in self.inventory.list().await?.iter() {
            if listed.status != CertificateStatus::Issued {
                continue;
            }
            let Some(tags) = self.inventory.tags(&listed.arn).await? else { continue };
            let Some(certificate) = spec::claim(&tags, &self.settings) else { continue };
            let Some(seen) = self.api.describe(&listed.arn).await? else { continue };
            let found = |problem| Finding {
                arn: listed.arn.clone(),
                certificate: certificate.to_owned(),
                problem,
            };
            if let Records::Known(records) = &seen.records
                && let Err(error) = self.place(records).await
            {
                findings.push(found(Problem::Record(error)));
            }
            if self.is_at_risk(&seen) {
                findings.push(found(Problem::RenewalAtRisk));
            }
        }
        Ok(findings)
    }

    fn is_at_risk(&self, seen: &Seen) -> bool {
        let now = (self.clock)();
        let is_near =
            seen.not_after.is_some_and(|end| end.duration_since(now) < AT_RISK_BEFORE_END);
        is_near && seen.renewal != Some(RenewalStatus::Success)
    }
}
