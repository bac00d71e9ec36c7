//! ListCertificates: pages, and the key types that are left out unless they are asked for.

use serde_json::{Value, json};

use super::{
    Certificate,
    life::is_visible,
    show::{name_of, seconds},
};
use crate::world::{Answer, World};

/// Names that a summary shows.
const SHOWN: usize = 100;

pub(super) fn list(world: &World, input: &Value) -> Answer<Value> {
    let kinds: Vec<&str> = match input["Includes"]["keyTypes"].as_array() {
        Some(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        None => vec!["RSA_1024", "RSA_2048"],
    };
    let statuses = input["CertificateStatuses"].as_array();
    let is_wanted = |one: &&Certificate| {
        let status = json!(name_of(one.status));
        is_visible(one, world)
            && kinds.contains(&one.key_algorithm.as_str())
            && statuses.is_none_or(|wanted| wanted.contains(&status))
    };
    let start = input["NextToken"].as_str().unwrap_or_default();
    let mut found =
        world.acm.certificates.values().filter(|one| *one.arn >= *start).filter(is_wanted);
    let page: Vec<Value> = found.by_ref().take(world.acm.settings.page).map(summary).collect();
    let mut answer = json!({"CertificateSummaryList": page});
    if let Some(next) = found.next() {
        answer["NextToken"] = json!(next.arn);
    }
    Ok(answer)
}

fn summary(one: &Certificate) -> Value {
    let shown = &one.names[..one.names.len().min(SHOWN)];
    json!({
        "CertificateArn": one.arn,
        "DomainName": one.names[0],
        "SubjectAlternativeNameSummaries": shown,
        "HasAdditionalSubjectAlternativeNames": one.names.len() > SHOWN,
        "Status": name_of(one.status),
        "KeyAlgorithm": one.key_algorithm,
        "InUse": !one.in_use_by.is_empty(),
        "CreatedAt": seconds(one.created),
    })
}
