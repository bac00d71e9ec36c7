//! Who may ask: the token where there is one, and no web page that a browser was led to.

use http::{HeaderMap, Method, StatusCode, Uri, header, uri::Authority};
use model::Name;

use super::answer::ApiError;
use crate::config::Token;

/// Probes of the kubelet carry no token and learn nothing but "yes" or "no".
pub fn is_open_to_all(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

pub fn admit(
    token: Option<&Token>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    match token {
        Some(token) => carries(token, headers)?,
        // Without a token, only the address protects the API: a page whose host name was made to
        // point at loopback (DNS rebinding) sends that name.
        None => names_this_machine(uri, headers)?,
    }
    let is_change = !matches!(*method, Method::GET | Method::HEAD);
    if is_change && headers.contains_key(header::ORIGIN) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "ForeignOrigin",
            "changes are not taken from web pages: use `doorward` or curl",
        ));
    }
    Ok(())
}

fn carries(token: &Token, headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get(header::AUTHORIZATION) {
        Some(value) if token.fits(value.as_bytes()) => Ok(()),
        _ => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "TokenNeeded",
            "send the admin token as `Authorization: Bearer TOKEN`",
        )),
    }
}

fn names_this_machine(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let of_header =
        headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let host = uri.authority().cloned().or(of_header);
    let is_local = host.as_ref().is_none_or(|authority| {
        let host = authority.host();
        let is_address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        is_address || host.eq_ignore_ascii_case("localhost")
    });
    if is_local {
        return Ok(());
    }
    let host = host.map(|authority| authority.host().to_owned()).unwrap_or_default();
    let shown = Name::parse(&host).map_or_else(|_| "that".to_owned(), |name| name.to_string());
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "ForeignHost",
        format!("ask by IP address or as localhost, not as {shown}; or set adminTokenFile"),
    ))
}

#[cfg(test)]
mod tests;
