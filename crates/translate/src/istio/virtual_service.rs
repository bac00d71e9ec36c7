//! All that follows from one VirtualService alone; kept as long as the object stays the same.
//!
//! Istio's admission refuses an object with a fault as a whole, and so does this: a request that a
//! broken route was meant to catch must not fall through to a later one.

mod answer;
mod backing;
mod cors;
mod delegate;
mod destination;
mod duration;
mod fault;
mod format;
mod gateways;
mod headers;
mod host;
mod hosts;
mod http_route;
mod l4_route;
mod matches;
mod mirror;
mod percent;
mod retries;
mod rewrite;
mod rule;
mod scope;
mod text_match;

use model::{Dialect, Reason, Verdict};
use serde_json::Value;

use crate::{
    dialect::{Fields, Place, Problems, Subject},
    world::{Age, Key, Object, VirtualService},
};
use destination::{Destination, Destinations};
use gateways::Exports;
use http_route::{HttpRoute, Then};
use l4_route::L4Kind;

pub(super) use backing::Backing;
pub(super) use delegate::{Candidate, candidates};
pub(super) use host::Host;
pub(super) use l4_route::{L4Match, L4Route};
pub(super) use scope::Site;

#[derive(Debug)]
pub(super) struct VirtualServicePlan {
    pub subject: Subject,
    pub key: Key,
    pub age: Age,
    /// None: a delegate, which is used by others only.
    pub hosts: Vec<Host>,
    /// Gateways that it is for, each with its field.
    pub gateways: Vec<(Key, String)>,
    /// Whether it is for Gateways at all, or for the mesh alone.
    pub is_for_gateways: bool,
    exports: Exports,
    /// What is refused has no routes.
    http: Vec<HttpRoute>,
    pub tls: Vec<L4Route>,
    pub tcp: Vec<L4Route>,
    destinations: Vec<Destination>,
    pub is_refused: bool,
    pub verdicts: Vec<Verdict>,
}

impl VirtualServicePlan {
    pub fn read(object: &Object<VirtualService>) -> Self {
        let subject = Subject {
            object: object.reference.clone(),
            origin: object.origin.clone(),
            dialect: Dialect::Istio,
        };
        let mut plan = Self {
            subject,
            key: Key {
                namespace: object.reference.namespace.clone().unwrap_or_default(),
                name: object.reference.name.clone(),
            },
            age: object.age(),
            hosts: Vec::new(),
            gateways: Vec::new(),
            is_for_gateways: false,
            exports: Exports::All,
            http: Vec::new(),
            tls: Vec::new(),
            tcp: Vec::new(),
            destinations: Vec::new(),
            is_refused: false,
            verdicts: Vec::new(),
        };
        let mut problems = Problems::default();
        let place = Place {
            path: "spec".to_owned(),
            go_type: "VirtualService",
            go_path: String::new(),
            go_prefix: "",
            reason: Reason::InvalidField,
        };
        let spec = object.body.0.get("spec").unwrap_or(&Value::Null);
        match Fields::open(spec, place, &mut problems).map(Fields::in_exact_case) {
            Some(spec) => plan.read_spec(spec, &mut problems),
            None if problems.has_rejection() => {}
            None => problems.reject(Reason::InvalidField, "spec", "it says nothing: write hosts"),
        }
        plan.is_refused = problems.has_rejection();
        if plan.is_refused {
            plan.http.clear();
            plan.tls.clear();
            plan.tcp.clear();
            plan.destinations.clear();
        }
        plan.verdicts = problems.into_verdicts(&plan.subject);
        plan
    }

    fn read_spec(&mut self, mut spec: Fields<'_>, problems: &mut Problems) {
        let namespace = self.key.namespace.clone();
        self.gateways = gateways::read(&mut spec, &namespace, problems);
        self.is_for_gateways = !self.gateways.is_empty() || problems.has_rejection();
        self.exports = Exports::read(&mut spec, &namespace, problems);
        self.hosts = hosts::read(&mut spec, &namespace, problems);
        let mut destinations = Destinations { namespace: &namespace, known: Vec::new() };
        for mut rule in spec.children("http", "HTTPRoute", problems) {
            self.http.extend(HttpRoute::read(&mut rule, &mut destinations, problems));
            rule.finish(problems);
        }
        for (key, kind) in [("tls", L4Kind::Tls), ("tcp", L4Kind::Tcp)] {
            for mut rule in spec.children(key, "L4Route", problems) {
                let route =
                    L4Route::read(&mut rule, kind, &self.hosts, &mut destinations, problems);
                rule.finish(problems);
                match kind {
                    L4Kind::Tls => self.tls.push(route),
                    L4Kind::Tcp => self.tcp.push(route),
                }
            }
        }
        self.destinations = destinations.known;
        let has_routes = ["http", "tls", "tcp"].map(|key| spec.asks_for(key));
        if has_routes == [false; 3] {
            let text = "it has no routes: write http, tls or tcp";
            problems.reject(Reason::InvalidField, "spec", text);
        }
        if !spec.asks_for("hosts") {
            self.check_delegate(has_routes, problems);
        }
        spec.finish(problems);
        if !problems.has_rejection() {
            self.warn_of_unreachable(problems);
        }
    }

    /// One without hosts has what a root route can take over, and no more.
    fn check_delegate(&self, [_, tls, tcp]: [bool; 3], problems: &mut Problems) {
        if !self.gateways.is_empty() || tls || tcp {
            let text = "without hosts it is a delegate, which has http routes only: write hosts, or remove gateways, tls and tcp";
            problems.reject(Reason::InvalidField, "spec.hosts", text);
        }
        if self.http.iter().any(|route| matches!(route.then, Then::Delegate(_))) {
            let text =
                "a delegate cannot delegate in its turn: write hosts, or the routes themselves";
            problems.reject(Reason::InvalidField, "spec.http", text);
        }
    }

    fn warn_of_unreachable(&self, problems: &mut Problems) {
        let takes_all = |route: &HttpRoute| {
            let is_delegating = matches!(route.then, Then::Delegate(_));
            let mut matches = route.matches.iter();
            !is_delegating && matches.any(|m| m.is_catch_all() && m.scope.is_everywhere())
        };
        let Some(last) = self.http.iter().position(takes_all) else { return };
        for route in &self.http[last + 1..] {
            let text = format!(
                "no request gets here, as {} fits them all: move that route to the end",
                self.http[last].field
            );
            problems.warn(Reason::NotHonoured, route.field.clone(), text);
        }
    }

    pub fn is_exported_to(&self, namespace: &str) -> bool {
        self.exports.reaches(namespace)
    }

    /// The objects that routes are taken over from.
    pub fn delegates(&self) -> impl Iterator<Item = &Key> {
        self.http.iter().filter_map(|route| match &route.then {
            Then::Delegate(key) => Some(key),
            Then::Answer(_) => None,
        })
    }

    pub fn is_delegate(&self) -> bool {
        self.hosts.is_empty()
    }
}

#[cfg(test)]
mod tests;
