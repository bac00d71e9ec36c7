//! Limits on requests a second, from annotations or from a `TrafficLimit` action.

use model::TrafficLimit;

const MOST: u32 = 1_000_000;

/// Reads the two numbers as written. The first words of an error are the vendor's.
pub(super) fn read(
    total: Option<&str>,
    per_client: Option<&str>,
) -> Result<Option<TrafficLimit>, String> {
    let total = total.map(|text| number(text, "qps")).transpose()?;
    let per_client = per_client.map(|text| number(text, "qps per ip")).transpose()?;
    match (total, per_client) {
        (None, None) => Ok(None),
        (Some(total), Some(per_client)) if per_client >= total => Err(format!(
            "traffic limit action qps per ip({per_client})must less than qps({total}): lower the limit per client"
        )),
        (total, per_client) => Ok(Some(TrafficLimit { total, per_client })),
    }
}

fn number(text: &str, what: &str) -> Result<u32, String> {
    text.parse().ok().filter(|number| (1..=MOST).contains(number)).ok_or_else(|| {
        format!(
            "traffic limit action {what} out of range: {text}: use a whole number from 1 to {MOST}"
        )
    })
}
