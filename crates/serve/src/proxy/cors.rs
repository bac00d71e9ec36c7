//! The filter `Cors` (Fetch standard, section "CORS protocol").

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use model::Cors;

use super::body::Body;

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// A request from a page of another origin that the rule knows how to answer.
#[derive(Clone, Debug)]
pub struct CrossOrigin<'a> {
    cors: &'a Cors,
    origin: HeaderValue,
    is_allowed: bool,
}

impl<'a> CrossOrigin<'a> {
    /// `None` for what is none of the rule's business: a request that does not say its origin, or
    /// one from another origin where the rule leaves those to the backend.
    pub fn of(cors: &'a Cors, headers: &HeaderMap) -> Option<Self> {
        let origin = headers.get(header::ORIGIN)?.clone();
        let is_allowed = origin
            .to_str()
            .is_ok_and(|origin| cors.allow_origins.iter().any(|allowed| allowed.matches(origin)));
        (is_allowed || !cors.forwards_others).then_some(Self { cors, origin, is_allowed })
    }

    /// The answer to a preflight. It is given here: a backend need not know of CORS at all. A
    /// foreign origin gets it without permission, which is how CORS says no.
    pub fn preflight(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if self.is_allowed {
            let cors = self.cors;
            for (name, list) in [
                (header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers),
            ] {
                if !list.is_empty() {
                    headers.insert(name, list.clone());
                }
            }
            if let Some(seconds) = cors.max_age {
                headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
            }
        }
        response
    }

    /// Writes the rule's permission over whatever the backend said of CORS.
    pub fn mark(&self, headers: &mut HeaderMap) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
        ] {
            headers.remove(name);
        }
        let any = self.takes_any_origin();
        if !any {
            headers.append(header::VARY, HeaderValue::from_name(header::ORIGIN));
        }
        if !self.is_allowed {
            return;
        }
        let origin = if any { ANY } else { self.origin.clone() };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        // Credentials from every origin would let any page act as the user; browsers refuse
        // the pair, and naming the origin instead of `*` would get round them.
        if self.cors.allow_credentials && !any {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        if let Some(exposed) = &self.cors.expose_headers {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    fn takes_any_origin(&self) -> bool {
        self.cors.allow_origins.iter().any(|origin| *origin == model::TextMatch::pattern("*"))
    }
}

pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests;
