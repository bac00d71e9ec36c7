//! What a certificate is for that nobody here has made: AWS tells it by its ARN.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_acm::{Client, types::CertificateStatus};
use issue::IssueError;
use jiff::Timestamp;
use model::{Arn, Name};

use crate::{
    Account,
    fault::{Call, fault},
};

/// A certificate changes when it is renewed, which is weeks before its end.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// What has to be known of a certificate to weigh it against others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub names: Vec<Name>,
    pub not_after: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    Usable(Facts),
    /// It is for these names, and not issued, or not valid any more.
    Unusable(Vec<Name>),
    Missing,
}

pub(super) struct Lookup {
    client: Client,
    known: Mutex<BTreeMap<Arn, (Timestamp, Facts)>>,
}

impl Lookup {
    pub(super) fn new(account: &Account) -> Self {
        Self { client: Client::new(&account.config), known: Mutex::default() }
    }

    /// Only what can be used is remembered: the rest may change at any time.
    pub(super) async fn of(&self, arn: &Arn, now: Timestamp) -> Result<Looked, IssueError> {
        if let Some(facts) = self.remembered(arn, now) {
            return Ok(Looked::Usable(facts));
        }
        let looked = self.describe(arn, now).await?;
        if let Looked::Usable(facts) = &looked {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(arn.clone(), (now, facts.clone()));
        }
        Ok(looked)
    }

    fn remembered(&self, arn: &Arn, now: Timestamp) -> Option<Facts> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (seen, facts)| {
            let age = Duration::try_from(now.duration_since(*seen));
            age.is_ok_and(|age| age < FRESH) && facts.not_after > now
        });
        known.get(arn).map(|(_, facts)| facts.clone())
    }

    async fn describe(&self, arn: &Arn, now: Timestamp) -> Result<Looked, IssueError> {
        let answer = self.client.describe_certificate().certificate_arn(arn.as_str()).send().await;
        let detail = match answer {
            Ok(answer) => answer.certificate,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                None
            }
            Err(error) => {
                let call = Call { service: "acm", operation: "DescribeCertificate" };
                return Err(fault(call, &error));
            }
        };
        let Some(detail) = detail else { return Ok(Looked::Missing) };
        let names = detail.subject_alternative_names();
        // A name that no host can have is nobody's.
        let names: Vec<Name> = names.iter().filter_map(|name| Name::parse(name).ok()).collect();
        let end = detail.not_after.and_then(|at| Timestamp::from_second(at.secs()).ok());
        Ok(match (detail.status, end) {
            (Some(CertificateStatus::Issued), Some(not_after)) if not_after > now => {
                Looked::Usable(Facts { names, not_after })
            }
            _ => Looked::Unusable(names),
        })
    }
}
