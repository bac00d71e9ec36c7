//! One request and its answer, step by step.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, Response, Uri, header, request, uri::Authority};
use hyper::body::Incoming;
use model::{Action, Filter, FixedResponse, Listener, RequestParts, Rule};

use super::{
    Proxy,
    body::Body,
    cors::{self, CrossOrigin},
    echo,
    filters::Facts,
    host::Host,
    misdirected,
    reason::{REASON, Reason},
    redirect,
    response_edits::ResponseEdits,
    response_rules::{self, Asked},
    target,
    template::Variables,
};
use crate::{AccessFacts, Connection, listener::Servers};

/// What is at hand while one request is answered.
pub struct Exchange<'a> {
    pub proxy: &'a Proxy,
    pub connection: &'a Connection,
    pub listener: &'a Listener,
    /// All that share the listener's port.
    servers: Option<&'a Servers>,
    /// What the access log will say.
    pub facts: AccessFacts,
    /// What rules want changed of the answer, whoever gives it.
    pub edits: ResponseEdits,
}

impl<'a> Exchange<'a> {
    pub fn new(
        proxy: &'a Proxy,
        connection: &'a Connection,
        listener: &'a Listener,
        servers: Option<&'a Servers>,
    ) -> Self {
        let (facts, edits) = Default::default();
        Self { proxy, connection, listener, servers, facts, edits }
    }

    pub async fn answer(mut self, request: Request<Incoming>) -> Response<Body> {
        let mut response = match self.route(request).await {
            Ok(response) => response,
            Err(reason) => self.refuse(reason),
        };
        if self.proxy.options.access_log {
            response.extensions_mut().insert(self.facts);
        }
        response
    }

    fn refuse(&mut self, reason: Reason) -> Response<Body> {
        self.note(reason.as_str());
        reason.response()
    }

    fn note(&mut self, reason: &'static str) {
        self.facts.reason = Some(reason);
        self.proxy.metrics.refused(reason);
    }

    /// Finds the rule and has it acted upon; then edits the answer.
    async fn route(&mut self, request: Request<Incoming>) -> Result<Response<Body>, Reason> {
        let (parts, incoming) = request.into_parts();
        target::check(&parts.method, &parts.uri, parts.version, &parts.headers)?;
        let host =
            Host::of(&parts.uri, &parts.headers, parts.version).map_err(|_| Reason::BadHost)?;
        let routes = &self.listener.routes;
        let tls = self.connection.tls.as_ref();
        if misdirected::is_misdirected(routes, self.servers, &host.name, tls) {
            return Err(Reason::Misdirected);
        }
        let rule = routes.find(&RequestParts {
            host: &host.name,
            path: parts.uri.path(),
            query: parts.uri.query(),
            method: &parts.method,
            scheme: self.connection.scheme(),
            authority: parts.uri.authority().map(Authority::as_str),
            headers: &parts.headers,
            source: self.connection.client.ip().to_canonical(),
        });
        if self.proxy.options.access_log {
            self.facts.rule = rule.map(|rule| rule.origin.to_string().into());
        }
        let cross_origin = rule.and_then(|rule| cross_origin(rule, &parts.headers));
        let asked = routes.has_response_rules().then(|| Asked::of(&host, &parts));
        if let Some(rule) = rule {
            let facts = self.knowledge();
            self.edits.plan(&rule.filters, &parts.headers, &facts);
        }
        let answered = match &cross_origin {
            Some(cross) if cors::is_preflight(&parts.method, &parts.headers) => {
                Ok(cross.preflight())
            }
            _ => self.act(rule, parts, incoming, &host).await,
        };
        let mut response = answered.unwrap_or_else(|reason| self.refuse(reason));
        std::mem::take(&mut self.edits).apply(response.headers_mut());
        if let Some(cross) = &cross_origin {
            cross.mark(response.headers_mut());
        }
        if let Some(asked) = &asked {
            response_rules::apply(asked, self.listener, self.connection, &mut response);
        }
        Ok(response)
    }

    async fn act(
        &mut self,
        rule: Option<&'a Arc<Rule>>,
        parts: request::Parts,
        incoming: Incoming,
        host: &Host,
    ) -> Result<Response<Body>, Reason> {
        let action = match rule {
            Some(rule) => &rule.action,
            None => self.listener.routes.default_action(),
        };
        if let Some(rule) = rule {
            self.admit(rule)?;
        }
        match action {
            Action::Forward(targets) => self.forward(rule, targets, parts, incoming, host).await,
            Action::Redirect(to) => redirect::answer(to, &self.variables(&parts.uri, host)),
            Action::Fixed(fixed) => Ok(self.fixed(fixed)),
            Action::Echo => {
                let rule = rule.map(|rule| &**rule);
                Ok(echo::answer(&parts, host, self.connection, self.listener, rule))
            }
        }
    }

    fn admit(&self, rule: &Arc<Rule>) -> Result<(), Reason> {
        let client = self.connection.client.ip().to_canonical();
        for filter in &rule.filters {
            if let Filter::Limit(limit) = filter
                && !self.proxy.rules.admit(rule, limit, client)
            {
                return Err(Reason::RateLimited);
            }
        }
        Ok(())
    }

    pub fn fixed(&mut self, fixed: &FixedResponse) -> Response<Body> {
        let mut response = Response::new(Body::full(fixed.body.clone()));
        *response.status_mut() = fixed.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, fixed.content_type.clone());
        if let Some(reason) = fixed.reason {
            self.note(reason);
            headers.insert(REASON, HeaderValue::from_static(reason));
        }
        response
    }

    /// For the values that filters put into headers.
    pub fn knowledge(&self) -> Facts<'a> {
        Facts { connection: self.connection, listener: self.listener, request_headers: None }
    }

    pub fn variables<'v>(&self, uri: &'v Uri, host: &'v Host) -> Variables<'v> {
        let is_tls = self.connection.tls.is_some();
        Variables {
            host: &host.name,
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            port: host.port.unwrap_or(if is_tls { 443 } else { 80 }),
            protocol: self.connection.scheme(),
        }
    }
}

fn cross_origin<'r>(rule: &'r Rule, headers: &HeaderMap) -> Option<CrossOrigin<'r>> {
    rule.filters.iter().find_map(|filter| match filter {
        Filter::Cors(cors) => CrossOrigin::of(cors, headers),
        _ => None,
    })
}
