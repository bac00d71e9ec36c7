//! Listeners of AWS's own load balancers that Ingresses name, to carry their certificates.

use std::{collections::BTreeMap, sync::Arc};

use model::{Arn, Reason, Verdict};

use super::{
    certificates,
    group::Shared,
    members::{Member, bare, members},
};
use crate::{
    claim::{AttachmentClaim, AttachmentMember, AttachmentWish, TlsMember},
    dialect::{Problem, Problems},
    route::{Annotations, OWN_PREFIX, field},
    world::{Issuer, Objects},
};

const NAME: &str = "aws-listener-arn";

const NOTHING_TO_ATTACH: &str = "nothing is attached, as the Ingress has neither a certificate nor a host: add alb.ingress.kubernetes.io/certificate-arn, or hosts with an issuer";

/// Where the wish is written.
pub(crate) fn attach_field() -> String {
    field(OWN_PREFIX, NAME)
}

/// The listeners, each once. One that cannot be read is left out, and the Ingress keeps the rest.
pub(super) fn read(annotations: &Annotations<'_>, problems: &mut Problems) -> Vec<Arn> {
    let written = annotations.own(NAME).unwrap_or_default();
    let mut listeners = Vec::new();
    for text in written.split([',', '\n']).map(str::trim).filter(|text| !text.is_empty()) {
        match listener(text) {
            Some(arn) if listeners.contains(&arn) => {}
            Some(arn) => listeners.push(arn),
            None => problems.warn(
                Reason::InvalidAnnotation,
                attach_field(),
                format!(
                    "{text:?} is no listener of an AWS load balancer, and nothing is attached there: write arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/…, as its page in the console shows it"
                ),
            ),
        }
    }
    listeners
}

/// Of an application or network load balancer; others choose no certificate by name.
fn listener(text: &str) -> Option<Arn> {
    let arn = Arn::parse(text)?;
    let kind = arn.resource().strip_prefix("listener/")?;
    let is_account = arn.account().len() == 12 && arn.account().bytes().all(|b| b.is_ascii_digit());
    let fits = arn.service() == "elasticloadbalancing"
        && !arn.region().is_empty()
        && is_account
        && (kind.starts_with("app/") || kind.starts_with("net/"))
        && kind.split('/').count() == 4;
    fits.then_some(arn)
}

/// What all Ingresses want on each listener: in the order of their groups, then by namespace and
/// name.
pub(super) fn claims<'g>(
    all: impl Iterator<Item = &'g Shared<'g>>,
    issuers: &Objects<Issuer>,
    verdicts: &mut Vec<Verdict>,
) -> Vec<AttachmentClaim> {
    let mut asking: Vec<&Shared<'_>> =
        all.filter(|shared| !shared.wish.attach_to.is_empty()).collect();
    asking.sort_by(|a, b| (a.wish.order, a.object()).cmp(&(b.wish.order, b.object())));
    let mut claims: BTreeMap<&Arn, Vec<AttachmentMember>> = BTreeMap::new();
    for shared in asking {
        let wishes = match members(shared, issuers) {
            Ok(members) if members.is_empty() => {
                verdicts.push(problem(shared, NOTHING_TO_ATTACH.into()));
                continue;
            }
            Ok(members) => members,
            Err(verdict) => {
                verdicts.push(verdict);
                Vec::new()
            }
        };
        for listener in &shared.wish.attach_to {
            let claimed = claims.entry(listener).or_default();
            let mut claim = |tls, wish| {
                let balancer = shared.wish.balancer.clone();
                claimed.push(AttachmentMember { balancer, tls, wish });
            };
            if wishes.is_empty() {
                claim(all_hosts(shared), AttachmentWish::Impossible);
            }
            for Member { tls, arn } in &wishes {
                match arn.as_ref().map(|arn| (arn, misplaced(arn, listener))) {
                    None => claim(tls.clone(), AttachmentWish::Issued),
                    Some((arn, None)) => claim(tls.clone(), AttachmentWish::Named(arn.clone())),
                    Some((_, Some(text))) => {
                        verdicts.push(problem(shared, text));
                        claim(all_hosts(shared), AttachmentWish::Impossible);
                    }
                }
            }
        }
    }
    let claim =
        |(listener, members): (&Arn, _)| AttachmentClaim { listener: listener.clone(), members };
    claims.into_iter().map(claim).collect()
}

/// Which of them a certificate that cannot be had would be for, only its owner knows.
fn all_hosts(shared: &Shared<'_>) -> Arc<TlsMember> {
    let plan = shared.member.plan;
    Arc::new(TlsMember { hosts: certificates::hosts(plan), ..bare(plan, &attach_field()) })
}

/// Why AWS would not take the certificate on the listener, whoever asked for it.
pub(crate) fn misplaced(certificate: &Arn, listener: &Arn) -> Option<String> {
    if certificate.service() != "acm" {
        return Some(format!(
            "{certificate} is not attached, as it is not in AWS Certificate Manager: import it there, and name that ARN"
        ));
    }
    let place = |arn: &Arn| format!("region {} of account {}", arn.region(), arn.account());
    let fits =
        certificate.region() == listener.region() && certificate.account() == listener.account();
    (!fits).then(|| {
        format!(
            "{certificate} is in {}, and listeners take certificates of their own region and account alone, here {}: name one from there",
            place(certificate),
            place(listener)
        )
    })
}

fn problem(shared: &Shared<'_>, text: String) -> Verdict {
    let problem = Problem::warning(Reason::AttachmentFailed, attach_field(), text);
    shared.member.plan.subject.verdict(problem)
}
