//! The action `Redirect`.

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use model::Redirect;

use super::{
    body::Body,
    path_change::changed,
    reason::Reason,
    template::{Variables, expand},
};

/// The answer that sends the client elsewhere.
pub fn answer(redirect: &Redirect, variables: &Variables<'_>) -> Result<Response<Body>, Reason> {
    let location =
        HeaderValue::try_from(location(redirect, variables)).map_err(|_| Reason::BadRewrite)?;
    let mut response = Response::new(Body::full(Bytes::new()));
    *response.status_mut() = redirect.status;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// A port that the rule writes out is written out, even the default one: ALB's ssl-redirect
/// sends to `https://HOST:443/`. The client's own port follows while the protocol stays, or where
/// the rule says `${port}`, and a default one is left out. A path that is put in whole may bring its own query, which then
/// stands instead of the request's, as in Envoy.
fn location(redirect: &Redirect, variables: &Variables<'_>) -> String {
    let part = |template: &Option<Box<str>>, own: &str| match template {
        Some(template) => expand(template, variables, None),
        None => own.to_owned(),
    };
    let protocol = part(&redirect.protocol, variables.protocol).to_ascii_lowercase();
    let mut location = format!("{protocol}://{}", part(&redirect.host, variables.host));
    let port = match redirect.port.as_deref() {
        own @ (None | Some("${port}")) => {
            let is_default = variables.port == default_port(&protocol);
            let follows = own.is_some() || protocol == variables.protocol;
            (follows && !is_default).then(|| variables.port.to_string())
        }
        Some(template) => Some(expand(template, variables, None)),
    };
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        location.push(':');
        location.push_str(&port);
    }
    let path = match &redirect.change {
        Some(change) => changed(change, variables.path).into_owned(),
        None => part(&redirect.path, variables.path),
    };
    if !path.starts_with('/') {
        location.push('/');
    }
    location.push_str(&path);
    let brings_query = redirect.change.is_some() && path.contains('?');
    let query = part(&redirect.query, if brings_query { "" } else { variables.query });
    if !query.is_empty() {
        location.push('?');
        location.push_str(&query);
    }
    location
}

fn default_port(protocol: &str) -> u16 {
    if protocol == "https" { 443 } else { 80 }
}

#[cfg(test)]
mod tests;
