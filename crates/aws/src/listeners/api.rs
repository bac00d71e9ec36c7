//! The calls to Elastic Load Balancing, one function each.

use aws_sdk_elasticloadbalancingv2::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::Certificate,
};
use issue::IssueError;
use model::Arn;

use super::Action;
use crate::{
    Account,
    fault::{Call, fault},
};

pub(super) struct Api {
    client: Client,
}

pub(super) enum Done {
    Yes,
    /// The certificate is not known, or not good, where the load balancer looks.
    NotYet,
    TooMany,
}

const fn call(operation: &'static str) -> Call {
    Call { service: "elasticloadbalancing", operation }
}

impl Api {
    pub(super) fn new(account: &Account) -> Self {
        Self { client: Client::new(&account.config) }
    }

    /// ARN of its load balancer, and its default certificate; `None`: there is no such listener.
    pub(super) async fn listener(
        &self,
        arn: &str,
    ) -> Result<Option<(String, Option<Arn>)>, IssueError> {
        let request = self.client.describe_listeners().listener_arns(arn);
        let answer = match request.send().await {
            Err(error) if error.code() == Some("ListenerNotFound") => return Ok(None),
            answer => answer.map_err(|error| fault(call("DescribeListeners"), &error))?,
        };
        let Some(listener) = answer.listeners().first() else { return Ok(None) };
        let Some(default) = listener.certificates().first() else {
            return Err(IssueError::refused(format!(
                "the listener {arn} ends no TLS, so it takes no certificate: name one of protocol HTTPS or TLS"
            )));
        };
        let default = default.certificate_arn.as_deref().and_then(Arn::parse);
        Ok(Some((listener.load_balancer_arn.clone().unwrap_or_default(), default)))
    }

    /// ARNs of what is attached beside the default, which may be among them.
    pub(super) async fn certificates(&self, listener: &str) -> Result<Vec<Arn>, IssueError> {
        let request = self.client.describe_listener_certificates().listener_arn(listener);
        let mut pages = request.into_paginator().items().send();
        let mut arns = Vec::new();
        while let Some(certificate) = pages.next().await {
            let certificate =
                certificate.map_err(|error| fault(call("DescribeListenerCertificates"), &error))?;
            if certificate.is_default != Some(true) {
                arns.extend(certificate.certificate_arn.as_deref().and_then(Arn::parse));
            }
        }
        Ok(arns)
    }

    /// Each takes one certificate, and can be done again.
    pub(super) async fn carry_out(
        &self,
        listener: &str,
        action: &Action,
    ) -> Result<Done, IssueError> {
        let certificate = Certificate::builder().certificate_arn(action.arn().as_str()).build();
        match action {
            Action::Add(_) => done(
                call("AddListenerCertificates"),
                self.client
                    .add_listener_certificates()
                    .listener_arn(listener)
                    .certificates(certificate)
                    .send()
                    .await,
            ),
            Action::Remove(_) => done(
                call("RemoveListenerCertificates"),
                self.client
                    .remove_listener_certificates()
                    .listener_arn(listener)
                    .certificates(certificate)
                    .send()
                    .await,
            ),
            Action::MakeDefault(_) => done(
                call("ModifyListener"),
                self.client
                    .modify_listener()
                    .listener_arn(listener)
                    .certificates(certificate)
                    .send()
                    .await,
            ),
        }
    }
}

fn done<T, E>(call: Call, answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Done, IssueError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Err(error) = answer else { return Ok(Done::Yes) };
    match error.code() {
        Some("CertificateNotFound" | "UnsupportedCertificate") => Ok(Done::NotYet),
        Some("TooManyCertificates") => Ok(Done::TooMany),
        _ => Err(fault(call, &error)),
    }
}
