//! What can be known to fail before the CA is asked: each of its refusals counts against a limit.

use issue::{Challenges, IssueError, Proof, Request};
use model::Name;

use crate::{Method, Solver, solver};

/// Let's Encrypt's limit, and nobody's is higher.
const MOST_NAMES: usize = 100;

/// The names can be ordered, and each has a solver that the gateway does not stand in the way of.
pub(crate) fn request(
    request: &Request,
    solvers: &[Solver],
    challenges: &dyn Challenges,
) -> Result<(), IssueError> {
    let count = request.names.len();
    if count == 0 {
        return Err(IssueError::refused("no name is asked for: add a host"));
    }
    if count > MOST_NAMES {
        return Err(IssueError::refused(format!(
            "{count} names are asked for, one certificate holds {MOST_NAMES} at most: spread the \
             hosts over several TLS entries"
        )));
    }
    for name in &request.names {
        check(name)?;
        let (_, solver) = solver::choose(solvers, name)?;
        match solver.method {
            Method::Http01 => challenges.can_answer(name, Proof::Http01)?,
            Method::TlsAlpn01 => challenges.can_answer(name, Proof::TlsAlpn01)?,
            Method::Dns01(_) => {}
        }
    }
    Ok(())
}

/// What every public CA refuses (CA/Browser Forum Baseline Requirements 3.2.2.4, 7.1.4). Length and
/// characters are [`Name`]'s own rule; names beyond ASCII have to come as A-labels (RFC 5890),
/// which is what they then are.
fn check(name: &Name) -> Result<(), IssueError> {
    let host = name.wildcard_parent().unwrap_or(name.as_str());
    let labels: Vec<&str> = host.split('.').collect();
    let refuse = |why: &str| Err(IssueError::refused(format!("{name} {why}")));
    if labels.len() < 2 {
        return refuse(
            "has no domain: ask for a name that is known in DNS, such as www.example.com",
        );
    }
    if labels.last().is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit())) {
        return refuse("is an address and no name: ask for a DNS name");
    }
    if labels.iter().any(|label| label.contains('_')) {
        return refuse("has a label with '_', which no CA puts in a certificate: use '-'");
    }
    if labels.iter().any(|label| label.starts_with('-') || label.ends_with('-')) {
        return refuse("has a label that begins or ends with '-': CAs refuse it, use another name");
    }
    let is_broken_idn = |label: &&str| {
        label.strip_prefix("xn--").is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
    };
    if labels.iter().any(is_broken_idn) {
        return refuse("has a label \"xn--…\" that stands for no text: write the name's A-label");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
