//! What tests of this crate share: an account at the fake, orders, and the loop that takes their
//! steps while virtual time passes.

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_acm::config::{Credentials, SharedCredentialsProvider};
use fake_aws::FakeAws;
use issue::{IssueError, Issued, Issuer, KeyKind, Progress, Request, Step};
use model::{Certificate, CertificateId, Name};

use crate::Account;

/// More steps than any order takes.
const STEPS: usize = 2000;

/// An account whose clients try `attempts` times, without pauses worth the name.
pub(crate) fn account(aws: &FakeAws, attempts: u32) -> Account {
    account_at(&aws.url(), attempts)
}

pub(crate) fn account_at(url: &str, attempts: u32) -> Account {
    let credentials = Credentials::new("AKIDTEST", "secret", None, None, "test");
    let retries = RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(Duration::from_millis(1));
    Account::of(
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retries)
            .timeout_config(
                TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build(),
            )
            .build(),
    )
}

pub(crate) fn order(names: &[&str], serial: u64) -> Request {
    let mut names: Vec<Name> = names.iter().map(|name| name.parse().unwrap()).collect();
    names.sort();
    Request {
        id: CertificateId::secret("shop", "tls"),
        names,
        key: KeyKind::EcdsaP256,
        replaces: None,
        serial,
    }
}

/// Takes steps until the order is through or fails, passing the time that each asks for.
pub(crate) async fn run(
    aws: &FakeAws,
    issuer: &dyn Issuer,
    order: &Request,
) -> Result<Issued, IssueError> {
    let mut progress = Progress::default();
    for _ in 0..STEPS {
        match issuer.advance(order, &progress).await? {
            Step::Issued(issued) => return Ok(issued),
            Step::Continue { progress: next, after, .. } => {
                progress = next;
                aws.pass(after);
            }
        }
    }
    panic!("no end after {STEPS} steps")
}

pub(crate) fn read(issued: &Issued) -> Arc<Certificate> {
    Arc::new(x509::read_pair(issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes()).unwrap())
}
