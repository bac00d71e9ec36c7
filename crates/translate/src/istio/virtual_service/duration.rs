//! Durations as Go writes them: `1h30m`, `1.5s`, `250ms`.

use std::time::Duration;

use model::Reason;

use crate::dialect::{Fields, Problems};

/// What Istio's validation lets through at least.
const LEAST: Duration = Duration::from_millis(1);

/// One that must last for a while.
pub(super) fn read(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<Duration> {
    checked(fields, key, |duration| duration >= LEAST, problems)
}

/// One that may be `0s`.
pub(super) fn read_or_zero(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<Duration> {
    checked(fields, key, |duration| duration.is_zero() || duration >= LEAST, problems)
}

fn checked(
    fields: &mut Fields<'_>,
    key: &'static str,
    is_good: impl Fn(Duration) -> bool,
    problems: &mut Problems,
) -> Option<Duration> {
    let text = fields.text(key, problems)?;
    let found = parse(text).filter(|duration| is_good(*duration));
    if found.is_none() {
        let text =
            format!("{text:?} is no duration of 1ms or more: write it as 250ms, 1.5s or 1h30m");
        problems.reject(Reason::InvalidField, fields.path_of(key), text);
    }
    found
}

/// `None` for what Go's `time.ParseDuration` refuses, for negative ones, and beyond 584 years.
fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        total = total.checked_add(of_unit(number, nanoseconds_of(unit)?)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

fn nanoseconds_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        _ => return None,
    })
}

fn of_unit(number: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanoseconds = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanoseconds = nanoseconds.checked_add(u64::from(digit.checked_sub(b'0')?) * place)?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests;
