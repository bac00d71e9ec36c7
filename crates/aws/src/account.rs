//! The way to one AWS account and region: who we are there, and how patient we are.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, Region, SdkConfig, retry::RetryConfig, sts::AssumeRoleProvider,
    timeout::TimeoutConfig,
};

/// Calls of one operation before its error is told. The vendor's clients pause between them,
/// longer each time and with jitter; throttling counts as an error that passes.
const ATTEMPTS: u32 = 5;
/// Longer than AWS takes for any call made here, shorter than anybody wants to wait for none.
const CALL: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(5);

/// Cheap to clone; all clients made of it share its credentials.
#[derive(Clone, Debug)]
pub struct Account {
    pub(crate) config: SdkConfig,
}

/// A role to act in, perhaps of another account: for zones that live elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub arn: String,
    /// What the role's trust policy may ask for (`sts:ExternalId`).
    pub external_id: Option<String>,
}

impl Account {
    /// Finds credentials as every AWS tool does: environment, profile files, web identity (IRSA),
    /// container endpoint (EKS Pod Identity), instance metadata. Nothing is asked of them yet.
    ///
    /// Without `region` the environment and the profile say which; without these, metadata does.
    /// `endpoint`: instead of AWS's own.
    pub async fn open(
        region: Option<String>,
        endpoint: Option<String>,
        role: Option<Role>,
    ) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts());
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        match role {
            None => Self { config },
            Some(role) => Self::assume(config, role).await,
        }
    }

    /// An account whose every part is known: for tests and for endpoints of one's own.
    pub fn of(config: SdkConfig) -> Self {
        Self { config }
    }

    async fn assume(config: SdkConfig, role: Role) -> Self {
        let mut assumed =
            AssumeRoleProvider::builder(role.arn).session_name("doorward").configure(&config);
        if let Some(id) = role.external_id {
            assumed = assumed.external_id(id);
        }
        let provider = assumed.build().await;
        let config = config
            .into_builder()
            .credentials_provider(aws_sdk_acm::config::SharedCredentialsProvider::new(provider))
            .build();
        Self { config }
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(CALL).build()
}
