use kube::core::{
    Status,
    response::{StatusCause, StatusDetails},
};

use super::Refused;

fn answer(code: u16, reason: &str, message: &str) -> Refused {
    kube::Error::Api(Status::failure(message, reason).with_code(code).boxed()).into()
}

#[test]
fn answers_say_what_comes_next() {
    let text = String::from;
    let rbac = r#"ingresses.networking.k8s.io "web" is forbidden: User "x" cannot patch resource"#;
    let webhook = r#"admission webhook "a.test" denied the request: you cannot do this"#;
    let cases = [
        (answer(404, "NotFound", "not found"), Refused::Gone),
        (answer(403, "Forbidden", rbac), Refused::Forbidden(text(rbac))),
        (answer(403, "Forbidden", "exceeded quota"), Refused::NotThis(text("exceeded quota"))),
        (answer(403, "Forbidden", webhook), Refused::NotThis(text(webhook))),
        (answer(409, "AlreadyExists", "exists"), Refused::AlreadyExists),
        (answer(409, "Conflict", "try again"), Refused::NotThis(text("try again"))),
        (answer(422, "Invalid", "no address"), Refused::NotThis(text("no address"))),
        (
            answer(500, "InternalError", "failed calling webhook"),
            Refused::NotThis(text("failed calling webhook")),
        ),
        (answer(429, "TooManyRequests", "slower"), Refused::NoAnswer(text("slower"))),
        (answer(503, "", ""), Refused::NoAnswer(text("the API server answers 503 "))),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_namespace_that_is_being_deleted_is_as_good_as_gone() {
    let cause = StatusCause {
        reason: "NamespaceTerminating".into(),
        message: String::new(),
        field: "metadata.namespace".into(),
    };
    let details = StatusDetails {
        name: "web".into(),
        group: String::new(),
        kind: "events".into(),
        uid: String::new(),
        causes: vec![cause],
        retry_after_seconds: 0,
    };
    let message = "unable to create new content in namespace shop because it is being terminated";
    let status = Status::failure(message, "Forbidden").with_code(403).with_details(details);
    assert_eq!(Refused::from(kube::Error::Api(status.boxed())), Refused::Gone);
}

#[test]
fn a_server_that_cannot_be_reached_gives_no_answer() {
    let gone = std::io::Error::other("connection refused");
    let error = kube::Error::Service(Box::new(gone));
    assert_eq!(Refused::from(error), Refused::NoAnswer("connection refused".into()));
}
