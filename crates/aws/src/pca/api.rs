//! The calls to AWS Private CA, one function each.

use aws_sdk_acmpca::{
    Client,
    operation::get_certificate::GetCertificateError,
    primitives::Blob,
    types::{CertificateAuthorityStatus, SigningAlgorithm, Validity, ValidityPeriodType},
};
use issue::IssueError;

use super::Settings;
use crate::{
    Account,
    fault::{Call, fault},
};

pub(super) struct Api {
    client: Client,
}

pub(super) enum Answered {
    NotYet,
    /// Leaf first, then the chain up to the root.
    Signed {
        certificate_pem: String,
    },
}

const fn call(operation: &'static str) -> Call {
    Call { service: "acm-pca", operation }
}

impl Api {
    pub(super) fn new(account: &Account) -> Self {
        Self { client: Client::new(&account.config) }
    }

    /// Gives the certificate's ARN, before there is a certificate.
    pub(super) async fn issue(
        &self,
        settings: &Settings,
        csr_pem: &str,
        token: &str,
    ) -> Result<String, IssueError> {
        let algorithm = self.signing_algorithm(&settings.authority).await?;
        let validity = Validity::builder()
            .value(settings.days.into())
            .r#type(ValidityPeriodType::Days)
            .build()
            .map_err(|error| IssueError::refused(format!("the validity is incomplete: {error}")))?;
        let answer = self
            .client
            .issue_certificate()
            .certificate_authority_arn(&settings.authority)
            .csr(Blob::new(csr_pem))
            .signing_algorithm(algorithm)
            .template_arn(template(settings))
            .validity(validity)
            .idempotency_token(token)
            .send()
            .await
            .map_err(|error| fault(call("IssueCertificate"), &error))?;
        answer
            .certificate_arn
            .ok_or_else(|| IssueError::passing("the private CA answered without an ARN"))
    }

    /// The one that fits the CA's key; and whether it signs at all.
    async fn signing_algorithm(&self, authority: &str) -> Result<SigningAlgorithm, IssueError> {
        let answer = self
            .client
            .describe_certificate_authority()
            .certificate_authority_arn(authority)
            .send()
            .await
            .map_err(|error| fault(call("DescribeCertificateAuthority"), &error))?;
        let described = answer
            .certificate_authority
            .unwrap_or_else(|| aws_sdk_acmpca::types::CertificateAuthority::builder().build());
        match described.status {
            Some(CertificateAuthorityStatus::Active) | None => {}
            Some(status) => {
                return Err(IssueError::refused(format!(
                    "the private CA {authority} is {status}; only an active one signs"
                )));
            }
        }
        described
            .certificate_authority_configuration
            .map(|configuration| configuration.signing_algorithm)
            .ok_or_else(|| IssueError::passing("the private CA does not say how it signs"))
    }

    pub(super) async fn certificate(
        &self,
        authority: &str,
        arn: &str,
    ) -> Result<Answered, IssueError> {
        let answer = self
            .client
            .get_certificate()
            .certificate_authority_arn(authority)
            .certificate_arn(arn)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let mut certificate_pem = answer.certificate.unwrap_or_default();
                if !certificate_pem.ends_with('\n') {
                    certificate_pem.push('\n');
                }
                certificate_pem.push_str(&answer.certificate_chain.unwrap_or_default());
                Ok(Answered::Signed { certificate_pem })
            }
            Err(error) => match error.as_service_error() {
                Some(GetCertificateError::RequestInProgressException(_)) => Ok(Answered::NotYet),
                Some(GetCertificateError::RequestFailedException(why)) => {
                    let why = why.message().unwrap_or("it does not say why");
                    Err(IssueError::dead(format!("the private CA could not sign: {why}")))
                }
                _ => Err(fault(call("GetCertificate"), &error)),
            },
        }
    }
}

/// Templates are in the CA's own partition (`aws`, `aws-cn`).
fn template(settings: &Settings) -> String {
    settings.template.clone().unwrap_or_else(|| {
        let partition = settings.authority.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:acm-pca:::template/EndEntityServerAuthCertificate/V1")
    })
}
