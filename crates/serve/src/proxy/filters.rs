//! The filters that edit headers, in the order in which the rule lists them.

use http::{HeaderMap, HeaderName, HeaderValue};
use model::{Filter, HeaderSource, Listener};

use super::hop_by_hop::is_about_connection;
use crate::Connection;

/// What the gateway knows and a rule may put into a header.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub connection: &'a Connection,
    pub listener: &'a Listener,
    /// Of the request, also where a response is edited.
    pub request_headers: Option<&'a HeaderMap>,
}

/// Applies `InsertHeader`, `AppendHeader` and `RemoveHeader`; other filters are none of its
/// business.
pub fn edit_headers(filter: &Filter, headers: &mut HeaderMap, facts: &Facts<'_>) {
    match filter {
        Filter::InsertHeader { name, value, overwrite } => {
            if is_about_connection(name) || (!overwrite && headers.contains_key(name)) {
                return;
            }
            if let Some(value) = value_of(value, headers, facts) {
                headers.insert(name.clone(), value);
            }
        }
        Filter::RemoveHeader { name } if !is_needed(name) => drop(headers.remove(name)),
        Filter::AppendHeader { name, value } if !is_about_connection(name) => {
            if let Some(value) = value_of(value, headers, facts) {
                headers.append(name.clone(), value);
            }
        }
        Filter::AppendHeader { .. } | Filter::RemoveHeader { .. } => {}
        Filter::Response(_) | Filter::Rewrite(_) | Filter::Cors(_) | Filter::Limit(_) => {}
    }
}

fn is_needed(name: &HeaderName) -> bool {
    *name == http::header::HOST || is_about_connection(name)
}

/// `None` if the header that it refers to is not there.
pub fn value_of(
    source: &HeaderSource,
    headers: &HeaderMap,
    facts: &Facts<'_>,
) -> Option<HeaderValue> {
    let connection = facts.connection;
    Some(match source {
        HeaderSource::Literal(value) => value.clone(),
        HeaderSource::Header(name) => facts.request_headers.unwrap_or(headers).get(name)?.clone(),
        HeaderSource::ClientAddress => {
            HeaderValue::try_from(connection.client.ip().to_canonical().to_string()).ok()?
        }
        HeaderSource::ClientPort => HeaderValue::from(connection.client.port()),
        HeaderSource::LoadBalancerId => {
            HeaderValue::from_str(&facts.listener.key.load_balancer).ok()?
        }
        HeaderSource::ListenerProtocol => {
            HeaderValue::try_from(facts.listener.protocol.to_string()).ok()?
        }
        HeaderSource::ListenerPort => HeaderValue::from(facts.listener.key.port),
    })
}
