//! The certificates that one Ingress wants, whichever listener they are for.

use std::sync::Arc;

use model::{Arn, IssuerKind, Reason, Verdict};

use super::{certificates::Certificates, group::Shared};
use crate::{
    claim::TlsMember,
    dialect::Problem,
    issuers::of_kind,
    route::Plan,
    world::{Issuer, Objects},
};

/// One of them.
pub(super) struct Member {
    pub tls: Arc<TlsMember>,
    /// Where the Ingress names it so.
    pub arn: Option<Arn>,
}

/// In written order; the verdict says why nobody can make what is wanted.
pub(super) fn members(one: &Shared<'_>, issuers: &Objects<Issuer>) -> Result<Vec<Member>, Verdict> {
    let plan = one.member.plan;
    let member = |field: &str| bare(plan, field);
    match &one.wish.certificates {
        Certificates::Named { named, field } => Ok(named
            .iter()
            .map(|one| {
                let tls = TlsMember { certificate: Some(one.id.clone()), ..member(field) };
                Member { tls: Arc::new(tls), arn: one.arn.clone() }
            })
            .collect()),
        Certificates::Managed { hosts, ca, field } => {
            let wished = plan.tls.issuer.clone();
            let issuer = wished.map_or_else(|| maker(issuers, ca.as_deref()), Ok);
            let issuer = issuer.map_err(|text| {
                let problem = Problem::rejection(Reason::IssuerNotFound, field.clone(), text);
                plan.subject.verdict(problem)
            })?;
            let tls = TlsMember {
                hosts: hosts.clone(),
                issuer: Some(issuer),
                as_one: true,
                ..member(field)
            };
            Ok(vec![Member { tls: Arc::new(tls), arn: None }])
        }
        Certificates::Discovered => {
            let wishes = plan.tls.entries.iter().chain(&plan.tls.rule_hosts).cloned();
            Ok(wishes.map(|tls| Member { tls, arn: None }).collect())
        }
    }
}

/// One that wants nothing yet.
pub(super) fn bare(plan: &Plan, field: &str) -> TlsMember {
    TlsMember {
        object: plan.subject.object.clone(),
        origin: plan.subject.origin.clone(),
        field: field.to_owned(),
        certificate_field: "".into(),
        hosts: Vec::new(),
        certificate: None,
        issuer: plan.tls.issuer.clone(),
        as_one: false,
    }
}

/// The Issuer that a bare wish for AWS's certificates means. `ca`: of AWS Private CA.
fn maker(issuers: &Objects<Issuer>, ca: Option<&str>) -> Result<Arc<str>, String> {
    let (kind, what) = match ca {
        Some(_) => (IssuerKind::AcmPca, "AWS Private CA"),
        None => (IssuerKind::Acm, "AWS Certificate Manager"),
    };
    let fits = |(_, settings): &(&Arc<str>, &serde_json::Value)| {
        ca.is_none_or(|ca| settings.get("arn").and_then(serde_json::Value::as_str) == Some(ca))
    };
    let mut found = of_kind(issuers, kind).filter(fits).map(|(name, _)| name);
    let of_ca = ca.map_or_else(String::new, |ca| format!(" with arn {ca}"));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.clone()),
        (Some(one), Some(other)) => Err(format!(
            "Issuers {one} and {other} both stand for {what}: name one by doorward.dev/issuer"
        )),
        (None, _) => Err(format!(
            "no Issuer has spec.{}{of_ca}, so nothing is ordered from {what}: create one, or name another by doorward.dev/issuer",
            kind.field()
        )),
    }
}
