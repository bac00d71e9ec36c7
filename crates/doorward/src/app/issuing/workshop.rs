//! Issuers as the Model names them: each is made once, and kept as long as what it is made of
//! stays the same, so that accounts, caches and open connections outlive edits of other objects.

use std::{collections::BTreeMap, sync::Arc};

use acme::Route53Spec;
use issue::{
    Challenges, Clock, Employed, Entries, Future, IssueError, Issuer, IssuerPlan, Issuers,
    Progress, Request, SpecProblem, Step,
};
use jiff::Timestamp;
use model::{IssuerKind, IssuerSecret, Model, Reason, State, Verdict};
use providers::ca::Ca;
use tokio::sync::watch;
use tracing::warn;

use super::{Local, Root};

/// What issuers work with.
#[derive(Clone)]
pub struct Tools {
    /// Of the own CA.
    pub root: Root,
    /// Where issuers keep small secrets.
    pub entries: Arc<dyn Entries>,
    pub challenges: Arc<dyn Challenges>,
    pub clock: Clock,
}

/// Issuers, and the Models that they were made for. A Model comes only once its issuers are there:
/// an order for one that is new would fail.
pub struct Supply {
    pub issuers: watch::Receiver<Arc<Issuers>>,
    pub models: watch::Receiver<Arc<Model>>,
}

/// Makes the issuers of the Model that is there, and returns what goes on making them for as long
/// as somebody listens.
pub fn open(
    tools: Tools,
    models: watch::Receiver<Arc<Model>>,
) -> (Supply, impl std::future::Future<Output = ()> + Send + use<>) {
    let mut workshop = Workshop { tools, made: BTreeMap::new() };
    let model = models.borrow().clone();
    let (issuers, issuer) = watch::channel(Arc::new(workshop.supply(&model.issuers)));
    let (supplied, supply) = watch::channel(model);
    let follow = follow(workshop, models, issuers, supplied);
    (Supply { issuers: issuer, models: supply }, follow)
}

async fn follow(
    mut workshop: Workshop,
    mut models: watch::Receiver<Arc<Model>>,
    issuers: watch::Sender<Arc<Issuers>>,
    supplied: watch::Sender<Arc<Model>>,
) {
    loop {
        let model = models.borrow_and_update().clone();
        let made = workshop.supply(&model.issuers);
        issuers.send_if_modified(|held| {
            let differs = !is_same(held, &made);
            if differs {
                *held = Arc::new(made);
            }
            differs
        });
        supplied.send_if_modified(|held| {
            let differs = !Arc::ptr_eq(held, &model);
            if differs {
                *held = model;
            }
            differs
        });
        tokio::select! {
            () = issuers.closed() => return,
            changed = models.changed() => if changed.is_err() { return },
        }
    }
}

/// Issuers made for one look, and of no use after it.
pub fn make(tools: Tools, wanted: &[Arc<model::Issuer>]) -> Issuers {
    Workshop { tools, made: BTreeMap::new() }.supply(wanted)
}

struct Workshop {
    tools: Tools,
    made: BTreeMap<Arc<str>, Made>,
}

/// An issuer, and what it was made of.
struct Made {
    of: Arc<model::Issuer>,
    employed: Employed,
}

impl Workshop {
    fn supply(&mut self, wanted: &[Arc<model::Issuer>]) -> Issuers {
        self.made.retain(|name, _| wanted.iter().any(|wanted| wanted.name == *name));
        for of in wanted {
            let is_made = self.made.get(&of.name).is_some_and(|made| made.of == *of);
            if !is_made {
                let made = Made { of: of.clone(), employed: self.tools.employ(of) };
                self.made.insert(of.name.clone(), made);
            }
        }
        self.made.iter().map(|(name, made)| (name.clone(), made.employed.clone())).collect()
    }
}

impl Tools {
    /// One that cannot be made refuses its orders and says why.
    fn employ(&self, of: &model::Issuer) -> Employed {
        let plan = IssuerPlan::of(of).unwrap_or_default();
        let issuer = self.make(of).unwrap_or_else(|problem| {
            warn!(issuer = %of.name, "{problem}");
            Arc::new(Unusable(format!("Issuer {}: {problem}", of.name)))
        });
        Employed { issuer, plan: Arc::new(plan) }
    }

    fn make(&self, of: &model::Issuer) -> Result<Arc<dyn Issuer>, SpecProblem> {
        check(of)?;
        match of.kind {
            IssuerKind::Ca => self.ca(of),
            IssuerKind::Acme => {
                let around = acme::Surroundings {
                    entries: self.entries.clone(),
                    challenges: self.challenges.clone(),
                    clock: self.clock.clone(),
                    route53: Arc::new(route53),
                };
                Ok(Arc::new(acme::build(of, &around)?))
            }
            IssuerKind::Acm | IssuerKind::AcmPca => {
                let (entries, clock) = (self.entries.clone(), self.clock.clone());
                aws::build(of, &aws::Surroundings { entries, clock })
            }
        }
    }

    fn ca(&self, of: &model::Issuer) -> Result<Arc<dyn Issuer>, SpecProblem> {
        let Some(name) = secret_of_ca(of) else {
            return Ok(Arc::new(Local::new(self.root.clone())));
        };
        let problem = |message: String| SpecProblem::at(SECRET_OF_CA, message);
        match of.secrets.get(name) {
            Some(IssuerSecret::Pair(pair)) => match Ca::of(pair, Timestamp::now) {
                Ok(ca) => Ok(Arc::new(ca)),
                Err(error) => Err(problem(error.to_string())),
            },
            Some(IssuerSecret::Unusable(why)) => {
                Err(problem(format!("Secret {name} cannot be used: {why}")))
            }
            Some(IssuerSecret::Credentials(_)) => Err(problem(format!(
                "Secret {name} holds no tls.crt and tls.key: put the CA's there"
            ))),
            None => Err(problem(format!(
                "there is no Secret {name} in the store namespace: create it with the CA's tls.crt and tls.key"
            ))),
        }
    }
}

const SECRET_OF_CA: &str = "spec.ca.secretName";

fn secret_of_ca(of: &model::Issuer) -> Option<&str> {
    of.settings.get("secretName")?.as_str()
}

fn route53(spec: &Route53Spec) -> Result<Arc<dyn issue::Dns>, IssueError> {
    let Route53Spec { region, endpoint, zones } = spec.clone();
    Ok(Arc::new(aws::route53::Lazy::new(region, endpoint, zones)))
}

/// What is wrong with an Issuer, as far as can be told without asking anybody.
pub fn check(of: &model::Issuer) -> Result<(), SpecProblem> {
    match of.kind {
        IssuerKind::Ca => check_ca(of)?,
        IssuerKind::Acme => drop(acme::AcmeSpec::read(&of.settings)?),
        IssuerKind::Acm => drop(aws::AcmSpec::read(&of.settings)?),
        IssuerKind::AcmPca => drop(aws::PcaSpec::read(&of.settings)?),
    }
    let of_window =
        |error: issue::PlanError| SpecProblem::at("spec.renewalWindow", error.to_string());
    IssuerPlan::of(of).map(drop).map_err(of_window)
}

/// Adds to the verdicts of a translation what only whoever makes issuers knows of them.
pub fn judge(model: &Model, verdicts: &mut Vec<Verdict>) {
    for of in &model.issuers {
        let (Some(object), Err(problem)) = (&of.declared_by, check(of)) else { continue };
        let mut origin = None;
        verdicts.retain(|verdict| {
            let is_accepted = verdict.object == *object && verdict.state == State::Accepted;
            if is_accepted {
                origin.clone_from(&verdict.origin);
            }
            !is_accepted
        });
        let SpecProblem { field, message } = problem;
        let message = format!("{field}: {message}");
        let verdict = Verdict::rejected(object.clone(), Reason::InvalidField, message);
        let verdict = verdict.at(field).from_origin(origin);
        let place = verdicts.partition_point(|known| known.object <= verdict.object);
        verdicts.insert(place, verdict);
    }
}

fn check_ca(of: &model::Issuer) -> Result<(), SpecProblem> {
    let fields = of.settings.as_object().into_iter().flatten();
    for (field, value) in fields {
        if field != "secretName" {
            let message = "is no known key here; did you mean secretName?";
            return Err(SpecProblem::at(format!("spec.ca.{field}"), message));
        }
        if !value.is_string() {
            return Err(SpecProblem::at(SECRET_OF_CA, "is no text: write the name of a Secret"));
        }
    }
    Ok(())
}

/// Equal names with the very same issuers.
fn is_same(one: &Issuers, other: &Issuers) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|((a, one), (b, other))| a == b && Arc::ptr_eq(&one.issuer, &other.issuer))
}

/// Stands for an issuer that cannot be made.
struct Unusable(String);

impl Issuer for Unusable {
    fn leaves_traces(&self) -> bool {
        false
    }

    fn check(&self, _: &Request) -> Result<(), IssueError> {
        Err(IssueError::refused(&self.0))
    }

    fn advance<'a>(
        &'a self,
        _: &'a Request,
        _: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async { Err(IssueError::refused(&self.0)) })
    }
}

#[cfg(test)]
mod tests;
