//! A request's head, to make other requests of.

use http::{HeaderMap, Method, Request, Uri, Version, request};

use super::request_body::RequestBody;

#[derive(Clone, Debug)]
pub struct Head {
    method: Method,
    uri: Uri,
    version: Version,
    pub headers: HeaderMap,
}

impl Head {
    pub fn of(request: &Request<RequestBody>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
        }
    }

    /// Without the extensions, which belong to the request that they came with.
    pub fn into_parts(self) -> request::Parts {
        let mut request = Request::new(());
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        request.into_parts().0
    }
}
