//! What Doorward has attached to a listener: kept beside the orders, so that neither a restart nor
//! an annotation that is gone leaves certificates behind, and nobody else's are taken for ours.

use std::collections::BTreeSet;

use issue::{IssueError, OrderBook, Page};
use jiff::Timestamp;
use model::{Arn, Name};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Action, Have, Wants};
use crate::digest::digest;

/// One page of the book.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub listener: Arn,
    /// In whose account.
    pub issuer: String,
    /// What was attached, or is about to be.
    pub held: Vec<Held>,
    /// The default, where we made it so or objects wanted it as it was: it may be replaced. Two
    /// while it changes.
    pub defaults: Vec<Arn>,
}

/// A certificate of ours, with what was known of it when it was last wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    pub arn: Arn,
    pub names: Vec<Name>,
    pub not_after: Timestamp,
}

const PREFIX: &str = "attached_";

impl Record {
    pub fn new(listener: Arn, issuer: &str) -> Self {
        Self { listener, issuer: issuer.to_owned(), held: Vec::new(), defaults: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.defaults.is_empty()
    }

    /// Whether something of it is to be forgotten later.
    pub(super) fn lingers(&self, have: &Have) -> bool {
        let is_there = |held: &Held| have.attached.contains(&held.arn);
        !have.is_settled && !self.held.iter().all(is_there)
    }

    pub(super) fn held(&self, arn: &Arn) -> Option<&Held> {
        self.held.iter().find(|held| held.arn == *arn)
    }

    /// Whether it may be replaced as the default.
    pub(super) fn is_own_default(&self, arn: &Arn) -> bool {
        self.defaults.contains(arn) || self.held(arn).is_some()
    }

    /// What there will be to remember once `actions` are taken: written down before they are. What
    /// is on the listener already when we come is somebody else's. What is not there is forgotten,
    /// but for a while after each change: AWS may show the state before it.
    pub(super) fn before(&self, have: &Have, wants: &Wants, actions: &[Action]) -> Self {
        let added: BTreeSet<&Arn> = actions
            .iter()
            .filter_map(|action| if let Action::Add(arn) = action { Some(arn) } else { None })
            .collect();
        let facts = |arn: &Arn| wants.certificates.iter().find(|want| want.arn == *arn);
        let mut held: Vec<Held> = self
            .held
            .iter()
            .filter(|held| have.attached.contains(&held.arn) || !have.is_settled)
            .filter(|held| !added.contains(&held.arn))
            .cloned()
            .collect();
        for known in &mut held {
            if let Some(want) = facts(&known.arn) {
                known.names.clone_from(&want.facts.names);
                known.not_after = want.facts.not_after;
            }
        }
        held.extend(added.into_iter().filter_map(facts).map(|want| Held {
            arn: want.arn.clone(),
            names: want.facts.names.clone(),
            not_after: want.facts.not_after,
        }));
        let made = actions.iter().find_map(|action| match action {
            Action::MakeDefault(arn) => Some(arn.clone()),
            Action::Add(_) | Action::Remove(_) => None,
        });
        let is_ours = |default: &&Arn| self.is_own_default(default) || facts(default).is_some();
        let before = have.default.as_ref().filter(is_ours).cloned();
        let mut defaults: Vec<Arn> = before.into_iter().chain(made).collect();
        defaults.dedup();
        Self { held, defaults, ..self.clone() }
    }

    /// An empty one takes its page out of the book.
    pub(super) async fn keep(&self, book: &dyn OrderBook) -> Result<(), IssueError> {
        let page = self.to_page();
        let kept = match self.is_empty() {
            true => book.remove(&page.name).await,
            false => book.save(&page).await,
        };
        kept.map_err(|error| IssueError::passing(error.to_string()))
    }

    fn to_page(&self) -> Page {
        let name = format!("{PREFIX}{}", &digest(&[self.listener.as_str()])[..32]);
        // Texts and times: there is nothing to refuse.
        let text = serde_json::to_string(self).expect("a record is plain JSON");
        Page { name, text: Zeroizing::new(text) }
    }

    /// `None`: the page is something else.
    pub fn from_page(page: &Page) -> Option<Result<Self, serde_json::Error>> {
        page.name.starts_with(PREFIX).then(|| serde_json::from_str(&page.text))
    }
}
