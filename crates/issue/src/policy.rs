//! Must this certificate be obtained now? A pure function of what is wanted, what is in hand,
//! what its issuer says and the time.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use model::{Certificate, Name, Want};

use crate::{
    IssuerPlan, RenewalWindow,
    plan::{lifetime, renewal_time},
    spread::spread,
};

/// What to do about one wanted certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Good; look again then.
    Keep {
        until: Timestamp,
    },
    Obtain(Why),
}

/// Why a certificate has to be obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Missing,
    NamesDiffer,
    KeyDiffers,
    IssuerDiffers,
    Expired,
    RenewalDue,
    /// Its issuer has named a time that is here or over.
    IssuerWants,
    Asked,
}

impl Why {
    /// Whether the same names are asked of the CA again.
    pub fn is_renewal(self) -> bool {
        matches!(self, Self::Expired | Self::RenewalDue | Self::IssuerWants | Self::Asked)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is none yet",
            Self::NamesDiffer => "its names are not the ones wanted",
            Self::KeyDiffers => "its key is of another kind than is wanted",
            Self::IssuerDiffers => "another issuer made it than the one wanted",
            Self::Expired => "it has expired",
            Self::RenewalDue => "its renewal is due",
            Self::IssuerWants => "its issuer wants it renewed",
            Self::Asked => "an operator asked for it",
        })
    }
}

/// The first check that fails gives the reason. A certificate that is not valid yet is kept: a
/// new one would not be either, as then it is the clock that is wrong.
pub fn decide(
    want: &Want,
    plan: &IssuerPlan,
    window: Option<&RenewalWindow>,
    now: Timestamp,
) -> Decision {
    let Some(held) = &want.held else { return Decision::Obtain(Why::Missing) };
    if !same_names(&held.names, &want.names) {
        return Decision::Obtain(Why::NamesDiffer);
    }
    if want.key.is_some_and(|key| !key.is_met_by(held.key_algorithm)) {
        return Decision::Obtain(Why::KeyDiffers);
    }
    let is_foreign = |from: &Arc<str>| *from != want.issuer && !plan.fallback.contains(from);
    if want.held_from.as_ref().is_some_and(is_foreign) {
        return Decision::Obtain(Why::IssuerDiffers);
    }
    if held.is_expired(now) {
        return Decision::Obtain(Why::Expired);
    }
    let id = want.id.as_str();
    match window {
        Some(window) => {
            let due = moment_in(window, id);
            // A certificate that will be revoked does not wait for the night.
            let last = window.end.min(urgent_at(held, plan));
            when_open(due, last, plan, now, Why::IssuerWants)
        }
        None => {
            when_open(renew_at(held, plan, id), urgent_at(held, plan), plan, now, Why::RenewalDue)
        }
    }
}

pub(crate) fn same_names(held: &[Name], wanted: &[Name]) -> bool {
    held.len() == wanted.len() && wanted.iter().all(|name| held.contains(name))
}

/// Renews from `due` on as soon as the hours allow it, and at `last` whatever they say.
fn when_open(
    due: Timestamp,
    last: Timestamp,
    plan: &IssuerPlan,
    now: Timestamp,
    why: Why,
) -> Decision {
    if now < due {
        return Decision::Keep { until: due };
    }
    match &plan.renewal_hours {
        Some(hours) if now < last && !hours.is_open(now) => Decision::Keep {
            until: hours.begins_after(now).map_or(last, |begins| begins.min(last)),
        },
        _ => Decision::Obtain(why),
    }
}

/// Up to a twentieth of the lifetime before the plan says so: certificates that were made together
/// are not renewed together. The same id always gets the same moment.
fn renew_at(held: &Certificate, plan: &IssuerPlan, id: &str) -> Timestamp {
    let early = lifetime(held).mul_f64(spread(id) / 20.0);
    before_end(held, renewal_time(plan.renew_before, held) + early)
}

/// From here on the hours of renewal do not count: half of the time to renew in is over.
fn urgent_at(held: &Certificate, plan: &IssuerPlan) -> Timestamp {
    before_end(held, renewal_time(plan.renew_before, held) / 2)
}

fn before_end(held: &Certificate, time: SignedDuration) -> Timestamp {
    held.not_after.checked_sub(time).unwrap_or(held.not_after)
}

/// RFC 9773 section 4.2: a random moment of the window, here one that stays the same.
fn moment_in(window: &RenewalWindow, id: &str) -> Timestamp {
    let length = window.end.duration_since(window.start).max(SignedDuration::ZERO);
    window.start.checked_add(length.mul_f64(spread(id))).unwrap_or(window.start)
}

#[cfg(test)]
mod tests;
