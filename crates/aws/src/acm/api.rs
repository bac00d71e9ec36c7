//! The calls to ACM, one function each.

use aws_sdk_acm::{
    Client,
    primitives::Blob,
    types::{CertificateExport, CertificateOptions, KeyAlgorithm, Tag, ValidationMethod},
};
use issue::{IssueError, KeyKind};
use zeroize::Zeroizing;

use super::{
    export::{Exported, passphrase},
    seen::Seen,
    spec::Spec,
};
use crate::{
    Account,
    fault::{Call, fault},
};

pub(super) struct Api {
    client: Client,
}

const fn call(operation: &'static str) -> Call {
    Call { service: "acm", operation }
}

impl Api {
    pub(super) fn new(account: &Account) -> Self {
        Self { client: Client::new(&account.config) }
    }

    /// Gives the ARN.
    pub(super) async fn request(
        &self,
        spec: &Spec,
        token: &str,
        tags: Vec<(String, String)>,
    ) -> Result<String, IssueError> {
        let tags = tags.into_iter().map(tag).collect::<Result<_, _>>()?;
        let names = spec.names.iter().map(|name| name.as_str().to_owned()).collect();
        let options = CertificateOptions::builder().export(CertificateExport::Enabled).build();
        let mut request = self
            .client
            .request_certificate()
            .domain_name(spec.common_name.as_str())
            .set_subject_alternative_names(Some(names))
            .idempotency_token(token)
            .key_algorithm(match spec.key {
                KeyKind::EcdsaP256 => KeyAlgorithm::EcPrime256v1,
                KeyKind::Rsa2048 => KeyAlgorithm::Rsa2048,
            })
            .set_tags(Some(tags));
        request = match &spec.authority {
            // What a private CA issues can be exported anyway.
            Some(arn) => request.certificate_authority_arn(arn),
            None => request.options(options).validation_method(ValidationMethod::Dns),
        };
        let answer =
            request.send().await.map_err(|error| fault(call("RequestCertificate"), &error))?;
        answer.certificate_arn.ok_or_else(|| IssueError::passing("ACM answered without an ARN"))
    }

    /// `None` when ACM has no such certificate.
    pub(super) async fn describe(&self, arn: &str) -> Result<Option<Seen>, IssueError> {
        let answer = self.client.describe_certificate().certificate_arn(arn).send().await;
        match answer {
            Ok(answer) => Ok(answer.certificate.as_ref().map(Seen::of)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(fault(call("DescribeCertificate"), &error)),
        }
    }

    pub(super) async fn tag(&self, arn: &str, pair: (String, String)) -> Result<(), IssueError> {
        let request = self.client.add_tags_to_certificate().certificate_arn(arn).tags(tag(pair)?);
        request.send().await.map_err(|error| fault(call("AddTagsToCertificate"), &error))?;
        Ok(())
    }

    pub(super) async fn export(&self, arn: &str) -> Result<Exported, IssueError> {
        let passphrase = passphrase()?;
        let answer = self
            .client
            .export_certificate()
            .certificate_arn(arn)
            .passphrase(Blob::new(passphrase.as_bytes()))
            .send()
            .await
            .map_err(|error| fault(call("ExportCertificate"), &error))?;
        Ok(Exported {
            certificate_pem: answer.certificate.unwrap_or_default(),
            chain_pem: answer.certificate_chain.unwrap_or_default(),
            encrypted_key_pem: Zeroizing::new(answer.private_key.unwrap_or_default()),
            passphrase,
        })
    }

    pub(super) async fn renew(&self, arn: &str) -> Result<(), IssueError> {
        let request = self.client.renew_certificate().certificate_arn(arn);
        request.send().await.map_err(|error| fault(call("RenewCertificate"), &error))?;
        Ok(())
    }

    /// One that is not there any more is no error; one that is in use is, and passes.
    pub(super) async fn delete(&self, arn: &str) -> Result<(), IssueError> {
        let answer = self.client.delete_certificate().certificate_arn(arn).send().await;
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(fault(call("DeleteCertificate"), &error)),
        }
    }
}

fn tag((key, value): (String, String)) -> Result<Tag, IssueError> {
    Tag::builder()
        .key(key)
        .value(value)
        .build()
        .map_err(|error| IssueError::refused(format!("a tag for ACM is incomplete: {error}")))
}
