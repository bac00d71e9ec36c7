//! What a rotation does, step by step. A plan holds no key and touches nothing: it says which
//! file is to have which content when, and what is restarted in between.

mod decide;
pub(crate) mod scope;
mod step;
mod steps;
mod text;

use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

pub use decide::decide;
pub(crate) use decide::will_change;
pub use step::{Act, Change, Phase, Place, Rotation, Setting, Stage, Step};
pub(crate) use steps::{flag, manifest};

use crate::HostName;

/// How an authority is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// New leaves under the same CA; nothing is restarted.
    Leaf,
    /// The CA's certificate anew with the same key.
    SameKey,
    /// A new CA that the old one vouches for; one rolling restart.
    Cross,
    /// Both CAs trusted for a while; two rolling restarts.
    Bundle,
    /// Nothing valid is left to be compatible with: stop all, write all, start all.
    Sweep,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub mode: Mode,
    /// Why this mode, in a sentence.
    pub why: String,
    /// Authorities that are made or made anew.
    pub authorities: Vec<AuthorityPlan>,
    /// Leaves that are issued.
    pub leaves: Vec<LeafPlan>,
    pub steps: Vec<Step>,
    /// What the operator should know: what is not done, who else holds copies.
    pub notes: Vec<String>,
    /// Hosts that could not be reached and are done later.
    pub pending: Vec<HostName>,
}

impl Plan {
    /// What products do themselves.
    pub fn rotations(&self) -> impl Iterator<Item = &Rotation> {
        self.steps.iter().filter_map(|step| match &step.act {
            Act::Rotate(rotation) => Some(rotation),
            _ => None,
        })
    }
}

/// One authority of the plan: `id` is what places refer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityPlan {
    pub id: String,
    /// SHA-256 of the present certificate's DER.
    pub replaces: String,
    pub subject: String,
    /// The new one's; `None`: the name stays.
    pub common_name: Option<String>,
    /// SHA-256 of an authority that is there already and takes the place of this one; then
    /// nothing is made.
    pub successor: Option<String>,
    /// The id of another one of this plan whose new authority takes the place of this one too:
    /// what several rotations left side by side becomes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins: Option<String>,
    /// SHA-256 of others of its line that nobody lives by; they go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<String>,
    pub same_key: bool,
    pub cross_signed: bool,
    pub not_after: Timestamp,
    /// Where its certificate and key are written, beside the trust files: host, certificate, key.
    pub kept_at: Vec<(HostName, std::path::PathBuf, std::path::PathBuf)>,
}

impl AuthorityPlan {
    /// It is neither there already nor another's.
    pub(crate) fn is_made(&self) -> bool {
        self.successor.is_none() && self.joins.is_none()
    }
}

/// One leaf: everything but dates and keys is taken from the present one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeafPlan {
    pub id: String,
    /// Who issues it: an `AuthorityPlan`'s id, or the SHA-256 of a present CA.
    pub authority: String,
    /// SHA-256 of the present leaf's DER.
    pub replaces: String,
    pub subject: String,
    /// Names and addresses that the present leaf lacks.
    pub added_names: Vec<String>,
    pub not_after: Timestamp,
    pub reuse_key: bool,
    /// Files with this very pair: host, certificate, key (the same file for both in a kubeconfig).
    pub kept_at: Vec<(HostName, std::path::PathBuf, std::path::PathBuf)>,
}

/// What the operator asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// `None`: chosen by the facts.
    pub mode: Option<Mode>,
    /// `None`: as long as the present ones, at least a year.
    pub validity: Option<Span>,
    pub reuse_keys: bool,
    /// Pairs whose key is another's are made anew, before all else.
    pub repair: bool,
    /// Where nothing gentler leads to one set, all may stop for it.
    pub accepts_absence: bool,
    pub allow_degraded: bool,
    /// The old key is known to others: no same-key re-issue, a short overlap.
    pub compromised: bool,
    pub max_skew: Option<std::time::Duration>,
    pub exclude: Vec<HostName>,
    /// Also the authority of Kubernetes and the front proxy's, not etcd's alone.
    pub kubernetes: bool,
    /// Ends the overlap in which Kubernetes trusts the old authority beside the new one.
    pub drop_old: bool,
}
