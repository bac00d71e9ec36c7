//! Must this certificate be obtained now? A pure function of what is wanted, what is in hand
//! and the time.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use model::{Certificate, CertificateId, Name, Want};

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
    Expired,
    RenewalDue,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is none yet",
            Self::NamesDiffer => "its names are not the ones wanted",
            Self::Expired => "it has expired",
            Self::RenewalDue => "a third of its lifetime is left",
        })
    }
}

/// The first check that fails gives the reason.
pub fn decide(want: &Want, now: Timestamp) -> Decision {
    let Some(held) = &want.held else { return Decision::Obtain(Why::Missing) };
    if !same_names(&held.names, &want.names) {
        return Decision::Obtain(Why::NamesDiffer);
    }
    if held.is_expired(now) {
        return Decision::Obtain(Why::Expired);
    }
    let until = renew_at(held, &want.id);
    if until <= now { Decision::Obtain(Why::RenewalDue) } else { Decision::Keep { until } }
}

fn same_names(held: &[Name], wanted: &[Name]) -> bool {
    held.len() == wanted.len() && wanted.iter().all(|name| held.contains(name))
}

/// When a third of the lifetime is left, and up to a twentieth of it earlier: certificates that
/// were made together are not renewed together. The same id always gets the same moment.
fn renew_at(held: &Certificate, id: &CertificateId) -> Timestamp {
    let lifetime = held.not_after.duration_since(held.not_before).max(SignedDuration::ZERO);
    let jitter = lifetime.mul_f64(spread(id.as_str()) / 20.0);
    held.not_after.checked_sub(lifetime / 3 + jitter).unwrap_or(held.not_after)
}

/// A number in [0, 1) that follows from the text alone (FNV-1a), so that a restart changes nothing.
fn spread(text: &str) -> f64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // The upper bits of FNV-1a are mixed best; 53 of them fill an f64 exactly.
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
