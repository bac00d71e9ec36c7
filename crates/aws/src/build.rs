//! An Issuer of the Model becomes one that obtains from AWS.
//!
//! Credentials are looked for when the first order is at work: a machine without any must not
//! keep Doorward from starting.

use std::sync::Arc;

use issue::{
    Clock, Dns, Entries, Future, IssueError, Issuer, Progress, RenewalWindow, Request, SpecProblem,
    Step,
};
use model::{Certificate, IssuerKind};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::{
    AcmSpec, PcaSpec,
    acm::{self, AcmIssuer},
    inventory::Inventory,
    pca::{self, PcaIssuer},
    route53::Route53,
};

/// What an issuer works with and does not own.
#[derive(Clone)]
pub struct Surroundings {
    /// Where this installation's own name is kept.
    pub entries: Arc<dyn Entries>,
    pub clock: Clock,
}

/// Makes the issuer, or says which field of it cannot be used.
pub fn build(
    issuer: &model::Issuer,
    around: &Surroundings,
) -> Result<Arc<dyn Issuer>, SpecProblem> {
    let spec = match issuer.kind {
        IssuerKind::AcmPca => Spec::Pca(PcaSpec::read(&issuer.settings)?),
        _ => Spec::Acm(AcmSpec::read(&issuer.settings)?),
    };
    Ok(Arc::new(Lazy { spec, around: around.clone(), opened: OnceCell::new() }))
}

enum Spec {
    Acm(AcmSpec),
    Pca(PcaSpec),
}

/// Opened by its first order.
struct Lazy {
    spec: Spec,
    around: Surroundings,
    opened: OnceCell<Arc<dyn Issuer>>,
}

impl Lazy {
    async fn open(&self) -> Result<&Arc<dyn Issuer>, IssueError> {
        self.opened
            .get_or_try_init(|| async {
                let clock = self.around.clock.clone();
                Ok(match &self.spec {
                    Spec::Acm(spec) => Arc::new(self.open_acm(spec, clock).await?) as Arc<_>,
                    Spec::Pca(spec) => Arc::new(open_pca(spec, clock).await) as Arc<dyn Issuer>,
                })
            })
            .await
    }

    async fn open_acm(&self, spec: &AcmSpec, clock: Clock) -> Result<AcmIssuer, IssueError> {
        let account = spec.open().await;
        let zones = match &spec.zone_role {
            None => account.clone(),
            Some(role) => AcmSpec { role: Some(role.clone()), ..spec.clone() }.open().await,
        };
        let dns: Arc<dyn Dns> = Arc::new(Route53::new(&zones, spec.zones.clone()));
        let settings = acm::Settings {
            cluster: spec.cluster.clone(),
            cluster_uid: own_name(&*self.around.entries).await?,
            authority: spec.certificate_authority_arn.clone(),
            tags: spec.tags.clone().into_iter().collect(),
            records: spec.records.into(),
        };
        let inventory = Arc::new(Inventory::new(&account));
        Ok(AcmIssuer::new(&account, inventory, dns, settings, clock))
    }
}

async fn open_pca(spec: &PcaSpec, clock: Clock) -> PcaIssuer {
    let settings = pca::Settings {
        authority: spec.arn.clone(),
        template: spec.template.clone(),
        days: spec.days,
    };
    PcaIssuer::new(&spec.open().await, settings, clock)
}

/// The Secret with what tells this installation from all others, of the same name too.
const SECRET: &str = "doorward-aws";
const OWN_NAME: &str = "cluster-uid";

async fn own_name(entries: &dyn Entries) -> Result<String, IssueError> {
    let unkept = |error: issue::StoreError| IssueError::passing(error.to_string());
    if let Some(kept) = entries.load(SECRET, OWN_NAME).await.map_err(unkept)? {
        return Ok(kept.to_string());
    }
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| IssueError::passing("the system has no random numbers"))?;
    let made = Zeroizing::new(random.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    entries.save(SECRET, OWN_NAME, &made).await.map_err(unkept)?;
    Ok(made.to_string())
}

impl Issuer for Lazy {
    fn check(&self, request: &Request) -> Result<(), IssueError> {
        match self.spec {
            Spec::Acm(_) => acm::check(request).map(drop),
            Spec::Pca(_) => Ok(()),
        }
    }

    fn examine<'a>(&'a self, request: &'a Request) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move { self.open().await?.examine(request).await })
    }

    fn advance<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async move { self.open().await?.advance(request, progress).await })
    }

    fn retire<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move { self.open().await?.retire(request, progress).await })
    }

    fn renewal_window<'a>(
        &'a self,
        held: &'a Certificate,
    ) -> Future<'a, Result<Option<RenewalWindow>, IssueError>> {
        Box::pin(async move { self.open().await?.renewal_window(held).await })
    }

    fn tend(&self) -> Future<'_, Result<Vec<String>, IssueError>> {
        Box::pin(async move { self.open().await?.tend().await })
    }
}
