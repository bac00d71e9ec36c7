//! What exactly is asked of ACM for an order, and the tags by which it is found again.

use issue::{IssueError, KeyKind, Request};
use jiff::Timestamp;
use model::{Certificate, Name};

use super::Settings;
use crate::{digest::digest, inventory::Tags};

/// Names in one certificate, at most, whatever the account's quota.
const MOST_NAMES: usize = 100;
/// Octets of a common name (X.520 ub-common-name).
const LONGEST_COMMON_NAME: usize = 64;
/// Characters of a tag's value.
const LONGEST_TAG: usize = 256;

/// Keys of the AWS Load Balancer Controller: its IAM conditions and tools look at them.
const CLUSTER: &str = "elbv2.k8s.aws/cluster";
const STACK: &str = "ingress.k8s.aws/stack";
const RESOURCE: &str = "ingress.k8s.aws/resource";
/// Own keys.
const CLAIM: &str = "doorward.dev/certificate";
const CLUSTER_UID: &str = "doorward.dev/cluster-uid";
const SPEC_HASH: &str = "doorward.dev/spec-hash";
pub(super) const ORDER: &str = "doorward.dev/order";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) common_name: Name,
    /// Sorted, each once; the common name is one of them.
    pub(super) names: Vec<Name>,
    pub(super) key: KeyKind,
    pub(super) authority: Option<String>,
    /// Of everything but the common name, which may differ and be as good.
    hash: String,
}

impl Spec {
    pub(super) fn of(request: &Request, settings: &Settings) -> Result<Self, IssueError> {
        let common_name = check(request)?;
        let names = request.names.clone();
        let authority = settings.authority.clone();
        let listed: Vec<&str> = names.iter().map(Name::as_str).collect();
        let key = format!("{:?}", request.key);
        let hash =
            digest(&[authority.as_deref().unwrap_or("amazon"), &listed.join(","), &key, "export"]);
        Ok(Self { common_name, names, key: request.key, authority, hash })
    }

    /// 32 characters that are the same whenever the same order asks for the same: ACM then
    /// answers with the certificate it made, for an hour.
    pub(super) fn token(&self, request: &Request, settings: &Settings) -> String {
        let serial = request.serial.to_string();
        let mut token = digest(&[&settings.cluster_uid, request.id.as_str(), &self.hash, &serial]);
        token.truncate(32);
        token
    }

    pub(super) fn tags(&self, request: &Request, settings: &Settings) -> Vec<(String, String)> {
        let claim = tag_value(request.id.as_str());
        let domain = self.common_name.as_str().replace('*', "wildcard");
        let own = [
            (CLUSTER, tag_value(&settings.cluster)),
            // That controller deletes what carries the name of a stack of its own; a colon is in
            // none of them.
            (STACK, tag_value(&format!("doorward:{}", request.id))),
            (RESOURCE, tag_value(&format!("doorward:{domain}"))),
            (CLAIM, claim),
            (CLUSTER_UID, tag_value(&settings.cluster_uid)),
            (SPEC_HASH, self.hash.clone()),
            (ORDER, request.serial.to_string()),
        ];
        let is_own = |key: &str| own.iter().any(|(own, _)| *own == key);
        let others = settings.tags.iter().filter(|(key, _)| !is_own(key)).cloned();
        let others: Vec<_> = others.collect();
        own.into_iter().map(|(key, value)| (key.to_owned(), value)).chain(others).collect()
    }

    pub(super) fn is_meant_by(&self, tags: &Tags) -> bool {
        tags.get(SPEC_HASH) == Some(&self.hash)
    }
}

/// What ACM must refuse is not asked of it. The common name that the others go with.
pub(crate) fn check(request: &Request) -> Result<Name, IssueError> {
    let names = &request.names;
    if names.len() > MOST_NAMES {
        return Err(IssueError::refused(format!(
            "ACM takes {MOST_NAMES} names in a certificate at most, this one has {}; split it",
            names.len()
        )));
    }
    if let Some(name) = names.iter().find(|name| !name.as_str().contains('.')) {
        return Err(IssueError::refused(format!(
            "ACM takes no name of one label, such as {name}; write it whole"
        )));
    }
    common_name(names, request.replaces.as_deref()).ok_or_else(|| {
        IssueError::refused(format!(
            "ACM needs one name of {LONGEST_COMMON_NAME} characters at most, and all are longer; add a shorter one"
        ))
    })
}

/// Whether the certificate with these tags was made for this order's id, here.
pub(super) fn is_own(tags: &Tags, request: &Request, settings: &Settings) -> bool {
    claim(tags, settings) == Some(&tag_value(request.id.as_str()))
}

/// What a certificate with these tags was made for, if it was made here.
pub(super) fn claim<'a>(tags: &'a Tags, settings: &Settings) -> Option<&'a str> {
    let is_here = tags.get(CLUSTER_UID) == Some(&tag_value(&settings.cluster_uid));
    tags.get(CLAIM).filter(|_| is_here).map(String::as_str)
}

pub(super) fn order_tag(serial: u64) -> (String, String) {
    (ORDER.to_owned(), serial.to_string())
}

/// The one that was it before, or else the shortest: those that are no wildcards first.
fn common_name(names: &[Name], replaces: Option<&Certificate>) -> Option<Name> {
    let fits = |name: &&Name| name.as_str().len() <= LONGEST_COMMON_NAME;
    let before = replaces
        .and_then(|held| names.iter().find(|name| has_common_name(&held.subject, name.as_str())));
    before
        .filter(fits)
        .or_else(|| {
            let rank = |name: &&Name| (name.is_wildcard(), name.as_str().len());
            names.iter().filter(fits).min_by_key(rank)
        })
        .cloned()
}

fn has_common_name(subject: &str, name: &str) -> bool {
    subject.split(',').any(|part| {
        part.trim().strip_prefix("CN=").is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}

/// A text as a tag's value: what AWS does not allow in it, or is too long, becomes a digest.
fn tag_value(text: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    if text.chars().all(allowed) && text.chars().count() <= LONGEST_TAG {
        return text.to_owned();
    }
    let kept: String = text.chars().filter(|&c| allowed(c)).take(LONGEST_TAG - 33).collect();
    format!("{kept}-{}", &digest(&[text])[..32])
}

/// The moment of a count of seconds since 1970, as AWS tells them.
pub(super) fn moment(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests;
