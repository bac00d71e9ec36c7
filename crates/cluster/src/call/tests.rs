use k8s_openapi::api::{coordination::v1::Lease, core::v1::Secret};
use kube::core::Status;

use super::*;

fn failed(verb: Verb, status: Status) -> String {
    let source = kube::Error::Api(status.boxed());
    let subject = Box::new(Subject::of::<Secret>("shop", "tls-a"));
    CallError::Failed { verb, subject, source }.to_string()
}

#[test]
fn a_missing_right_names_the_rule_to_add() {
    let message = r#"secrets "tls-a" is forbidden: User "system:serviceaccount:doorward-system:doorward" cannot patch resource "secrets" in API group "" in the namespace "shop""#;
    let status = Status::failure(message, "Forbidden").with_code(403);
    assert_eq!(
        failed(Verb::Patch, status),
        r#"cannot patch Secret shop/tls-a: forbidden; add the rule {apiGroups: [""], resources: ["secrets"], verbs: ["create", "patch"]} to Doorward's Role in namespace shop"#
    );
}

#[test]
fn following_an_object_needs_three_verbs() {
    let rule = Subject::of::<Lease>("doorward-system", "doorward").rule(Verb::Watch);
    assert_eq!(
        rule,
        r#"{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "list", "watch"]}"#
    );
}

#[test]
fn every_refusal_is_one_line_with_its_cure() {
    let quota = r#"secrets "tls-a" is forbidden: exceeded quota: small"#;
    let webhook = r#"admission webhook "policy" denied the request: Secrets cannot be made here"#;
    let cases = [
        (Verb::Create, quota, "Forbidden", 403, "exceeded quota"),
        (Verb::Create, webhook, "Forbidden", 403, "denied the request"),
        (Verb::Create, r#"namespaces "shop" not found"#, "NotFound", 404, "create namespace shop"),
        (Verb::Get, "Unauthorized", "Unauthorized", 401, "credentials"),
        (
            Verb::Patch,
            r#"Secret "tls-a" is invalid: type: Invalid value: "kubernetes.io/tls": field is immutable"#,
            "Invalid",
            422,
            "delete this Secret",
        ),
        (Verb::Patch, "", "InternalError", 500, "answers 500 InternalError"),
    ];
    for (verb, message, reason, code, part) in cases {
        let text = failed(verb, Status::failure(message, reason).with_code(code));
        assert!(text.contains(part) && !text.contains('\n'), "{text}");
        assert!(!text.contains("add the rule"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_ends() {
    let subject = Subject::of::<Secret>("shop", "tls-a");
    let never = std::future::pending::<kube::Result<()>>();
    let error = read(Verb::Get, &subject, never).await.expect_err("it ends").to_string();
    assert_eq!(
        error,
        "cannot get Secret shop/tls-a: no answer within 10 s; check that the API server can be reached"
    );
}

#[test]
fn an_answer_that_does_not_parse_is_not_quoted() {
    let source = serde_json::from_str::<u32>("\"-----BEGIN PRIVATE KEY-----\"").expect_err("no");
    let subject = Subject::of::<Secret>("shop", "tls-a");
    let text = reason(&kube::Error::SerdeError(source), Verb::Get, &subject);
    assert!(!text.contains("PRIVATE"), "{text}");
}

#[test]
fn a_wrong_clock_is_one_trouble_at_whatever_second_and_its_cure_is_named() {
    let subject = Subject::of::<Secret>("shop", "tls-a");
    let at = |second: u64| {
        let text = format!(
            "invalid peer certificate: certificate not valid yet: verification time {second} (UNIX), but certificate is not valid before 99 (9 seconds in future)"
        );
        reason(&kube::Error::Service(text.into()), Verb::Get, &subject)
    };
    assert_eq!(at(1), at(2));
    assert_eq!(
        at(1),
        "invalid peer certificate: certificate not valid yet; check this machine's clock, and the certificate of the API server"
    );
}
