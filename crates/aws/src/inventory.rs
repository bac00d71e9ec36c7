//! Which certificates ACM has in one account and region.
//!
//! ACM allows few listings a second to the whole account, so everybody here reads one listing,
//! made anew every five minutes and after own writes. Tags are read only of certificates that
//! come into question.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use aws_sdk_acm::{
    Client,
    types::{CertificateStatus, CertificateSummary, Filters, KeyAlgorithm},
};
use issue::IssueError;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    Account,
    fault::{Call, fault},
};

const GOOD_FOR: Duration = Duration::from_secs(5 * 60);

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// One certificate as the listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub arn: String,
    /// In lower case. The listing shows a hundred at most.
    pub names: BTreeSet<String>,
    pub has_more_names: bool,
    pub status: CertificateStatus,
    pub is_in_use: bool,
    /// Seconds since 1970.
    pub created: i64,
}

/// Keep one for each account and region.
pub struct Inventory {
    client: Client,
    listed: Mutex<Option<(Instant, Arc<[Listed]>)>>,
}

impl Inventory {
    pub fn new(account: &Account) -> Self {
        Self { client: Client::new(&account.config), listed: Mutex::default() }
    }

    /// All certificates, of all key types: by itself ACM lists those with RSA keys of 2048 bits
    /// only.
    pub async fn list(&self) -> Result<Arc<[Listed]>, IssueError> {
        const CALL: Call = Call { service: "acm", operation: "ListCertificates" };
        let mut listed = self.listed.lock().await;
        if let Some((at, certificates)) = &*listed
            && at.elapsed() < GOOD_FOR
        {
            return Ok(certificates.clone());
        }
        let all_keys = KeyAlgorithm::values().iter().map(|&value| value.into()).collect();
        let filters = Filters::builder().set_key_types(Some(all_keys)).build();
        let mut pages =
            self.client.list_certificates().includes(filters).into_paginator().items().send();
        let mut certificates = Vec::new();
        while let Some(summary) = pages.next().await {
            certificates.extend(read(summary.map_err(|error| fault(CALL, &error))?));
        }
        let certificates: Arc<[Listed]> = certificates.into();
        *listed = Some((Instant::now(), certificates.clone()));
        Ok(certificates)
    }

    /// The next listing is made anew.
    pub async fn forget(&self) {
        *self.listed.lock().await = None;
    }

    /// `None` when the certificate is not there any more.
    pub async fn tags(&self, arn: &str) -> Result<Option<Tags>, IssueError> {
        const CALL: Call = Call { service: "acm", operation: "ListTagsForCertificate" };
        let answer = self.client.list_tags_for_certificate().certificate_arn(arn).send().await;
        match answer {
            Ok(answer) => Ok(Some(
                answer
                    .tags()
                    .iter()
                    .map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default()))
                    .collect(),
            )),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(fault(CALL, &error)),
        }
    }
}

fn read(summary: CertificateSummary) -> Option<Listed> {
    let names = summary
        .subject_alternative_name_summaries()
        .iter()
        .chain(&summary.domain_name)
        .map(|name| name.to_ascii_lowercase())
        .collect();
    Some(Listed {
        names,
        has_more_names: summary.has_additional_subject_alternative_names.unwrap_or_default(),
        status: summary.status?,
        is_in_use: summary.in_use.unwrap_or_default(),
        created: summary.created_at.map_or(0, |at| at.secs()),
        arn: summary.certificate_arn?,
    })
}
