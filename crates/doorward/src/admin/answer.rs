//! How the admin API answers, well and badly.

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde::Serialize;

use crate::view::{ErrorBody, ErrorView};

pub type Answer = Response<Full<Bytes>>;

/// JSON, indented: people read it with curl.
pub fn json(value: &impl Serialize) -> Result<Answer, ApiError> {
    status_json(StatusCode::OK, value)
}

pub fn created(value: &impl Serialize) -> Result<Answer, ApiError> {
    status_json(StatusCode::CREATED, value)
}

pub fn nothing() -> Answer {
    with(StatusCode::NO_CONTENT, "text/plain", Bytes::new())
}

pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    with(status, "text/plain; charset=utf-8", text.into())
}

/// The text format of OpenMetrics 1.0.
pub fn metrics(text: String) -> Answer {
    with(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", text.into())
}

fn status_json(status: StatusCode, value: &impl Serialize) -> Result<Answer, ApiError> {
    let mut body = serde_json::to_vec_pretty(value).map_err(|error| ApiError::internal(&error))?;
    body.push(b'\n');
    Ok(with(status, "application/json", body.into()))
}

fn with(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Why a request is not carried out.
#[derive(Debug)]
pub struct ApiError {
    pub status: StatusCode,
    body: ErrorBody,
    /// The methods that may be used instead.
    allow: Option<&'static str>,
}

impl ApiError {
    pub fn new(status: StatusCode, reason: &str, message: impl Into<String>) -> Self {
        let body = ErrorBody { reason: reason.into(), message: message.into(), object: None };
        Self { status, body, allow: None }
    }

    #[must_use]
    pub fn on(mut self, object: impl ToString) -> Self {
        self.body.object = Some(object.to_string());
        self
    }

    pub fn wrong_method(allow: &'static str) -> Self {
        let message = format!("use {allow}");
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        Self { allow: Some(allow), ..error }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Invalid", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub fn conflict(reason: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, reason, message)
    }

    pub fn internal(error: &dyn std::error::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal", error.to_string())
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        let ApiError { status, body, allow } = error;
        let mut answer = status_json(status, &ErrorView { error: body })
            .unwrap_or_else(|_| text(status, "the error cannot be written as JSON\n"));
        if let Some(allow) = allow {
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        answer
    }
}
