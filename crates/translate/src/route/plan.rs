//! All that follows from one Ingress alone. Costly to make (annotations, JSON, regular
//! expressions), so it is kept as long as the object stays the same.

use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};
use model::{
    Action, BackendProtocol, Dialect, Direction, Filter, Name, Protocol, RuleMatch, Verdict,
};

use super::{
    annotations::Annotations,
    known_keys,
    options::{Canary, Options},
    placement::{Placement, Site},
    rules::Drafting,
    said::Annotated,
    tls::Wishes,
};
use crate::{
    dialect::{Problem, Problems, Subject},
    service::ServicePort,
    world::{Key, Object},
};

#[derive(Debug)]
pub(crate) struct Plan {
    pub subject: Subject,
    pub key: Key,
    pub placement: Placement,
    /// In order of priority within the Ingress.
    pub drafts: Vec<Draft>,
    pub services: Vec<ServiceUse>,
    pub protocol: BackendProtocol,
    pub canary: Option<Canary>,
    pub tls: Wishes,
    pub verdicts: Vec<Verdict>,
    /// What is refused of it, whether anything else is served or not.
    pub refused: Vec<Problem>,
}

/// A rule without its endpoints.
#[derive(Debug)]
pub(crate) struct Draft {
    /// `spec.rules[0].http.paths[1]`.
    pub field: String,
    pub direction: Direction,
    pub matches: RuleMatch,
    pub filters: Vec<Filter>,
    pub answer: DraftAnswer,
    pub side: Side,
    /// Off the secure ports a redirect to HTTPS answers instead.
    pub redirect: bool,
    /// Order among the rules of a listener in Kubernetes' precedence; smaller comes first.
    pub precedence: u32,
    /// There is an annotation `conditions.` for it.
    pub is_conditional: bool,
    /// The Ingress' `defaultBackend`: behind every other rule.
    pub is_default: bool,
    pub host: Option<Name>,
    /// Host and path as written: what a canary finds its rule by.
    pub place: Box<str>,
    /// Equal for equal `matches`; not unique.
    pub fingerprint: u64,
}

#[derive(Debug)]
pub(crate) enum DraftAnswer {
    /// Places in [`Plan::services`], with weights.
    Forward(Vec<(usize, u32)>),
    Ready(Action),
}

/// Which kind of listener a rule goes to, unless it is forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Both,
    Tls,
    Plain,
}

/// One Service port in the Ingress' own namespace, used by one or more rules.
#[derive(Debug)]
pub(crate) struct ServiceUse {
    pub key: Key,
    pub port: ServicePort,
    /// Where it is written first.
    pub field: String,
}

impl Plan {
    pub fn read(dialect: Dialect, key: &Key, object: &Object<Ingress>) -> Self {
        let subject =
            Subject { object: object.reference.clone(), origin: object.origin.clone(), dialect };
        let mut problems = Problems::default();
        let empty = IngressSpec::default();
        let spec = object.body.spec.as_ref().unwrap_or(&empty);
        let annotations = Annotations::of(object.body.metadata.annotations.as_ref(), dialect);
        known_keys::check(&annotations, dialect, &mut problems);
        let tls = spec.tls.as_deref().unwrap_or_default();
        let rules = spec.rules.as_deref().unwrap_or_default();
        let tls = Wishes::read(tls, rules, &annotations, &subject, &mut problems);
        let options = Options::read(&annotations, &mut problems);
        let site =
            Site { subject: &subject, annotations: &annotations, options: &options, tls: &tls };
        let placement = site.placement(rules, &mut problems);
        let mut plan = Self {
            subject,
            key: key.clone(),
            placement: Placement::default(),
            drafts: Vec::new(),
            services: Vec::new(),
            protocol: options.protocol,
            canary: options.canary.clone(),
            tls,
            verdicts: Vec::new(),
            refused: Vec::new(),
        };
        match placement {
            Ok(placement) => {
                plan.placement = placement;
                let drafting = Drafting {
                    annotated: Annotated { key, annotations: &annotations, options: &options },
                    tls: &plan.tls,
                    dialect,
                    as_written: plan.placement.has_priority,
                    problems: &mut problems,
                    services: Vec::new(),
                    said: Vec::new(),
                };
                (plan.drafts, plan.services) = drafting.draft_all(spec);
            }
            Err(problem) => {
                problems.push(problem);
                plan.tls = Wishes::default();
            }
        }
        plan.refused = problems.rejections().cloned().collect();
        if !plan.drafts.is_empty() {
            problems.soften();
        }
        plan.verdicts = problems.into_verdicts(&plan.subject);
        plan
    }

    pub fn is_canary(&self) -> bool {
        self.canary.is_some()
    }
}

impl Draft {
    /// Whether the rule goes to a listener that its Ingress is on.
    pub fn lands_on(&self, protocol: Protocol, forced: bool) -> bool {
        forced
            || match self.side {
                Side::Both => true,
                Side::Tls => protocol != Protocol::Http,
                Side::Plain => protocol == Protocol::Http,
            }
    }
}
