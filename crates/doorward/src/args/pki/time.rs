//! Lengths of time as they are typed, and what cannot be meant.

use std::time::Duration;

use jiff::{SignedDuration, Span, civil::date};

/// Years that a certificate may be made for: dates in certificates end with the year 9999.
const MOST_YEARS: i16 = 500;
const MOST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a certificate lasts: at least a day.
pub(super) fn life(text: &str) -> Result<Span, String> {
    let span = span(text, "50y or 90d")?;
    // Any day will do: it makes days of months and years.
    match date(2000, 1, 1).checked_add(span) {
        Ok(end) if end < date(2000, 1, 2) => {
            Err("a certificate lasts a day or longer, as 50y or 90d (m is minutes)".to_owned())
        }
        Ok(end) if end <= date(2000 + MOST_YEARS, 1, 1) => Ok(span),
        _ => Err(format!("a certificate lasts {MOST_YEARS}y at most")),
    }
}

/// From now on.
pub(super) fn ahead(text: &str) -> Result<Span, String> {
    let span = span(text, "60d or 720h")?;
    match span.is_negative() {
        true => Err("what has ended is always told; write a time ahead, as 60d".to_owned()),
        false => Ok(span),
    }
}

pub(super) fn skew(text: &str) -> Result<Duration, String> {
    duration(text, "60s")
}

/// How long a machine is waited for.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    match duration(text, "90s or 5m")? {
        wait if wait < Duration::from_secs(1) => Err("write a second or more, as 90s".to_owned()),
        wait if wait > MOST_WAIT => Err("write 24h or less".to_owned()),
        wait => Ok(wait),
    }
}

fn span(text: &str, example: &str) -> Result<Span, String> {
    text.parse().map_err(|_| format!("write a time like {example}"))
}

fn duration(text: &str, example: &str) -> Result<Duration, String> {
    let wrong = |_| format!("write a time like {example}");
    Duration::try_from(text.parse::<SignedDuration>().map_err(wrong)?).map_err(wrong)
}
