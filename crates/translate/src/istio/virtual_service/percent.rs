//! Shares of the traffic, `percentage: {value: 0.5}`.

use model::{PerMillion, Reason};
use serde_json::Value;

use crate::dialect::{Fields, Problems};

/// `None` if `key` is not there, or refused.
pub(super) fn read(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<PerMillion> {
    let mut block = fields.child(key, "Percent", problems)?;
    let share = match block.value("value") {
        // Istio's own reading of `percentage: {}`.
        None => Some(PerMillion(0)),
        Some(value) => share_of(value, &block.path_of("value"), problems),
    };
    block.finish(problems);
    share
}

/// The older, whole percentages.
pub(super) fn read_whole(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<PerMillion> {
    let value = fields.value(key)?;
    share_of(value, &fields.path_of(key), problems)
}

/// Beyond the millionth is cut off.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,000,000")]
fn share_of(value: &Value, field: &str, problems: &mut Problems) -> Option<PerMillion> {
    let percent = value.as_f64().filter(|percent| (0.0..=100.0).contains(percent));
    if percent.is_none() {
        let text = format!("{value} is no percentage: write a number from 0 to 100, unquoted");
        problems.reject(Reason::InvalidField, field, text);
    }
    percent.map(|percent| PerMillion((percent * 10_000.0) as u32))
}
