//! From one match block to a rule of the gateway.

use std::sync::Arc;

use model::{Action, Direction, Filter, Forwarding, Mirror, Name, Rewrite, Rule, Timeout};

use super::{
    delegate::{Candidate, Pair},
    headers::HeaderEdits,
    http_route::{Answer, Policy},
    retries,
    scope::Site,
};

impl<'a> Candidate<'a> {
    /// Who wrote it, if not the one whose hosts it is for.
    pub fn delegate(&self) -> Option<Pair<'a>> {
        self.root.map(|_| self.source)
    }

    pub fn fits(&self, site: &Site<'_>) -> bool {
        self.matches.scope.fits(site)
    }

    /// Whether no request passes it.
    pub fn is_catch_all(&self) -> bool {
        self.matches.is_catch_all()
    }

    /// For requests of these hosts; none: any.
    pub fn rule(&self, hosts: Vec<Name>, listener_port: u16) -> Rule {
        let (plan, backing) = self.source;
        let action = match self.answer {
            Answer::Forward(shares) => Action::Forward(backing.targets(shares, listener_port)),
            Answer::Redirect(redirect) => Action::Redirect(redirect.of(&self.matches)),
            Answer::Fixed(response) => Action::Fixed(response.clone()),
        };
        let is_forwarded = matches!(action, Action::Forward(_));
        Rule {
            origin: plan.subject.object.clone(),
            direction: Direction::Request,
            matches: self.matches.for_hosts(hosts),
            filters: self.filters(),
            forwarding: is_forwarded.then(|| Arc::new(self.forwarding(listener_port))),
            action,
        }
    }

    fn forwarding(&self, listener_port: u16) -> Forwarding {
        let fault = self.policy(|policy| policy.fault.as_ref());
        Forwarding {
            timeout: match self.policy(|policy| policy.timeout.as_ref()) {
                Some(timeout) if !timeout.is_zero() => Timeout::After(*timeout),
                _ => Timeout::Off,
            },
            retries: Some(
                self.policy(|policy| policy.retries.as_ref())
                    .cloned()
                    .unwrap_or_else(retries::default),
            ),
            delay: fault.and_then(|fault| fault.delay),
            abort: fault.and_then(|fault| fault.abort),
            mirrors: self.mirrors(listener_port),
        }
    }

    /// The places of a root's mirrors are among the root's destinations.
    fn mirrors(&self, listener_port: u16) -> Vec<Mirror> {
        let own = self.policy.mirrors.as_ref().map(|copies| (copies, self.source.1));
        let roots =
            self.root.and_then(|(policy, backing)| Some((policy.mirrors.as_ref()?, backing)));
        match own.or(roots) {
            Some((copies, backing)) => backing.mirrors(copies, listener_port),
            None => Vec::new(),
        }
    }

    fn filters(&self) -> Vec<Filter> {
        let cors = self.policy(|policy| policy.cors.as_ref()).cloned().map(Filter::Cors);
        let rewrite = self.policy(|policy| policy.rewrite.as_ref());
        let rewrite = rewrite.map(|rewrite| rewrite.of(&self.matches));
        let rewrite = rewrite.filter(|rewrite| *rewrite != Rewrite::default());
        let edits = self.policy(|policy| policy.headers.as_ref()).map(HeaderEdits::filters);
        let first = cors.into_iter().chain(rewrite.map(Filter::Rewrite));
        first.chain(edits.unwrap_or_default()).collect()
    }

    /// A part of the route's own policy, or else of its root's.
    fn policy<T>(&self, part: impl Fn(&'a Policy) -> Option<&'a T>) -> Option<&'a T> {
        part(self.policy).or_else(|| part(self.root?.0))
    }
}
