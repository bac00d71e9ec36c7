//! Which proof is used for which name: the first solver of the list that fits.

use std::{fmt, sync::Arc};

use issue::{Dns, IssueError};
use model::Name;
use serde::{Deserialize, Serialize};

/// One way to prove names, and which names it is for.
#[derive(Clone)]
pub struct Solver {
    pub method: Method,
    /// Empty: all names.
    pub names: Vec<NamePattern>,
}

#[derive(Clone)]
pub enum Method {
    /// RFC 8555 section 8.3, answered by the gateway's plain HTTP listeners.
    Http01,
    /// RFC 8737, answered by the gateway's TLS listeners.
    TlsAlpn01,
    /// RFC 8555 section 8.4, and the only one for wildcards.
    Dns01(Arc<dyn Dns>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SolverKind {
    Http01,
    TlsAlpn01,
    Dns01,
}

impl Method {
    pub fn kind(&self) -> SolverKind {
        match self {
            Self::Http01 => SolverKind::Http01,
            Self::TlsAlpn01 => SolverKind::TlsAlpn01,
            Self::Dns01(_) => SolverKind::Dns01,
        }
    }
}

impl fmt::Display for SolverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http01 => "http01",
            Self::TlsAlpn01 => "tlsAlpn01",
            Self::Dns01 => "dns01",
        })
    }
}

/// Names that a solver is for: an exact name, `*.a.test` for everything below `a.test` at any
/// depth, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    All,
    Exact(Name),
    /// Below this name.
    Below(Box<str>),
}

impl NamePattern {
    pub fn parse(text: &str) -> Result<Self, model::ParseNameError> {
        if text == "*" {
            return Ok(Self::All);
        }
        let name = Name::parse(text)?;
        Ok(match name.wildcard_parent() {
            Some(parent) => Self::Below(parent.into()),
            None => Self::Exact(name),
        })
    }

    pub fn fits(&self, name: &Name) -> bool {
        match self {
            Self::All => true,
            Self::Exact(exact) => exact == name,
            Self::Below(parent) => {
                name.as_str().strip_suffix(&**parent).is_some_and(|rest| rest.ends_with('.'))
            }
        }
    }
}

/// The first solver for `name`, and its place in the list.
pub(crate) fn choose<'a>(
    solvers: &'a [Solver],
    name: &Name,
) -> Result<(usize, &'a Solver), IssueError> {
    let fits = |solver: &Solver| {
        solver.names.is_empty() || solver.names.iter().any(|pattern| pattern.fits(name))
    };
    let proves = |solver: &Solver| !name.is_wildcard() || matches!(solver.method, Method::Dns01(_));
    let mut fitting = solvers.iter().enumerate().filter(|(_, solver)| fits(solver)).peekable();
    let is_listed = fitting.peek().is_some();
    fitting.find(|(_, solver)| proves(solver)).ok_or_else(|| {
        IssueError::refused(match is_listed {
            true => format!(
                "{name} is a wildcard, which only dns01 can prove: add a dns01 solver for it to \
                 spec.acme.solvers, or ask for its hosts one by one"
            ),
            false => format!(
                "no solver of spec.acme.solvers is for {name}: add one, or {name} to the names of one"
            ),
        })
    })
}

#[cfg(test)]
mod tests;
