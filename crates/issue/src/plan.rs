//! What an operator says of one issuer: when to renew, with which key, within which limits, and
//! who is asked when it fails. Plain values; whoever reads them from objects makes them.

mod hours;

use std::sync::Arc;

use jiff::SignedDuration;
use model::{Certificate, Issuer, IssuerKind, KeyChoice, KeyKind, RenewBefore};

use crate::budget::Limit;
pub use hours::RenewalHours;

#[derive(Clone, Debug, PartialEq)]
pub struct IssuerPlan {
    pub renew_before: RenewBefore,
    /// When renewals may begin; `None`: at any time. What is about to expire does not wait for it.
    pub renewal_hours: Option<RenewalHours>,
    /// For wants that name no key.
    pub key: KeyKind,
    /// All of them hold at the same time; see [`Limit::lets_encrypt`] and [`Limit::acm`].
    pub limits: Vec<Limit>,
    /// Asked in turn when an order fails here. A renewal begins with the first again.
    pub fallback: Vec<Arc<str>>,
    /// Failures in a row after which the next issuer is asked; at least 1. What the issuer refuses
    /// goes to the next one at once.
    pub tries: u32,
}

impl Default for IssuerPlan {
    fn default() -> Self {
        Self {
            renew_before: RenewBefore::default(),
            renewal_hours: None,
            key: KeyKind::default(),
            limits: Vec::new(),
            fallback: Vec::new(),
            tries: 5,
        }
    }
}

impl IssuerPlan {
    /// What an Issuer object says, with the limits that its CA documents.
    pub fn of(issuer: &Issuer) -> Result<Self, PlanError> {
        Ok(Self {
            renew_before: issuer.renew_before,
            renewal_hours: issuer.window.as_ref().map(RenewalHours::of).transpose()?,
            key: match issuer.keys {
                KeyChoice::Rsa => KeyKind::Rsa2048,
                // Where both are wanted, each want names its own.
                KeyChoice::Usual | KeyChoice::Ecdsa | KeyChoice::Both => KeyKind::EcdsaP256,
            },
            limits: match &issuer.limits {
                Some(limits) => limits.iter().copied().map(Limit::of).collect(),
                None => documented_limits(issuer),
            },
            fallback: issuer.fallback.clone(),
            ..Self::default()
        })
    }
}

fn documented_limits(issuer: &Issuer) -> Vec<Limit> {
    let server = issuer.settings.get("server").and_then(|server| server.as_str());
    match issuer.kind {
        IssuerKind::Acm => Limit::acm(),
        // Its staging server allows far more.
        IssuerKind::Acme
            if server.is_some_and(|server| server.contains("//acme-v02.api.letsencrypt.org/")) =>
        {
            Limit::lets_encrypt()
        }
        IssuerKind::Acme | IssuerKind::AcmPca | IssuerKind::Ca => Vec::new(),
    }
}

/// How long before its end this certificate is renewed: at most nine tenths of its lifetime, as
/// more would renew for ever.
pub(crate) fn renewal_time(renew_before: RenewBefore, certificate: &Certificate) -> SignedDuration {
    let lifetime = lifetime(certificate);
    let wanted = match renew_before {
        RenewBefore::Percent(percent) => lifetime.mul_f64(f64::from(percent) / 100.0),
        RenewBefore::Time(time) => SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX),
    };
    wanted.min(lifetime.mul_f64(0.9))
}

/// Zero where the dates are the wrong way round.
pub(crate) fn lifetime(certificate: &Certificate) -> SignedDuration {
    certificate.not_after.duration_since(certificate.not_before).max(SignedDuration::ZERO)
}

/// A text of a plan cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(
        "{cron:?} is no cron expression of five fields: {why}; every night at one is \"0 1 * * *\""
    )]
    Cron { cron: Box<str>, why: String },
    #[error("{0:?} is no time zone: write a name of the IANA database, such as Europe/Berlin")]
    TimeZone(Box<str>),
}

#[cfg(test)]
mod tests;
