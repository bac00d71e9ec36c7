//! Where a proof goes whose name is a CNAME: those who would not have their zone written to put
//! one there, which leads into a zone that may be.

use std::net::SocketAddr;

use hickory_proto::rr::{Name, RData, RecordType};
use issue::IssueError;

use super::exchange::{ask, name};

/// Nobody needs as many; more go round in a circle.
const MOST_HOPS: usize = 10;
/// Nobody's name, beside the one that is asked for.
const NOBODY: &str = "_doorward-nobody";

/// Where the CNAMEs at `from` lead in the end; `None`: there is none.
pub(crate) async fn target(resolver: SocketAddr, from: &str) -> Result<Option<String>, IssueError> {
    let mut at = name(from)?;
    for hops in 0..MOST_HOPS {
        let Some(next) = next(resolver, &at).await? else {
            return Ok((hops > 0).then(|| text(&at)));
        };
        at = next;
    }
    Err(IssueError::refused(format!(
        "the CNAME records from {from} on lead from name to name without an end: correct them"
    )))
}

/// A wildcard's answer is meant for hosts and no delegation: the proof goes beside it.
async fn next(resolver: SocketAddr, at: &Name) -> Result<Option<Name>, IssueError> {
    let Some(target) = cname(resolver, at).await? else { return Ok(None) };
    let beside = name(NOBODY)?.append_domain(&at.base_name());
    let is_wildcard = match beside {
        Ok(beside) => cname(resolver, &beside).await?.as_ref() == Some(&target),
        // Too long to be anybody's.
        Err(_) => false,
    };
    Ok(Some(target).filter(|_| !is_wildcard))
}

async fn cname(resolver: SocketAddr, at: &Name) -> Result<Option<Name>, IssueError> {
    let answer = ask(resolver, at.clone(), RecordType::CNAME).await?;
    Ok(answer.answers.into_iter().find_map(|record| match record.data {
        RData::CNAME(target) if record.name == *at => Some(target.0),
        _ => None,
    }))
}

fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
