//! The issuer: which step an order is at, by what the CA says of it.

use std::{sync::Arc, time::Duration};

use instant_acme::{Account, CertificateIdentifier, OrderStatus};
use issue::{
    Challenges, Clock, Future, IssueError, Issuer, Progress, RenewalWindow, Request, Stage, Step,
};
use jiff::{SignedDuration, Timestamp};
use model::Certificate;
use tokio::sync::{Mutex, OnceCell};
use tracing::info;

use crate::{Settings, account, check, fault, key, progress::Kept, wire::Wire};

/// How long the CA is left alone before it is asked again.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Cheap to make; the account is opened by the first order that needs it.
pub struct AcmeIssuer {
    pub(crate) settings: Settings,
    pub(crate) challenges: Arc<dyn Challenges>,
    pub(crate) clock: Clock,
    wire: OnceCell<Wire>,
    /// Locked while it is opened, so that several orders open one account.
    account: Mutex<Option<Account>>,
}

impl AcmeIssuer {
    pub fn new(settings: Settings, challenges: Arc<dyn Challenges>, clock: Clock) -> Self {
        let wire = OnceCell::new();
        Self { settings, challenges, clock, wire, account: Mutex::default() }
    }

    pub(crate) async fn account(&self) -> Result<Account, IssueError> {
        let mut opened = self.account.lock().await;
        if let Some(account) = &*opened {
            return Ok(account.clone());
        }
        let account = account::open(&self.settings, self.wire().await?.clone()).await?;
        *opened = Some(account.clone());
        Ok(account)
    }

    /// Made once: whom the machine trusts is read from many files.
    pub(crate) async fn wire(&self) -> Result<&Wire, IssueError> {
        self.wire.get_or_try_init(async || Wire::new(&self.settings.trusted)).await
    }

    /// What an error means, told with its cure. An account that the server no longer knows is
    /// opened anew the next time.
    pub(crate) async fn explain(&self, error: &instant_acme::Error, doing: &str) -> IssueError {
        if fault::is_unknown_account(error) {
            *self.account.lock().await = None;
        }
        fault::explain(error, doing, &self.settings.server)
    }

    async fn step(&self, request: &Request, progress: &Progress) -> Result<Step, IssueError> {
        let Some(kept) = Kept::read(progress)? else { return self.begin(request) };
        if kept.server != self.settings.server {
            return self.begin_elsewhere(request, &kept).await;
        }
        let Some(url) = kept.order.clone() else { return self.place(request, kept).await };
        let mut order = self.find(url).await?;
        match order.state().status {
            OrderStatus::Pending => self.prove(&mut order, kept).await,
            OrderStatus::Ready => self.finalize(request, &mut order, kept).await,
            OrderStatus::Processing => {
                proceed(&kept, Stage::Issuing, PAUSE, "the CA makes the certificate")
            }
            OrderStatus::Valid => self.receive(request, &mut order, kept).await,
            OrderStatus::Invalid => Err(self.why_invalid(&mut order).await),
        }
    }

    /// Nothing is asked of the CA that it must refuse, although the order may have waited since
    /// it was examined. Then the key is made and kept.
    fn begin(&self, request: &Request) -> Result<Step, IssueError> {
        self.check(request)?;
        let kept = Kept {
            server: self.settings.server.clone(),
            key_pem: key::make(request.key)?,
            order: None,
            waiting_since: None,
            proofs: Vec::new(),
        };
        proceed(&kept, Stage::Ordering, Duration::ZERO, "the order is placed")
    }

    /// The server was changed in the settings: what was ordered of the old one is dropped.
    async fn begin_elsewhere(&self, request: &Request, kept: &Kept) -> Result<Step, IssueError> {
        self.close(&kept.proofs).await?;
        info!(
            certificate = %request.id,
            "spec.acme.server was {} and is {} now: what was ordered there is dropped, and ordered \
             anew here",
            kept.server,
            self.settings.server
        );
        self.begin(request)
    }

    async fn window(&self, held: &Certificate) -> Result<Option<RenewalWindow>, IssueError> {
        let Ok(id) = CertificateIdentifier::try_from(&held.leaf) else { return Ok(None) };
        let (info, ask_again) = match self.account().await?.renewal_info(&id).await {
            Ok(answer) => answer,
            Err(instant_acme::Error::Unsupported(_)) => return Ok(None),
            // It is another CA's.
            Err(error) if fault::is_gone(&error) => return Ok(None),
            Err(error) => {
                return Err(self.explain(&error, "ask when to renew").await);
            }
        };
        let at = |seconds| Timestamp::from_second(seconds).ok();
        let window = info.suggested_window;
        let bounds = at(window.start.unix_timestamp()).zip(at(window.end.unix_timestamp()));
        let Some((start, end)) = bounds.filter(|(start, end)| start < end) else {
            return Err(IssueError::passing(format!(
                "the CA at {} says to renew between two moments that are none",
                self.settings.server
            )));
        };
        // RFC 9773 section 4.3.2 lets clients bound what the server asks for.
        let ask_again = ask_again.clamp(Duration::from_secs(60), Duration::from_secs(24 * 60 * 60));
        let ask_again =
            SignedDuration::try_from(ask_again).unwrap_or(SignedDuration::from_hours(6));
        let ask_again = (self.clock)().checked_add(ask_again).unwrap_or(Timestamp::MAX);
        Ok(Some(RenewalWindow { start, end, explanation: info.explanation_url, ask_again }))
    }
}

impl Issuer for AcmeIssuer {
    fn check(&self, request: &Request) -> Result<(), IssueError> {
        check::request(request, &self.settings.solvers, &*self.challenges)
    }

    fn examine<'a>(&'a self, request: &'a Request) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async {
            self.check(request)?;
            self.check_caa(&request.names).await?;
            self.check_places(&request.names).await
        })
    }

    fn advance<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(self.step(request, progress))
    }

    /// Closes what was opened. The order itself is left to expire: it costs nothing, and the CA
    /// may answer the next one of the same names with it.
    fn retire<'a>(
        &'a self,
        _: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async {
            match Kept::read(progress) {
                Ok(Some(kept)) => self.close(&kept.proofs).await,
                // What cannot be read names nothing that could be closed.
                Ok(None) | Err(_) => Ok(()),
            }
        })
    }

    fn renewal_window<'a>(
        &'a self,
        held: &'a Certificate,
    ) -> Future<'a, Result<Option<RenewalWindow>, IssueError>> {
        Box::pin(self.window(held))
    }
}

/// On to the next step, once `kept` is kept.
pub(crate) fn proceed(
    kept: &Kept,
    stage: Stage,
    after: Duration,
    message: impl Into<String>,
) -> Result<Step, IssueError> {
    Ok(Step::Continue { progress: kept.write()?, stage, after, message: message.into() })
}

#[cfg(test)]
mod tests;
