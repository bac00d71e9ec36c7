//! The two ends of an order: who makes the certificate, and who stores it.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use model::{Certificate, CertificateId, KeyKind, Name};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the traits of this crate return, so that they can be used as objects.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// Makes certificates, one step of an order at a time.
///
/// The process may be killed at any moment; an order then goes on from the progress that was kept
/// last. So a step that was taken before must come to the same when it is taken again: it looks
/// before it creates.
pub trait Issuer: Send + Sync {
    /// Takes an order one step on. Never waits for others for longer than one answer of theirs:
    /// what takes time is a [`Step::Continue`] that asks to be called again later.
    fn advance<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>>;

    /// Why no order for this can do, as far as that is known without asking anybody. Nothing is
    /// touched.
    fn check(&self, request: &Request) -> Result<(), IssueError> {
        let _ = request;
        Ok(())
    }

    /// Why no order for this can do, as far as that can be found out without placing it: what
    /// [`check`](Self::check) knows, and what others say for free. Called before each order is
    /// counted against the issuer's limits.
    fn examine<'a>(&'a self, request: &'a Request) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async { self.check(request) })
    }

    /// Takes away what an order left with others and nobody needs any more: DNS records, open
    /// challenges, a certificate that the CA keeps. Called when the order has failed, is not
    /// wanted any more, or when what it brought is no longer served anywhere.
    fn retire<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<(), IssueError>> {
        let _ = (request, progress);
        Box::pin(async { Ok(()) })
    }

    /// Whether an order leaves anything with others. Where it does not, nothing is kept of it nor
    /// taken away after it.
    fn leaves_traces(&self) -> bool {
        true
    }

    /// When the CA wants this certificate renewed (RFC 9773); `None`: it does not say.
    fn renewal_window<'a>(
        &'a self,
        held: &'a Certificate,
    ) -> Future<'a, Result<Option<RenewalWindow>, IssueError>> {
        let _ = held;
        Box::pin(async { Ok(None) })
    }

    /// Puts right what later renewals rest on, such as DNS records that somebody took away, and
    /// says in words what people should know of. To be called about once a day; it does no harm
    /// to call it again at any time.
    fn tend(&self) -> Future<'_, Result<Vec<String>, IssueError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// One order of one certificate.
#[derive(Clone, Debug)]
pub struct Request {
    pub id: CertificateId,
    /// At least one, sorted, each once.
    pub names: Vec<Name>,
    pub key: KeyKind,
    /// What it will replace.
    pub replaces: Option<Arc<Certificate>>,
    /// Grows with every order for this id, and stays the same for all steps of one: part of
    /// idempotency tokens. 0 as long as nothing is ordered.
    pub serial: u64,
}

/// What an issuer has to remember of an order between two steps. Nobody else looks into it. It
/// may hold the certificate's future key: it is kept where only Doorward can read.
#[derive(Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Progress(pub Value);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_null() { "Progress(none)" } else { "Progress([redacted])" })
    }
}

/// What one step came to.
#[derive(Debug)]
pub enum Step {
    /// `progress` must be kept before anything else is done; then the next step is due `after`.
    Continue {
        progress: Progress,
        stage: Stage,
        after: Duration,
        /// For people: what is waited for.
        message: String,
    },
    Issued(Issued),
}

/// How far an order has come with its issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Stage {
    /// Being asked for.
    Ordering,
    /// The issuer checks that the names are ours.
    Validating,
    /// On others: the spread of DNS records, a queue.
    Waiting,
    /// Being made.
    Issuing,
}

/// RFC 9773 section 4.2: renew at a random moment in it, at once if it has passed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RenewalWindow {
    pub start: Timestamp,
    pub end: Timestamp,
    /// Why, in the CA's words or at its address.
    pub explanation: Option<String>,
    /// When to ask again.
    pub ask_again: Timestamp,
}

/// Keeps what was issued, as a Secret that the source of the World will see.
pub trait Store: Send + Sync {
    /// Writes or replaces the Secret that `id` names, and writes down that `issuer` made it.
    fn put<'a>(
        &'a self,
        id: &'a CertificateId,
        issuer: &'a str,
        issued: &'a Issued,
    ) -> Future<'a, Result<(), StoreError>>;
}

/// A new certificate: leaf first, then the chain; and its private key (PKCS #8).
pub struct Issued {
    pub certificate_pem: String,
    pub key_pem: String,
    /// What the issuer calls it, where it keeps the certificate too: an ARN.
    pub issued_as: Option<String>,
}

/// Shows no key.
impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("certificate_pem", &self.certificate_pem)
            .field("issued_as", &self.issued_as)
            .finish_non_exhaustive()
    }
}

/// A step could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct IssueError {
    /// What is wrong and what to do; never holds a byte of a key.
    pub message: String,
    pub fault: Fault,
}

/// What an error means for the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The same step may well go through later.
    Passing,
    /// The issuer wants fewer requests, and perhaps says when to come back.
    TooMany { retry_after: Option<Duration> },
    /// This order is dead, a new one may do better: the progress is thrown away.
    Dead,
    /// No order will do until somebody changes something: names not ours, CAA, an account that is
    /// not known.
    Refused,
}

impl IssueError {
    pub fn passing(message: impl Into<String>) -> Self {
        Self { message: message.into(), fault: Fault::Passing }
    }

    pub fn dead(message: impl Into<String>) -> Self {
        Self { message: message.into(), fault: Fault::Dead }
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), fault: Fault::Refused }
    }

    pub fn too_many(message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self { message: message.into(), fault: Fault::TooMany { retry_after } }
    }
}

/// The store could not keep the certificate. The order is tried again, later each time.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);
