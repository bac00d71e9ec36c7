//! The CA's questions whether names are ours: which proof answers each, and when it is asked for.

use std::time::Duration;

use instant_acme::{
    AuthorizationState, AuthorizationStatus, ChallengeStatus, ChallengeType, Identifier, Order,
};
use issue::{IssueError, Stage, Step};
use jiff::SignedDuration;
use model::Name;

use crate::{
    AcmeIssuer, SolverKind, fault,
    issuer::{PAUSE, proceed},
    progress::{Kept, Proof},
    solver,
};

/// Proofs that are not to be seen after this long will not be.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
/// Between two looks whether a proof is to be seen.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

impl AcmeIssuer {
    /// Writes down what will be opened; opens it; waits until it is to be seen; has the CA look;
    /// waits for it to have looked. Each is a step, or part of one that can be taken again.
    pub(crate) async fn prove(
        &self,
        order: &mut Order,
        mut kept: Kept,
    ) -> Result<Step, IssueError> {
        let open = self.open_questions(order).await?;
        let is_new = |proof: &&Proof| !kept.proofs.iter().any(|old| old.is_for(proof));
        let mut new: Vec<Proof> = open.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            self.find_places(&mut new).await?;
            kept.proofs.extend(new);
            return proceed(&kept, Stage::Validating, Duration::ZERO, "proofs are put up");
        }
        let is_open = |proof: &&Proof| open.iter().any(|question| question.is_for(proof));
        let unasked = kept.proofs.iter().filter(|proof| !proof.asked).filter(is_open);
        let unasked: Vec<Proof> = unasked.cloned().collect();
        if unasked.is_empty() {
            return proceed(
                &kept,
                Stage::Validating,
                PAUSE,
                "the CA checks that the names are ours",
            );
        }
        for proof in &unasked {
            self.open(proof).await?;
        }
        if let Some(unseen) = self.first_unseen(&unasked).await? {
            return self.wait_for(unseen, kept);
        }
        self.ask_to_look(order, &mut kept).await?;
        proceed(&kept, Stage::Validating, PAUSE, "the CA checks that the names are ours")
    }

    /// A proof for every name that the CA does not know to be ours.
    async fn open_questions(&self, order: &mut Order) -> Result<Vec<Proof>, IssueError> {
        let mut open = Vec::new();
        let account = self.account().await?;
        let mut authorizations = order.authorizations();
        while let Some(next) = authorizations.next().await {
            let authorization = match next {
                Ok(authorization) => authorization,
                Err(error) => return Err(self.explain(&error, "read what to prove").await),
            };
            match authorization.status {
                AuthorizationStatus::Valid => {}
                AuthorizationStatus::Pending => {
                    open.push(self.proof_for(&authorization, account.key_thumbprint())?);
                }
                // The order says so too, the next time it is looked at.
                AuthorizationStatus::Invalid => {}
                AuthorizationStatus::Revoked
                | AuthorizationStatus::Expired
                | AuthorizationStatus::Deactivated => {
                    return Err(IssueError::dead(format!(
                        "the time to prove {} is over: it is ordered anew",
                        authorization.identifier()
                    )));
                }
            }
        }
        Ok(open)
    }

    fn proof_for(
        &self,
        authorization: &AuthorizationState,
        thumbprint: &str,
    ) -> Result<Proof, IssueError> {
        let identifier = authorization.identifier();
        let host = match identifier.identifier {
            Identifier::Dns(host) => Name::parse(host).ok(),
            _ => None,
        };
        let (Some(host), Ok(name)) = (host, Name::parse(&identifier.to_string())) else {
            return Err(IssueError::dead(format!(
                "the CA asks for a proof of {identifier}, which is no DNS name"
            )));
        };
        let (index, solver) = solver::choose(&self.settings.solvers, &name)?;
        let kind = solver.method.kind();
        let wanted = challenge_type(kind);
        let challenge = authorization.challenges.iter().find(|offered| offered.r#type == wanted);
        let Some(challenge) = challenge else {
            return Err(IssueError::refused(format!(
                "the CA does not prove {name} by {kind}: put another solver for it first in \
                 spec.acme.solvers"
            )));
        };
        // RFC 8555 section 8.1.
        let key_authorization = format!("{}.{thumbprint}", challenge.token);
        let token = challenge.token.clone();
        Ok(Proof {
            host,
            solver: kind,
            delegated_to: None,
            index,
            token,
            key_authorization,
            asked: false,
        })
    }

    fn wait_for(&self, unseen: &Proof, mut kept: Kept) -> Result<Step, IssueError> {
        let now = (self.clock)();
        let since = *kept.waiting_since.get_or_insert(now);
        let message =
            format!("waits for the {} proof of {} to be seen", unseen.solver, unseen.host);
        if now.duration_since(since) > PATIENCE {
            return Err(IssueError::dead(format!(
                "{message}, for half an hour in vain; {}",
                cure(unseen.solver)
            )));
        }
        proceed(&kept, Stage::Waiting, LOOK_AGAIN, message)
    }

    /// Once each: a CA that is told twice looks twice.
    async fn ask_to_look(&self, order: &mut Order, kept: &mut Kept) -> Result<(), IssueError> {
        let account = self.account().await?;
        let mut authorizations = order.authorizations();
        while let Some(next) = authorizations.next().await {
            let mut authorization = match next {
                Ok(authorization) => authorization,
                Err(error) => return Err(self.explain(&error, "read what to prove").await),
            };
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let wanted = self.proof_for(&authorization, account.key_thumbprint())?;
            let Some(proof) = kept.proofs.iter_mut().find(|proof| proof.is_for(&wanted)) else {
                continue;
            };
            let Some(mut challenge) = authorization.challenge(challenge_type(proof.solver)) else {
                continue;
            };
            if !proof.asked
                && challenge.status == ChallengeStatus::Pending
                && let Err(error) = challenge.set_ready().await
            {
                return Err(self.explain(&error, "have the CA look at a proof").await);
            }
            proof.asked = true;
        }
        Ok(())
    }

    /// The first thing that the CA found wrong.
    pub(crate) async fn why_invalid(&self, order: &mut Order) -> IssueError {
        let of_order = order.state().error.clone();
        let mut authorizations = order.authorizations();
        while let Some(Ok(authorization)) = authorizations.next().await {
            let failed = authorization.challenges.iter().find_map(|challenge| {
                Some((kind_of(&challenge.r#type)?, challenge.error.as_ref()?))
            });
            if let Some((kind, problem)) = failed {
                let doing = format!("prove {} by {kind}", authorization.identifier());
                let error = instant_acme::Error::Api(problem.clone());
                let mut told = fault::explain(&error, &doing, &self.settings.server);
                told.message = format!("{}; {}", told.message, cure(kind));
                return told;
            }
        }
        match of_order {
            Some(problem) => {
                let error = instant_acme::Error::Api(problem);
                fault::explain(&error, "complete the order", &self.settings.server)
            }
            None => IssueError::dead("the CA has ended the order: it is ordered anew"),
        }
    }
}

fn challenge_type(kind: SolverKind) -> ChallengeType {
    match kind {
        SolverKind::Http01 => ChallengeType::Http01,
        SolverKind::TlsAlpn01 => ChallengeType::TlsAlpn01,
        SolverKind::Dns01 => ChallengeType::Dns01,
    }
}

fn kind_of(challenge: &ChallengeType) -> Option<SolverKind> {
    match challenge {
        ChallengeType::Http01 => Some(SolverKind::Http01),
        ChallengeType::TlsAlpn01 => Some(SolverKind::TlsAlpn01),
        ChallengeType::Dns01 => Some(SolverKind::Dns01),
        _ => None,
    }
}

fn cure(kind: SolverKind) -> &'static str {
    match kind {
        SolverKind::Http01 => {
            "see that the name leads to this gateway's port 80 from where the CA is"
        }
        SolverKind::TlsAlpn01 => {
            "see that the name leads to this gateway's port 443 from where the CA is, with no TLS \
             ended on the way"
        }
        SolverKind::Dns01 => "see that the zone's servers all have the TXT record",
    }
}
