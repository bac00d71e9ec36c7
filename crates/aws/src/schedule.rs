//! How long until AWS is asked again. ACM tells nothing by itself; what it does takes seconds or
//! days, so the pauses grow with the number of looks taken in vain.

use std::time::Duration;

/// Looks at a new certificate during which "no such certificate" only means "not yet": with
/// [`records`] about a minute.
pub(crate) const LOOKS_UNTIL_VISIBLE: u32 = 9;

/// ACM names the validation records within seconds of the request.
pub(crate) fn records(looks: u32) -> Duration {
    seconds(&[(1, 1), (1, 2), (1, 3), (1, 5), (1, 8)], 10, looks)
}

/// Validation and issuance of a public certificate: mostly a minute, at most the 72 hours after
/// which ACM gives up by itself.
pub(crate) fn validation(looks: u32) -> Duration {
    seconds(&[(6, 5), (8, 15), (15, 30), (50, 60)], 300, looks)
}

/// A private CA answers within seconds, or has a problem.
pub(crate) fn private(looks: u32) -> Duration {
    match looks {
        0..=3 => seconds(&[(1, 1), (1, 2), (1, 4)], 8, looks),
        _ => validation(looks - 4),
    }
}

/// `rows` of (looks, seconds between them), then `last` for ever.
fn seconds(rows: &[(u32, u64)], last: u64, looks: u32) -> Duration {
    let mut before = looks;
    for &(count, pause) in rows {
        if before < count {
            return Duration::from_secs(pause);
        }
        before -= count;
    }
    Duration::from_secs(last)
}

#[cfg(test)]
mod tests;
