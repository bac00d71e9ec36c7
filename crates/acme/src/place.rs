//! At which name a proof in DNS is put up, and whether its solver can write there.

use issue::IssueError;
use model::Name;

use crate::{
    AcmeIssuer, Method, SolverKind,
    dns::{delegation, resolver},
    progress::Proof,
    solver,
};

/// RFC 8555 section 8.4.
pub(crate) fn own(host: &Name) -> String {
    format!("_acme-challenge.{host}")
}

impl AcmeIssuer {
    /// No order where a solver has no zone to write the proof into.
    pub(crate) async fn check_places(&self, names: &[Name]) -> Result<(), IssueError> {
        for name in names {
            let (_, solver) = solver::choose(&self.settings.solvers, name)?;
            let Method::Dns01(dns) = &solver.method else { continue };
            let host = name.wildcard_parent().and_then(|parent| Name::parse(parent).ok());
            let host = host.as_ref().unwrap_or(name);
            let elsewhere = self.delegated(host).await?;
            let place = elsewhere.clone().unwrap_or_else(|| own(host));
            let checked = dns.check(&place).await;
            checked.map_err(|error| told(error, host, elsewhere.as_deref()))?;
        }
        Ok(())
    }

    /// Before they are written down: they are taken away from where they were put up, wherever
    /// CNAMEs lead by then.
    pub(crate) async fn find_places(&self, proofs: &mut [Proof]) -> Result<(), IssueError> {
        for proof in proofs.iter_mut().filter(|proof| proof.solver == SolverKind::Dns01) {
            proof.delegated_to = self.delegated(&proof.host).await?;
        }
        Ok(())
    }

    /// Where a CNAME hands the proof on to. One that cannot be looked up from here is none.
    async fn delegated(&self, host: &Name) -> Result<Option<String>, IssueError> {
        let resolver = self.settings.resolver.unwrap_or_else(resolver::of_machine);
        match delegation::target(resolver, &own(host)).await {
            Err(error) if error.fault == issue::Fault::Passing => {
                tracing::debug!("the proof of {host} goes to its own name: {error}");
                Ok(None)
            }
            found => found,
        }
    }
}

/// An error about the place, which people know by another name.
pub(crate) fn told(error: IssueError, host: &Name, delegated_to: Option<&str>) -> IssueError {
    let Some(target) = delegated_to else { return error };
    let message = format!("{}; {} is a CNAME to {target}", error.message, own(host));
    IssueError { message, ..error }
}
