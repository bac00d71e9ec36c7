//! One of `spec.http[]`.

use std::{sync::Arc, time::Duration};

use model::{Cors, FixedResponse, Reason, Retries};

use super::{
    answer::{self, RedirectPlan},
    cors,
    destination::{self, Destinations, Share},
    duration,
    fault::{self, Fault},
    headers::{self, HeaderEdits},
    matches::HttpMatch,
    mirror::{self, Copies},
    retries,
    rewrite::RewritePlan,
};
use crate::{
    dialect::{Fields, Problems},
    world::Key,
};

#[derive(Debug)]
pub(super) struct HttpRoute {
    /// `spec.http[0]`.
    pub field: String,
    /// Any of them; one that fits everything where none is written.
    pub matches: Vec<HttpMatch>,
    pub then: Then,
    pub policy: Policy,
}

#[derive(Debug)]
pub(super) enum Then {
    Answer(Answer),
    /// The routes of another VirtualService, which has no hosts of its own.
    Delegate(Key),
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Answer {
    Forward(Vec<Share>),
    Redirect(RedirectPlan),
    Fixed(FixedResponse),
}

/// What a delegate takes over from its root where it says nothing itself.
#[derive(Debug, Default)]
pub(super) struct Policy {
    pub rewrite: Option<RewritePlan>,
    pub headers: Option<HeaderEdits>,
    /// Zero is off.
    pub timeout: Option<Duration>,
    pub retries: Option<Retries>,
    pub fault: Option<Fault>,
    pub mirrors: Option<Vec<Copies>>,
    pub cors: Option<Arc<Cors>>,
}

impl HttpRoute {
    /// `None` if it can never fit, or is refused.
    pub fn read(
        rule: &mut Fields<'_>,
        destinations: &mut Destinations<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let field = rule.path().to_owned();
        let namespace = destinations.namespace;
        let blocks = rule.children("match", "HTTPMatchRequest", problems);
        let has_matches = !blocks.is_empty();
        let mut matches = Vec::with_capacity(blocks.len().max(1));
        for mut block in blocks {
            let read = HttpMatch::read(&mut block, namespace, problems);
            block.finish(problems);
            matches.extend(read);
        }
        if !has_matches {
            matches.push(HttpMatch::default());
        }
        let shares = destination::shares(rule, destinations, problems);
        let redirect = RedirectPlan::read(rule, problems);
        let response = answer::direct_response(rule, problems);
        let delegate = delegate(rule, namespace, problems);
        let policy = Policy::read(rule, destinations, problems);
        rule.accept(&["name"]);
        only_one_answer(rule, problems);
        policy.check(rule, problems);
        let answer = redirect
            .map(Answer::Redirect)
            .or(response.map(Answer::Fixed))
            .or_else(|| (!shares.is_empty()).then_some(Answer::Forward(shares)));
        let then = delegate.map(Then::Delegate).or(answer.map(Then::Answer))?;
        (!matches.is_empty()).then_some(Self { field, matches, then, policy })
    }
}

const ANSWERS: [&str; 4] = ["route", "redirect", "directResponse", "delegate"];

fn only_one_answer(rule: &Fields<'_>, problems: &mut Problems) {
    let written: Vec<&str> = ANSWERS.into_iter().filter(|answer| rule.has(answer)).collect();
    let text = match written.as_slice() {
        [_] => return,
        [] => "nothing answers: write route, redirect, directResponse or delegate".to_owned(),
        several => format!("{} exclude each other: keep one", several.join(" and ")),
    };
    problems.reject(Reason::InvalidField, rule.path(), text);
}

fn delegate(rule: &mut Fields<'_>, namespace: &str, problems: &mut Problems) -> Option<Key> {
    let mut block = rule.child("delegate", "Delegate", problems)?;
    let name = block.text("name", problems);
    let namespace = block.text("namespace", problems).unwrap_or(namespace);
    if name.is_none() {
        let text = "a delegate needs a name: write that of a VirtualService without hosts";
        problems.reject(Reason::InvalidField, block.path_of("name"), text);
    }
    block.finish(problems);
    Some(Key::new(namespace, name?))
}

impl Policy {
    fn read(
        rule: &mut Fields<'_>,
        destinations: &mut Destinations<'_>,
        problems: &mut Problems,
    ) -> Self {
        Self {
            rewrite: RewritePlan::read(rule, problems),
            headers: headers::read(rule, problems),
            timeout: duration::read_or_zero(rule, "timeout", problems),
            retries: retries::read(rule, problems),
            fault: fault::read(rule, problems),
            mirrors: mirror::read(rule, destinations, problems),
            cors: cors::read(rule, problems),
        }
    }

    fn check(&self, rule: &Fields<'_>, problems: &mut Problems) {
        let rewritten = self.rewrite.as_ref().is_some_and(|rewrite| rewrite.authority.is_some());
        if rewritten && self.headers.as_ref().is_some_and(|edits| edits.authority.is_some()) {
            let text = "rewrite.authority and a request header host both change the host: keep one";
            problems.reject(Reason::InvalidField, rule.path_of("rewrite"), text);
        }
        for other in ["fault", "rewrite"].into_iter().filter(|other| rule.has(other)) {
            if rule.has("redirect") {
                let text = format!("redirect and {other} exclude each other: keep one");
                problems.reject(Reason::InvalidField, rule.path_of(other), text);
            }
        }
    }
}
