//! What becomes of certificates as time passes.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Certificate, Made, Settings, Status, known};
use crate::{
    authority::Authority,
    route53::Route53,
    world::{Answer, Refusal, World},
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// As of 2026.
const LIFETIME: Duration = Duration::from_secs(198 * 24 * 60 * 60);
const VALIDATION_LIMIT: Duration = Duration::from_secs(72 * 60 * 60);
const MANAGED_RENEWAL: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Name and value of the CNAME for a name, without final dots. All certificates of the account
/// get the same one for it, and a wildcard the one of the name it is below.
pub(super) fn record(name: &str) -> (String, String) {
    let base = name.strip_prefix("*.").unwrap_or(name);
    let hash = |part: &str| {
        let mut hasher = DefaultHasher::new();
        (part, "123456789012", base).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    (
        format!("_{}.{base}", hash("name")),
        format!("_{}.{}.acm-validations.aws", hash("value"), &hash("zone")[..10]),
    )
}

pub(super) fn is_visible(certificate: &Certificate, world: &World) -> bool {
    after(certificate.created, world.acm.settings.visible_after) <= world.now
}

/// Brings every certificate to now.
pub(super) fn settle(world: &mut World) {
    let now = world.now;
    let World { acm, route53, authority, private_cas, .. } = world;
    for certificate in acm.certificates.values_mut() {
        let authority = match &certificate.authority {
            None => &mut *authority,
            Some(arn) => match private_cas.get_mut(arn) {
                Some(ca) => &mut ca.authority,
                None => {
                    certificate.status = Status::Failed;
                    certificate.failure = Some("PCA_INVALID_ARN");
                    continue;
                }
            },
        };
        match certificate.status {
            Status::Pending => {
                validate(certificate, route53, authority, &acm.settings, now);
            }
            Status::Issued => age(certificate, route53, authority, &acm.settings, now),
            Status::Failed | Status::TimedOut | Status::Expired => {}
        }
    }
    acm.tokens.retain(|_, (made, _)| now < after(*made, HOUR));
}

/// Whether the public DNS has what was asked for a name.
pub(super) fn is_proved(name: &str, route53: &Route53, now: Timestamp) -> bool {
    let (at, value) = record(name);
    route53
        .look_up(&at, "CNAME", now)
        .is_some_and(|set| set.values.iter().any(|found| found.trim_end_matches('.') == value))
}

fn validate(
    certificate: &mut Certificate,
    route53: &Route53,
    authority: &mut Authority,
    settings: &Settings,
    now: Timestamp,
) {
    let is_private = certificate.authority.is_some();
    if !is_private && !certificate.names.iter().all(|name| is_proved(name, route53, now)) {
        if after(certificate.created, VALIDATION_LIMIT) <= now {
            certificate.status = Status::TimedOut;
        }
        return;
    }
    let validated = *certificate.validated.get_or_insert(now);
    if now < after(validated, settings.issued_after) {
        return;
    }
    if let Some(reason) = settings.failure {
        certificate.status = Status::Failed;
        certificate.failure = Some(reason);
        return;
    }
    sign(certificate, authority, now);
    certificate.status = Status::Issued;
}

/// Whatever DNS says.
pub(super) fn issue_now(world: &mut World, arn: &str) {
    let World { acm, authority, now, .. } = world;
    let certificate = acm.certificates.get_mut(arn).expect("it was just made");
    sign(certificate, authority, *now);
    certificate.status = Status::Issued;
}

/// Renewal, of those that are used, and expiry.
fn age(
    certificate: &mut Certificate,
    route53: &Route53,
    authority: &mut Authority,
    settings: &Settings,
    now: Timestamp,
) {
    let Some(end) = certificate.issued.as_ref().map(|made| made.not_after) else { return };
    if certificate.renewing.is_none() && is_eligible(certificate) && end - MANAGED_RENEWAL <= now {
        certificate.renewing = Some(end - MANAGED_RENEWAL);
    }
    if let Some(began) = certificate.renewing
        && after(began, settings.renewed_after) <= now
        && (certificate.authority.is_some()
            || certificate.names.iter().all(|name| is_proved(name, route53, now)))
    {
        sign(certificate, authority, now);
        certificate.renewing = None;
        certificate.was_renewed = true;
        certificate.was_exported = false;
    } else if end <= now {
        certificate.status = Status::Expired;
    }
}

fn sign(certificate: &mut Certificate, authority: &mut Authority, now: Timestamp) {
    let begin = now - SignedDuration::try_from(DAY).expect("a day is short");
    let span = (begin, after(begin, LIFETIME));
    let (pem, serial) = authority.sign(&certificate.names, &certificate.key, span);
    certificate.issued = Some(Made { pem, serial, not_before: span.0, not_after: span.1 });
}

pub(super) fn is_eligible(certificate: &Certificate) -> bool {
    certificate.was_exported || !certificate.in_use_by.is_empty()
}

pub(super) fn renew(world: &mut World, input: &Value) -> Answer<Value> {
    let now = world.now;
    let certificate = known(world, input)?;
    if certificate.status != Status::Issued || !is_eligible(certificate) {
        return Err(Refusal::new("RequestInProgressException", "It can not be renewed now."));
    }
    certificate.renewing.get_or_insert(now);
    Ok(json!({}))
}

pub(super) fn after(moment: Timestamp, time: Duration) -> Timestamp {
    moment.checked_add(time).expect("tests stay in the calendar")
}
