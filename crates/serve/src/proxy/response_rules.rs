//! Rules of the direction `Response`: they edit the headers of what the others answered.

use http::{HeaderMap, Method, Response, Uri, request, uri::Authority};
use model::{Listener, RequestParts};

use super::{
    filters::{self, Facts},
    host::Host,
};
use crate::Connection;

/// What these rules look at of the request, kept while the request itself is passed on.
pub struct Asked {
    host: Box<str>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
}

impl Asked {
    pub fn of(host: &Host, parts: &request::Parts) -> Self {
        Self {
            host: host.name.clone(),
            uri: parts.uri.clone(),
            method: parts.method.clone(),
            headers: parts.headers.clone(),
        }
    }

    fn parts(&self, connection: &Connection) -> RequestParts<'_> {
        RequestParts {
            host: &self.host,
            path: self.uri.path(),
            query: self.uri.query(),
            method: &self.method,
            scheme: connection.scheme(),
            authority: self.uri.authority().map(Authority::as_str),
            headers: &self.headers,
            source: connection.client.ip().to_canonical(),
        }
    }
}

/// Applies every rule that matches the answer as it came.
pub fn apply<B>(
    asked: &Asked,
    listener: &Listener,
    connection: &Connection,
    response: &mut Response<B>,
) {
    let request = asked.parts(connection);
    let status = response.status();
    let before = response.headers().clone();
    let facts = Facts { connection, listener, request_headers: Some(&asked.headers) };
    for rule in listener.routes.find_for_response(&request, status, &before) {
        for filter in &rule.filters {
            filters::edit_headers(filter, response.headers_mut(), &facts);
        }
    }
}
