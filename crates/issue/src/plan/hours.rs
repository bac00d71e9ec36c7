//! The hours in which renewals may begin.

use std::fmt;

use cronexpr::Crontab;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::MaintenanceWindow;

use super::PlanError;

/// They begin whenever a cron expression says so on the clocks of a time zone, and last a while.
#[derive(Clone)]
pub struct RenewalHours {
    begin: Crontab,
    lasts: SignedDuration,
    as_written: MaintenanceWindow,
}

impl RenewalHours {
    pub fn of(window: &MaintenanceWindow) -> Result<Self, PlanError> {
        let MaintenanceWindow { cron, time_zone, lasts } = window;
        TimeZone::get(time_zone).map_err(|_| PlanError::TimeZone(time_zone.clone()))?;
        let wrong = |why: String| PlanError::Cron { cron: cron.clone(), why };
        if cron.split_whitespace().count() != 5 {
            return Err(wrong("it has another number of fields".to_owned()));
        }
        let begin = cronexpr::parse_crontab(&format!("{cron} {time_zone}"))
            .map_err(|error| wrong(one_line(&error.to_string())))?;
        let lasts = SignedDuration::try_from(*lasts).unwrap_or(SignedDuration::MAX);
        Ok(Self { begin, lasts, as_written: window.clone() })
    }

    pub fn is_open(&self, now: Timestamp) -> bool {
        let since = now.checked_sub(self.lasts).unwrap_or(Timestamp::MIN);
        self.begins_after(since).is_some_and(|begins| begins <= now)
    }

    /// When they begin next after `now`; `None`: never.
    pub fn begins_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.begin.find_next(now).ok().map(|next| next.timestamp())
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl PartialEq for RenewalHours {
    fn eq(&self, other: &Self) -> bool {
        self.as_written == other.as_written
    }
}

impl fmt::Debug for RenewalHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_written, f)
    }
}
