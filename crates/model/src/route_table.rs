//! The rules of one listener, indexed by host, and the search among them.

use std::{collections::HashMap, iter::successors, net::IpAddr, sync::Arc};

use http::{HeaderMap, Method, StatusCode, header};

use crate::{
    Action, Direction, FactMatch, HeaderMatch, Name, ParameterMatch, Rule, RuleMatch, TextPattern,
    name::parent_of,
};

/// Rules in order of priority: the first that matches wins.
#[derive(Debug)]
pub struct RouteTable {
    rules: Vec<Arc<Rule>>,
    host_choice: HostChoice,
    /// Positions in `rules`, ascending, of request rules for that exact host.
    exact: HostIndex,
    /// Keyed by what follows `*.`.
    wildcard: HostIndex,
    any_host: Vec<u32>,
    responses: Vec<u32>,
    /// What answers when no rule matches.
    default: Action,
}

/// Which request rules a request's host brings into question. Response rules are asked one by one
/// in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostChoice {
    /// All that name it, exactly, by a wildcard for one label, or not at all: the first that
    /// matches wins.
    #[default]
    EveryRule,
    /// Only those of the host that fits best, as of Envoy's virtual hosts: the name itself, else
    /// the longest wildcard, which stands for any depth, else those without a host.
    BestHost,
}

type HostIndex = HashMap<Box<str>, Vec<u32>, foldhash::fast::RandomState>;

/// The parts of a request that rules look at.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// Lower case, without port.
    pub host: &'a str,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub method: &'a Method,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Of the request target, where it has one; else the Host header is looked at.
    pub authority: Option<&'a str>,
    pub headers: &'a HeaderMap,
    pub source: IpAddr,
}

/// The index follows from the rules, so it is not compared.
impl PartialEq for RouteTable {
    fn eq(&self, other: &Self) -> bool {
        self.default == other.default
            && self.host_choice == other.host_choice
            && self.rules == other.rules
    }
}

impl Eq for RouteTable {}

impl RouteTable {
    pub fn new(rules: Vec<Arc<Rule>>, default: Action) -> Self {
        let mut table = Self {
            host_choice: HostChoice::default(),
            exact: HostIndex::default(),
            wildcard: HostIndex::default(),
            any_host: Vec::new(),
            responses: Vec::new(),
            rules,
            default,
        };
        for (position, rule) in (0..).zip(&table.rules) {
            if rule.direction == Direction::Response {
                table.responses.push(position);
                continue;
            }
            if rule.matches.hosts.is_empty() {
                table.any_host.push(position);
            }
            for host in &rule.matches.hosts {
                let (index, key) = match host.wildcard_parent() {
                    Some(parent) => (&mut table.wildcard, parent),
                    None => (&mut table.exact, host.as_str()),
                };
                match index.get_mut(key) {
                    Some(positions) => positions.push(position),
                    None => drop(index.insert(key.into(), vec![position])),
                }
            }
        }
        table
    }

    /// The same rules, asked by another choice. The index serves both.
    pub fn choosing(self, host_choice: HostChoice) -> Self {
        Self { host_choice, ..self }
    }

    pub fn host_choice(&self) -> HostChoice {
        self.host_choice
    }

    /// In order of priority.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    pub fn default_action(&self) -> &Action {
        &self.default
    }

    /// The first request rule that matches.
    pub fn find(&self, request: &RequestParts<'_>) -> Option<&Arc<Rule>> {
        let matching = |positions: &[u32]| {
            positions.iter().copied().find(|position| {
                self.rules[*position as usize].matches.matches_request_on_host(request)
            })
        };
        let first = match self.host_choice {
            HostChoice::EveryRule => [
                self.exact_positions(request.host),
                self.wildcard_positions(request.host),
                &self.any_host,
            ]
            .into_iter()
            .filter_map(matching)
            .min(),
            HostChoice::BestHost => {
                matching(self.named_positions(request.host).unwrap_or(&self.any_host))
            }
        };
        self.rules.get(first? as usize)
    }

    /// The response rules that match, in order.
    pub fn find_for_response<'a>(
        &'a self,
        request: &'a RequestParts<'a>,
        status: StatusCode,
        headers: &'a HeaderMap,
    ) -> impl Iterator<Item = &'a Arc<Rule>> {
        self.responses.iter().map(|position| &self.rules[*position as usize]).filter(move |rule| {
            rule.matches.matches_host(request.host)
                && rule.matches.matches_request_on_host(request)
                && rule.matches.matches_response(status, headers)
        })
    }

    /// Whether some response rule may apply, so that the request's parts are worth keeping.
    pub fn has_response_rules(&self) -> bool {
        !self.responses.is_empty()
    }

    /// Whether some request rule names exactly this host.
    pub fn names_host(&self, host: &str) -> bool {
        !self.exact_positions(host).is_empty()
    }

    /// Whether some request rule names this host, exactly or by wildcard.
    pub fn knows_host(&self, host: &str) -> bool {
        match self.host_choice {
            HostChoice::EveryRule => {
                !self.exact_positions(host).is_empty() || !self.wildcard_positions(host).is_empty()
            }
            HostChoice::BestHost => self.named_positions(host).is_some(),
        }
    }

    /// Whether some request rule takes any host.
    pub fn takes_any_host(&self) -> bool {
        !self.any_host.is_empty()
    }

    /// The rules of the best-fitting host that is named: itself, else the longest wildcard.
    fn named_positions(&self, host: &str) -> Option<&[u32]> {
        let wildcards = || {
            successors(parent_of(host), |parent| parent_of(parent))
                .find_map(|parent| self.wildcard.get(parent))
        };
        self.exact.get(host).or_else(wildcards).map(Vec::as_slice)
    }

    fn exact_positions(&self, host: &str) -> &[u32] {
        self.exact.get(host).map_or(&[], Vec::as_slice)
    }

    fn wildcard_positions(&self, host: &str) -> &[u32] {
        parent_of(host).and_then(|parent| self.wildcard.get(parent)).map_or(&[], Vec::as_slice)
    }
}

impl RuleMatch {
    fn matches_host(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|name: &Name| name.covers_text(host))
    }

    /// Everything of the request but the host, which the index has settled.
    fn matches_request_on_host(&self, request: &RequestParts<'_>) -> bool {
        any_or_empty(&self.paths, |path| path.matches(request.path))
            && any_or_empty(&self.methods, |method| method == request.method)
            && self.facts.iter().all(|wanted| wanted.matches(request))
            && self.headers.iter().all(|wanted| wanted.matches(request.headers))
            && self.parameters.iter().all(|wanted| wanted.matches(request.query))
            && any_or_empty(&self.query, |wanted| query_has(request.query, wanted))
            && any_or_empty(&self.cookies, |wanted| cookies_have(request.headers, wanted))
            && any_or_empty(&self.sources, |net| net.contains(&request.source))
    }

    fn matches_response(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        any_or_empty(&self.response_status, |wanted| *wanted == status)
            && self.response_headers.iter().all(|wanted| wanted.matches(headers))
    }
}

fn any_or_empty<T>(wanted: &[T], matches: impl FnMut(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(matches)
}

impl FactMatch {
    fn matches(&self, request: &RequestParts<'_>) -> bool {
        match self {
            Self::Method(wanted) => wanted.matches(request.method.as_str()),
            Self::Scheme(wanted) => wanted.matches(request.scheme),
            Self::Authority(wanted) => {
                let of_header = || request.headers.get(header::HOST)?.to_str().ok();
                request.authority.or_else(of_header).is_some_and(|text| wanted.matches(text))
            }
        }
    }
}

impl HeaderMatch {
    fn matches(&self, headers: &HeaderMap) -> bool {
        match self.is_inverted {
            false => self.finds(headers),
            true if headers.contains_key(&self.name) => !self.finds(headers),
            // Nothing is there, and that is what no values ask for.
            true => !self.values.iter().any(|unwanted| unwanted.matches("")),
        }
    }

    fn finds(&self, headers: &HeaderMap) -> bool {
        headers.get_all(&self.name).iter().any(|value| {
            any_or_empty(&self.values, |wanted| {
                value.to_str().is_ok_and(|text| wanted.matches(text))
            })
        })
    }
}

impl ParameterMatch {
    /// As it was sent, not decoded; of several with one key the first counts, as in Envoy.
    fn matches(&self, query: Option<&str>) -> bool {
        let first = pairs(query).find(|(key, _)| **key == *self.key);
        first.is_some_and(|(_, text)| self.value.as_ref().is_none_or(|wanted| wanted.matches(text)))
    }
}

/// The parameters of a query; one without `=` has an empty value.
fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn query_has(query: Option<&str>, (key, value): &(TextPattern, TextPattern)) -> bool {
    pairs(query).any(|(k, v)| key.matches(k) && value.matches(v))
}

fn cookies_have(headers: &HeaderMap, (key, value): &(TextPattern, TextPattern)) -> bool {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).any(|pair| {
        let (k, v) = pair.trim().split_once('=').unwrap_or((pair.trim(), ""));
        key.matches(k) && value.matches(v)
    })
}

#[cfg(test)]
mod tests;
