//! One secret that a stream subscribed to, and what became of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Flavour, Now, What};
use crate::{
    catalogue::Found,
    content::{Content, Version},
};

/// Envoy quotes BoringSSL at length; the start says it.
const ERROR_TEXT: usize = 300;

#[derive(Debug, Default)]
pub struct Subscription {
    /// It stands in the session's queue.
    pub(super) is_due: bool,
    /// The client waits for an answer, also for one that it had before.
    pub(super) must_send: bool,
    sent: Option<Sent>,
    acked: Option<Acked>,
    refused: Option<Box<Refused>>,
    /// What is wrong with the newest content, or why there is none.
    problem: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sent {
    Content(Version),
    Nothing,
}

/// What the client has said that it holds.
#[derive(Clone, Debug)]
pub struct Acked {
    pub content: Arc<Content>,
    pub time: Timestamp,
}

/// What the client would not take.
#[derive(Clone, Debug)]
pub struct Refused {
    pub version: Version,
    /// The client's words, on one line.
    pub error: String,
    pub time: Timestamp,
}

/// How a subscription stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The client holds the newest content.
    Acked,
    /// Sent, not answered yet.
    Sent,
    /// The client refused the newest content.
    Rejected,
    /// There is nothing to send.
    Missing,
    /// Not looked at yet.
    Pending,
}

impl Subscription {
    pub fn acked_content(&self) -> Option<&Acked> {
        self.acked.as_ref()
    }

    /// Until something else is acknowledged.
    pub fn refusal(&self) -> Option<&Refused> {
        self.refused.as_deref()
    }

    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub fn standing(&self) -> Standing {
        match &self.sent {
            None => Standing::Pending,
            Some(Sent::Nothing) => Standing::Missing,
            Some(Sent::Content(version)) => {
                if self.refused.as_ref().is_some_and(|refused| refused.version == *version) {
                    Standing::Rejected
                } else if self.holds(version) {
                    Standing::Acked
                } else {
                    Standing::Sent
                }
            }
        }
    }

    /// What the client must be told, now that this was found under its name.
    pub(super) fn decide(
        &mut self,
        found: Found,
        flavour: Flavour,
        is_resumed: bool,
    ) -> Option<What> {
        self.problem = found.problem;
        let must_send = std::mem::take(&mut self.must_send);
        let Some(content) = found.content else {
            if !must_send && self.sent == Some(Sent::Nothing) {
                return None;
            }
            return match flavour {
                Flavour::Delta => Some(What::Removed),
                // A client that holds something keeps it; a placeholder would only soil its
                // configuration dump.
                Flavour::StateOfTheWorld if is_resumed || self.acked.is_some() => {
                    self.sent = Some(Sent::Nothing);
                    None
                }
                Flavour::StateOfTheWorld => Some(What::Placeholder),
            };
        };
        if self.refused.as_ref().is_some_and(|refused| refused.version == content.version) {
            // Also after something else, or nothing, stood in between: it would be refused again.
            self.sent = Some(Sent::Content(content.version.clone()));
            return None;
        }
        let is_sent = matches!(&self.sent, Some(Sent::Content(sent)) if *sent == content.version);
        (must_send || !is_sent).then_some(What::Content(content))
    }

    pub(super) fn sent(&mut self, what: &What) {
        self.sent = Some(match what {
            What::Content(content) => Sent::Content(content.version.clone()),
            What::Removed | What::Placeholder => Sent::Nothing,
        });
    }

    pub(super) fn acked(&mut self, content: Arc<Content>, now: Now) {
        // An answer to what was sent in between says nothing of what is held back.
        let held_back = |refused: &Refused| {
            let is_wanted =
                matches!(&self.sent, Some(Sent::Content(wanted)) if *wanted == refused.version);
            is_wanted && refused.version != content.version
        };
        if !self.refused.as_deref().is_some_and(held_back) {
            self.refused = None;
        }
        self.acked = Some(Acked { content, time: now.time });
    }

    pub(super) fn refused(&mut self, content: &Content, error: &str, now: Now) {
        self.refused = Some(Box::new(Refused {
            version: content.version.clone(),
            error: one_line(error),
            time: now.time,
        }));
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.standing() == Standing::Acked
    }

    fn holds(&self, version: &Version) -> bool {
        self.acked.as_ref().is_some_and(|acked| acked.content.version == *version)
    }
}

/// Text of a stranger, fit for a terminal.
pub fn one_line(text: &str) -> String {
    let mut line: String = text.chars().take(ERROR_TEXT).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line.replace(|c: char| c.is_control(), " ")
}
