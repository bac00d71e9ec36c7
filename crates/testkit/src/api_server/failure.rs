//! What a refused request is told: the `Status` object of a failure.

use http::StatusCode;
use serde_json::{Value, json};

use super::resource::Resource;

/// A refusal, as clients read it: the code, and a reason that machines match on.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: StatusCode,
    pub(super) message: String,
    reason: &'static str,
    details: Value,
}

impl Failure {
    pub(super) fn new(code: StatusCode, message: impl Into<String>) -> Self {
        let reason = match code {
            StatusCode::BAD_REQUEST => "BadRequest",
            StatusCode::UNAUTHORIZED => "Unauthorized",
            StatusCode::FORBIDDEN => "Forbidden",
            StatusCode::NOT_FOUND => "NotFound",
            StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
            StatusCode::NOT_ACCEPTABLE => "NotAcceptable",
            StatusCode::CONFLICT => "Conflict",
            StatusCode::GONE => "Expired",
            StatusCode::PAYLOAD_TOO_LARGE => "RequestEntityTooLarge",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "UnsupportedMediaType",
            StatusCode::UNPROCESSABLE_ENTITY => "Invalid",
            StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
            StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
            StatusCode::GATEWAY_TIMEOUT => "Timeout",
            _ => "InternalError",
        };
        Self { code, message: message.into(), reason, details: Value::Null }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// No such path: what a client meets where a CRD is not installed.
    pub(super) fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "the server could not find the requested resource")
    }

    pub(super) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::new(StatusCode::NOT_FOUND, message).about(resource, name)
    }

    pub(super) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        let failure = Self::new(StatusCode::CONFLICT, message).about(resource, name);
        Self { reason: "AlreadyExists", ..failure }
    }

    pub(super) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let what = resource.qualified();
        let message = format!("Operation cannot be fulfilled on {what} \"{name}\": {why}");
        Self::new(StatusCode::CONFLICT, message).about(resource, name)
    }

    /// The object itself is wrong: `field` and what is wrong with it.
    pub(super) fn invalid(resource: &Resource, name: &str, field: &str, why: &str) -> Self {
        let message =
            format!("{}.{} \"{name}\" is invalid: {field}: {why}", resource.kind, resource.group);
        let message = message.replacen(". ", " ", usize::from(resource.group.is_empty()));
        let failure = Self::new(StatusCode::UNPROCESSABLE_ENTITY, message).about(resource, name);
        let causes = json!([{"reason": "FieldValueInvalid", "message": why, "field": field}]);
        failure.caused_by(causes)
    }

    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, message)
    }

    pub(super) fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details = json!({"kind": resource.plural});
        for (field, value) in [("name", name), ("group", &resource.group)] {
            if !value.is_empty() {
                self.details[field] = value.into();
            }
        }
        self
    }

    pub(super) fn caused_by(mut self, causes: Value) -> Self {
        if self.details.is_null() {
            self.details = json!({});
        }
        self.details["causes"] = causes;
        self
    }

    pub(super) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code.as_u16(),
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}
