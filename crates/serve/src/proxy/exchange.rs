//! One request and its answer, step by step.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header, request,
};
use hyper::body::Incoming;
use model::{
    Action, BackendProtocol, Filter, FixedResponse, ForwardTarget, Listener, RequestParts, Rule,
};

use super::{
    Proxy,
    body::Body,
    cors::{self, CrossOrigin},
    echo,
    filters::{self, Facts},
    forwarded, hop_by_hop,
    host::Host,
    misdirected,
    reason::{REASON, Reason},
    redirect, rewrite, target,
    template::Variables,
    upgrade::{Upgrade, write_switch},
    upstream::{RequestBody, Way, await_consent, pick_target},
};
use crate::{AccessFacts, Connection};

pub struct Exchange<'a> {
    proxy: &'a Proxy,
    connection: &'a Arc<Connection>,
    listener: &'a Arc<Listener>,
    facts: AccessFacts,
}

impl<'a> Exchange<'a> {
    pub fn new(
        proxy: &'a Proxy,
        connection: &'a Arc<Connection>,
        listener: &'a Arc<Listener>,
    ) -> Self {
        Self { proxy, connection, listener, facts: AccessFacts::default() }
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
        if let Some(tls) = &self.connection.tls
            && misdirected::is_misdirected(routes, &host.name, tls.server_name.as_deref())
        {
            return Err(Reason::Misdirected);
        }
        let client = self.connection.client.ip().to_canonical();
        let rule = routes.find(&RequestParts {
            host: &host.name,
            path: parts.uri.path(),
            query: parts.uri.query(),
            method: &parts.method,
            headers: &parts.headers,
            source: client,
        });
        if self.proxy.options.access_log {
            self.facts.rule = rule.map(|rule| rule.origin.to_string().into());
        }
        let cross_origin = rule.and_then(|rule| cross_origin(rule, &parts.headers));
        let asked = routes.has_response_rules().then(|| Asked::of(&host, &parts));
        let answered = match &cross_origin {
            Some(cross) if cors::is_preflight(&parts.method, &parts.headers) => {
                Ok(cross.preflight())
            }
            _ => self.act(rule, parts, incoming, &host).await,
        };
        let mut response = answered.unwrap_or_else(|reason| self.refuse(reason));
        if let Some(cross) = &cross_origin {
            cross.mark(response.headers_mut());
        }
        if let Some(asked) = &asked {
            self.apply_response_rules(asked, &mut response);
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
            Action::Redirect(to) => redirect::answer(to, &self.variables(&parts, host)),
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

    fn fixed(&mut self, fixed: &FixedResponse) -> Response<Body> {
        let mut response = Response::new(Body::full(Bytes::from_owner(Text(fixed.body.clone()))));
        *response.status_mut() = fixed.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, fixed.content_type.clone());
        if let Some(reason) = fixed.reason {
            self.note(reason);
            headers.insert(REASON, HeaderValue::from_static(reason));
        }
        response
    }

    async fn forward(
        &mut self,
        rule: Option<&Arc<Rule>>,
        targets: &[ForwardTarget],
        mut parts: request::Parts,
        incoming: Incoming,
        host: &Host,
    ) -> Result<Response<Body>, Reason> {
        let turn = match rule {
            Some(rule) if targets.len() > 1 => self.proxy.rules.next_turn(rule),
            _ => 0,
        };
        let backend = pick_target(targets, turn).ok_or(Reason::NoEndpoints)?;
        let upgrade = Upgrade::of(&mut parts).filter(|_| backend.protocol != BackendProtocol::Grpc);
        let takes_trailers = hop_by_hop::takes_trailers(&parts.headers);
        self.prepare(rule, &mut parts, host)?;
        if takes_trailers {
            hop_by_hop::take_trailers(&mut parts.headers);
        }
        let way = match &upgrade {
            Some(upgrade) => {
                upgrade.ask(&mut parts.headers);
                Way::Upgrade
            }
            None => Way::Pooled,
        };
        let mut request = Request::from_parts(parts, RequestBody::new(incoming));
        await_consent(&mut request);
        let timeout = self.listener.request_timeout;
        let mut response = match self.proxy.upstream.send(backend, request, way, timeout).await {
            Ok(answered) => {
                self.facts.endpoint = Some(answered.endpoint);
                self.facts.endpoint_time = Some(answered.took);
                self.facts.attempts = answered.attempts;
                answered.response
            }
            Err(failure) => {
                self.facts.endpoint = failure.endpoint;
                self.facts.attempts = failure.attempts;
                return Err(failure.reason);
            }
        };
        if let Some(upgrade) = upgrade {
            upgrade.settle(&mut response, timeout.max(self.listener.idle_timeout))?;
        }
        // Else hyper would speak the backend's version to the client.
        *response.version_mut() = Version::HTTP_11;
        let switched_to = match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => response.headers_mut().remove(header::UPGRADE),
            _ => None,
        };
        hop_by_hop::strip(response.headers_mut());
        if let Some(protocol) = switched_to {
            write_switch(response.headers_mut(), protocol);
        }
        Ok(response.map(Body::backend))
    }

    /// Makes the client's head the backend's.
    fn prepare(
        &self,
        rule: Option<&Arc<Rule>>,
        parts: &mut request::Parts,
        host: &Host,
    ) -> Result<(), Reason> {
        let original = parts.uri.clone();
        if parts.version == Version::HTTP_2 {
            join_cookies(&mut parts.headers);
        }
        own_the_target(parts)?;
        hop_by_hop::strip(&mut parts.headers);
        parts.version = Version::HTTP_11;
        forwarded::apply(&mut parts.headers, self.listener, self.connection);
        let facts =
            Facts { connection: self.connection, listener: self.listener, request_headers: None };
        for filter in rule.into_iter().flat_map(|rule| &rule.filters) {
            match filter {
                Filter::Rewrite(to) => {
                    let variables = self.variables_of(&original, host);
                    rewrite::apply(to, &variables, &mut parts.uri, &mut parts.headers)?;
                }
                _ => filters::edit_headers(filter, &mut parts.headers, &facts),
            }
        }
        Ok(())
    }

    fn apply_response_rules(&self, asked: &Asked, response: &mut Response<Body>) {
        let client = self.connection.client.ip().to_canonical();
        let request = asked.parts(client);
        let status = response.status();
        let before = response.headers().clone();
        let facts = Facts {
            connection: self.connection,
            listener: self.listener,
            request_headers: Some(&asked.headers),
        };
        for rule in self.listener.routes.find_for_response(&request, status, &before) {
            for filter in &rule.filters {
                filters::edit_headers(filter, response.headers_mut(), &facts);
            }
        }
    }

    fn variables<'v>(&self, parts: &'v request::Parts, host: &'v Host) -> Variables<'v> {
        self.variables_of(&parts.uri, host)
    }

    fn variables_of<'v>(&self, uri: &'v Uri, host: &'v Host) -> Variables<'v> {
        let is_tls = self.connection.tls.is_some();
        Variables {
            host: &host.name,
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            port: host.port.unwrap_or(if is_tls { 443 } else { 80 }),
            protocol: if is_tls { "https" } else { "http" },
        }
    }
}

fn cross_origin<'r>(rule: &'r Rule, headers: &HeaderMap) -> Option<CrossOrigin<'r>> {
    rule.filters.iter().find_map(|filter| match filter {
        Filter::Cors(cors) => CrossOrigin::of(cors, headers),
        _ => None,
    })
}

/// Brings the target into origin form, and its authority into the Host header.
fn own_the_target(parts: &mut request::Parts) -> Result<(), Reason> {
    if let Some(authority) = parts.uri.authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| Reason::BadHost)?;
        parts.headers.insert(header::HOST, host);
        parts.uri = match parts.uri.path_and_query() {
            Some(path_and_query) => Uri::from(path_and_query.clone()),
            None => Uri::default(),
        };
    }
    Ok(())
}

/// HTTP/2 may split cookies over several lines; HTTP/1.1 knows one (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(header::COOKIE).iter();
    if crumbs.next().is_none() || crumbs.next().is_none() {
        return;
    }
    let crumbs: Vec<_> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    let joined = HeaderValue::from_maybe_shared(Bytes::from(crumbs.join(&b"; "[..])))
        .expect("header values joined by \"; \" are a header value");
    headers.insert(header::COOKIE, joined);
}

/// A rule's text as bytes, shared and not copied.
struct Text(Arc<str>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What response rules look at of the request, kept while the request itself is passed on.
struct Asked {
    host: Box<str>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
}

impl Asked {
    fn of(host: &Host, parts: &request::Parts) -> Self {
        Self {
            host: host.name.clone(),
            uri: parts.uri.clone(),
            method: parts.method.clone(),
            headers: parts.headers.clone(),
        }
    }

    fn parts(&self, source: std::net::IpAddr) -> RequestParts<'_> {
        RequestParts {
            host: &self.host,
            path: self.uri.path(),
            query: self.uri.query(),
            method: &self.method,
            headers: &self.headers,
            source,
        }
    }
}
