//! The steps of an order with the CA: placed, found again, finalised, received.

use std::time::Duration;

use instant_acme::{CertificateIdentifier, Error, Identifier, NewOrder, Order, OrderStatus};
use issue::{IssueError, Issued, Request, Stage, Step};

use crate::{
    AcmeIssuer, download, fault,
    issuer::{PAUSE, proceed},
    key,
    progress::Kept,
    received,
};

impl AcmeIssuer {
    pub(crate) async fn place(
        &self,
        request: &Request,
        mut kept: Kept,
    ) -> Result<Step, IssueError> {
        let names = request.names.iter();
        let identifiers: Vec<_> =
            names.map(|name| Identifier::Dns(name.as_str().to_owned())).collect();
        let new = || match &self.settings.profile {
            Some(profile) => NewOrder::new(&identifiers).profile(profile),
            None => NewOrder::new(&identifiers),
        };
        let replaced = request.replaces.as_ref();
        let replaced = replaced.and_then(|held| CertificateIdentifier::try_from(&held.leaf).ok());
        let account = self.account().await?;
        let placed = match replaced {
            Some(id) => match account.new_order(&new().replaces(id)).await {
                Err(error) if is_about_replacing(&error) => account.new_order(&new()).await,
                placed => placed,
            },
            None => account.new_order(&new()).await,
        };
        let order = match placed {
            Ok(order) => order,
            Err(error) => return Err(self.explain(&error, "place the order").await),
        };
        kept.order = Some(order.url().to_owned());
        proceed(&kept, Stage::Validating, Duration::ZERO, "the order is placed")
    }

    pub(crate) async fn find(&self, url: String) -> Result<Order, IssueError> {
        match self.account().await?.order(url).await {
            Ok(order) => Ok(order),
            Err(error) if fault::is_gone(&error) => Err(IssueError::dead(
                "the CA has no such order of this account any more: it is ordered anew",
            )),
            Err(error) => Err(self.explain(&error, "look the order up").await),
        }
    }

    /// All names are proved: the proofs are taken away, and the certificate is asked for.
    pub(crate) async fn finalize(
        &self,
        request: &Request,
        order: &mut Order,
        kept: Kept,
    ) -> Result<Step, IssueError> {
        self.close(&kept.proofs).await?;
        let csr = key::request(&kept.key_pem, &request.names)?;
        if let Err(error) = order.finalize_csr(&csr).await {
            return Err(self.explain(&error, "finalise the order").await);
        }
        let after = match order.state().status {
            OrderStatus::Valid => Duration::ZERO,
            _ => PAUSE,
        };
        proceed(&kept, Stage::Issuing, after, "the CA makes the certificate")
    }

    pub(crate) async fn receive(
        &self,
        request: &Request,
        order: &mut Order,
        kept: Kept,
    ) -> Result<Step, IssueError> {
        let Some(url) = order.state().certificate.clone() else {
            return Err(IssueError::dead(
                "the CA says that the certificate is made, and not where: it is ordered anew",
            ));
        };
        let account = self.account().await?;
        let preferred = self.settings.preferred_chain.as_deref();
        let chain = match download::chain(&account, url, preferred).await {
            Ok(chain) => chain,
            Err(error) => return Err(self.explain(&error, "fetch the certificate").await),
        };
        received::check(&chain, &kept.key_pem, &request.names, (self.clock)())?;
        // A kill may have come between the last two steps.
        self.close(&kept.proofs).await?;
        let key_pem = kept.key_pem.to_string();
        Ok(Step::Issued(Issued { certificate_pem: chain, key_pem, issued_as: None }))
    }
}

/// That an order replaces a certificate is a courtesy, for which no order should fail: the CA may
/// not know the certificate, or have seen it replaced already.
fn is_about_replacing(error: &Error) -> bool {
    matches!(error, Error::Unsupported(_))
        || fault::is_gone(error)
        || fault::is_already_replaced(error)
        || fault::is_malformed(error)
}
