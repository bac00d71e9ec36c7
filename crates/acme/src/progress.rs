//! What is remembered of an order between two steps: enough to go on with it after a kill.

use issue::{IssueError, Progress};
use jiff::Timestamp;
use model::Name;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::SolverKind;

/// The certificate's key is made and kept before the order is placed, so that whatever the CA
/// signs is for a key that we have.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Kept {
    /// The directory of whom the order is with: nobody else knows of it.
    pub(crate) server: String,
    pub(crate) key_pem: Zeroizing<String>,
    /// The order's URL, once it is placed. One that was placed just before a kill is placed again:
    /// CAs answer the same names with the order that is still pending, or let that one expire.
    pub(crate) order: Option<String>,
    /// When the first proof was found not to be seen yet.
    #[serde(default)]
    pub(crate) waiting_since: Option<Timestamp>,
    /// Written down before anything is opened, so that nothing is left open.
    #[serde(default)]
    pub(crate) proofs: Vec<Proof>,
}

/// How one name of the order is proved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Proof {
    /// Without `*.`: what is proved for a wildcard is its parent.
    pub(crate) host: Name,
    pub(crate) solver: SolverKind,
    /// Where the record is put that is not at the name's own place, as a CNAME there leads to it.
    #[serde(default)]
    pub(crate) delegated_to: Option<String>,
    /// Which of the solvers in the issuer's list; a changed list is found out by `solver`.
    pub(crate) index: usize,
    pub(crate) token: String,
    pub(crate) key_authorization: String,
    /// The CA was told to look.
    #[serde(default)]
    pub(crate) asked: bool,
}

impl Proof {
    /// Of the same question.
    pub(crate) fn is_for(&self, other: &Self) -> bool {
        (&self.host, self.solver, &self.token) == (&other.host, other.solver, &other.token)
    }
}

impl Kept {
    /// `None`: the order has not begun.
    pub(crate) fn read(progress: &Progress) -> Result<Option<Self>, IssueError> {
        if progress.0.is_null() {
            return Ok(None);
        }
        // What is wrong is not told: the text holds a key.
        serde_json::from_value(progress.0.clone()).map(Some).map_err(|_| {
            IssueError::dead("what was kept of the order cannot be read: it is ordered anew")
        })
    }

    pub(crate) fn write(&self) -> Result<Progress, IssueError> {
        let value = serde_json::to_value(self);
        value.map(Progress).map_err(|_| IssueError::dead("the order's progress cannot be kept"))
    }
}
