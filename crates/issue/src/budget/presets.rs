//! Limits that issuers document, or an operator writes.

use jiff::SignedDuration;
use model::{Limited, OrderLimit};

use super::{Counts, Limit, Scope, Spares};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Limit {
    /// As an Issuer object says it. It counts every order, renewals too. Another count is the same
    /// limit still, and what was taken from it stays taken.
    pub fn of(limit: OrderLimit) -> Self {
        let OrderLimit { count, per, of } = limit;
        let per = SignedDuration::try_from(per).unwrap_or(SignedDuration::MAX);
        let scope = match of {
            Limited::Orders => Scope::Account,
            Limited::RegisteredDomain => Scope::RegisteredDomain,
            Limited::Names => Scope::NameSet,
            Limited::Failures => Scope::Name,
        };
        let counts = if of == Limited::Failures { Counts::Failures } else { Counts::Orders };
        let name = format!("{} per {per:#}", of.word());
        Self { counts, ..Self::orders(&name, count, per, scope, Spares::Nothing) }
    }

    /// Let's Encrypt's "Rate Limits" page of 2026. The limits of an address are far above what
    /// one Doorward asks.
    pub fn lets_encrypt() -> Vec<Self> {
        let limit = Self::orders;
        vec![
            limit("new orders per account", 300, HOUR * 3, Scope::Account, Spares::Renewals),
            limit(
                "new certificates per registered domain",
                50,
                WEEK,
                Scope::RegisteredDomain,
                Spares::Renewals,
            ),
            limit(
                "new certificates per exact set of names",
                5,
                WEEK,
                Scope::NameSet,
                Spares::Scheduled,
            ),
            Self {
                counts: Counts::Failures,
                ..limit("failed validations per name", 5, HOUR, Scope::Name, Spares::Nothing)
            },
        ]
    }

    /// ACM's yearly quota of certificates is 5,000 and deleting gives nothing back, so that a day
    /// may use a twentieth of it; and one set of names, which may be asked for in vain, little of
    /// that. See "Quotas" in the AWS Certificate Manager user guide.
    pub fn acm() -> Vec<Self> {
        let limit = Self::orders;
        vec![
            limit("ACM certificates per year", 5_000, DAY * 365, Scope::Account, Spares::Nothing),
            limit("ACM certificates per day", 250, DAY, Scope::Account, Spares::Nothing),
            limit(
                "ACM requests per second",
                5,
                SignedDuration::from_secs(1),
                Scope::Account,
                Spares::Nothing,
            ),
            limit("requests per set of names and hour", 1, HOUR, Scope::NameSet, Spares::Nothing),
            limit("requests per set of names and day", 3, DAY, Scope::NameSet, Spares::Nothing),
        ]
    }

    fn orders(name: &str, amount: u32, per: SignedDuration, of: Scope, spares: Spares) -> Self {
        Self { name: name.into(), amount, per, of, counts: Counts::Orders, spares }
    }
}
