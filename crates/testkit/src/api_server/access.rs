//! `SelfSubjectAccessReview`: may I? By what a test denied; who asks is not judged by RBAC here.

use serde_json::Value;

use super::faults::Faults;

pub(super) const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// The review with its answer.
pub(super) fn review(faults: &Faults, body: &Value) -> Value {
    let about = &body["spec"]["resourceAttributes"];
    let text = |field: &str| about[field].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        subresource => format!("{}/{subresource}", text("resource")),
    };
    let mut answer = body.clone();
    let is_denied = faults.denies(text("verb"), &resource, text("namespace"));
    answer["status"] = serde_json::json!({"allowed": !is_denied});
    answer
}
