//! The action `Forward`: the request is made the backend's, its answer the client's.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, Version, header, request};
use hyper::body::Incoming;
use model::{BackendProtocol, Filter, ForwardTarget, Rule};

use super::{
    body::Body,
    exchange::Exchange,
    filters, forwarded, hop_by_hop,
    host::Host,
    plan::Plan,
    reason::Reason,
    rewrite,
    upgrade::{Upgrade, write_switch},
    upstream::{
        Answered, BackendBody, Course, Errand, Failure, RequestBody, Silence, Way,
        awaiting_consent, pick_target,
    },
};

impl Exchange<'_> {
    pub async fn forward(
        &mut self,
        rule: Option<&Arc<Rule>>,
        targets: &[ForwardTarget],
        mut parts: request::Parts,
        incoming: Incoming,
        host: &Host,
    ) -> Result<Response<Body>, Reason> {
        let forwarding = rule.and_then(|rule| rule.forwarding.as_deref());
        if let Some(forwarding) = forwarding
            && let Some(refusal) = self.meet_faults(forwarding).await
        {
            return Ok(refusal);
        }
        let turn = match rule {
            Some(rule) if targets.len() > 1 => self.proxy.rules.next_turn(rule),
            _ => 0,
        };
        let target = pick_target(targets, turn).ok_or(Reason::NoEndpoints)?;
        let backend = &target.backend;
        let facts = self.knowledge();
        self.edits.plan(&target.filters, &parts.headers, &facts);
        let upgrade = Upgrade::of(&mut parts).filter(|_| backend.protocol != BackendProtocol::Grpc);
        let filters = rule.into_iter().flat_map(|rule| &rule.filters).chain(&*target.filters);
        self.make_the_backends(&mut parts, filters, host)?;
        let way = match &upgrade {
            Some(upgrade) => {
                upgrade.ask(&mut parts.headers);
                Way::Upgrade
            }
            None => Way::Pooled,
        };
        let client = self.connection.client.ip();
        let listener = self.listener;
        let (sent, time_is_up) = match forwarding {
            None => {
                let request = awaiting_consent(parts, RequestBody::new(incoming));
                let course = Course::patient(way, Silence::of(listener), &request);
                let errand = Errand { backend, request, client, course };
                (self.proxy.upstream.send(errand).await, None)
            }
            // Apart, so that requests of plain rules do not carry its weight.
            Some(forwarding) => {
                let plan = Plan { forwarding, way, listener };
                Box::pin(plan.send(self.proxy, backend, parts, incoming, client)).await
            }
        };
        let mut response = self.heard(sent)?;
        if let Some(upgrade) = upgrade {
            upgrade.settle(&mut response, listener.request_timeout.max(listener.idle_timeout))?;
        }
        make_the_clients(&mut response);
        Ok(response.map(|body| Body::backend(body, time_is_up)))
    }

    /// Tells the access log what became of it.
    fn heard(&mut self, sent: Result<Answered, Failure>) -> Result<Response<BackendBody>, Reason> {
        match sent {
            Ok(answered) => {
                self.facts.endpoint = Some(answered.endpoint);
                self.facts.endpoint_time = Some(answered.took);
                self.facts.attempts = answered.attempts;
                Ok(answered.response)
            }
            Err(failure) => {
                self.facts.endpoint = failure.endpoint;
                self.facts.attempts = failure.attempts;
                Err(failure.reason)
            }
        }
    }

    /// HTTP/1.1 in origin form, without what ends here, with what the rule and the listener add.
    fn make_the_backends<'f>(
        &self,
        parts: &mut request::Parts,
        filters: impl Iterator<Item = &'f Filter>,
        host: &Host,
    ) -> Result<(), Reason> {
        let asked = parts.uri.clone();
        if parts.version == Version::HTTP_2 {
            join_cookies(&mut parts.headers);
        }
        own_the_target(parts)?;
        let takes_trailers = hop_by_hop::takes_trailers(&parts.headers);
        hop_by_hop::strip(&mut parts.headers);
        if takes_trailers {
            hop_by_hop::take_trailers(&mut parts.headers);
        }
        parts.version = Version::HTTP_11;
        forwarded::apply(&mut parts.headers, self.listener, self.connection);
        let facts = self.knowledge();
        for filter in filters {
            match filter {
                Filter::Rewrite(to) => {
                    let variables = self.variables(&asked, host);
                    rewrite::apply(to, &variables, &mut parts.uri, &mut parts.headers)?;
                }
                _ => filters::edit_headers(filter, &mut parts.headers, &facts),
            }
        }
        Ok(())
    }
}

fn make_the_clients(response: &mut Response<BackendBody>) {
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
    let crumbs = headers.get_all(header::COOKIE);
    if crumbs.iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<_> = crumbs.iter().map(HeaderValue::as_bytes).collect();
    let joined = HeaderValue::from_maybe_shared(Bytes::from(crumbs.join(&b"; "[..])))
        .expect("header values joined by \"; \" are a header value");
    headers.insert(header::COOKIE, joined);
}
