//! CORS, limits, backend protocol, echo.

use model::{Action, BackendProtocol, Filter};

use crate::dialect::{
    Claims,
    scene::{Scene, hosts, ingress, listener, only_verdict, rules, verdicts},
};

fn claims(annotations: &[(&str, &str)]) -> Claims {
    Scene::edge().with(&ingress("shop/web", annotations, &hosts(&["a.test"]))).claims()
}

fn cors(annotations: &[(&str, &str)]) -> model::Cors {
    let mut all = vec![("enable-cors", "true")];
    all.extend_from_slice(annotations);
    let claims = claims(&all);
    assert_eq!(verdicts(&claims), [""; 0]);
    let [Filter::Cors(cors)] = listener(&claims, 80).rules[0].filters.as_slice() else {
        panic!("one filter");
    };
    model::Cors::clone(cors)
}

#[test]
fn cors_defaults() {
    let cors = cors(&[]);
    assert_eq!(cors.allow_origins[0].to_string(), "*");
    assert_eq!(cors.allow_methods, "GET, PUT, POST, DELETE, PATCH, OPTIONS");
    assert!(cors.allow_headers.to_str().unwrap().starts_with("DNT, X-CustomHeader, Keep-Alive"));
    assert_eq!(cors.expose_headers, None);
    assert!(cors.allow_credentials);
    assert_eq!(cors.max_age, Some(172_800));
}

#[test]
fn cors_as_written() {
    let cors = cors(&[
        ("cors-allow-origin", "https://a.test, https://*.b.test"),
        ("cors-allow-methods", "GET"),
        ("cors-allow-headers", "X-A"),
        ("cors-expose-headers", "X-B,X-C"),
        ("cors-allow-credentials", "false"),
        ("cors-max-age", "-1"),
    ]);
    let origins: Vec<String> = cors.allow_origins.iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["https://a.test", "https://*.b.test"]);
    assert_eq!(cors.allow_methods, "GET");
    assert_eq!(cors.allow_headers, "X-A");
    assert_eq!(cors.expose_headers.unwrap(), "X-B, X-C");
    assert!(!cors.allow_credentials);
    assert_eq!(cors.max_age, Some(-1));
}

#[test]
fn cors_that_cannot_be_used_is_off() {
    for (key, value) in [
        ("cors-max-age", "172801"),
        ("cors-allow-credentials", "yes"),
        ("cors-allow-methods", "G\u{1}T"),
    ] {
        let claims = claims(&[("enable-cors", "true"), (key, value)]);
        let verdict = only_verdict(&claims);
        assert!(
            verdict.contains(&format!("metadata.annotations[\"alb.ingress.kubernetes.io/{key}\"]")),
            "{verdict}"
        );
        assert_eq!(rules(&claims, 80), ["a.test /* → shop/web:80"]);
    }
}

#[test]
fn limits() {
    let both = [("traffic-limit-qps", "100"), ("traffic-limit-ip-qps", "10")];
    assert_eq!(rules(&claims(&both), 80), ["a.test /* [limit Some(100) Some(10)] → shop/web:80"]);
    let one = [("traffic-limit-ip-qps", "10")];
    assert_eq!(rules(&claims(&one), 80), ["a.test /* [limit None Some(10)] → shop/web:80"]);
}

#[test]
fn limits_that_cannot_be_used() {
    for (annotations, text) in [
        (&[("traffic-limit-qps", "0")][..], "traffic limit action qps out of range: 0"),
        (&[("traffic-limit-ip-qps", "many")], "traffic limit action qps per ip out of range: many"),
        (
            &[("traffic-limit-qps", "5"), ("traffic-limit-ip-qps", "5")],
            "traffic limit action qps per ip(5)must less than qps(5)",
        ),
    ] {
        let verdict = only_verdict(&claims(annotations));
        assert!(verdict.contains(text), "{verdict}");
    }
    let action = r#"[{"type":"TrafficLimit","TrafficLimitConfig":{"QPS":"5"}}]"#;
    let verdict = only_verdict(&claims(&[("traffic-limit-qps", "5"), ("actions.web", action)]));
    assert!(verdict.contains("shop/web can't exist action trafficlimit and annotation traffic-limit-qps at the same time"), "{verdict}");
}

#[test]
fn backend_protocols() {
    let protocol = |value: &str| {
        let claims = claims(&[("backend-protocol", value)]);
        let Action::Forward(targets) = &listener(&claims, 80).rules[0].action else {
            panic!("a forward");
        };
        (targets[0].backend.protocol, verdicts(&claims).len())
    };
    assert_eq!(protocol("http"), (BackendProtocol::Http, 0));
    assert_eq!(protocol("HTTPS"), (BackendProtocol::Https, 0));
    assert_eq!(protocol("ftp"), (BackendProtocol::Http, 1));
}

#[test]
fn echo_stands_for_forwarding() {
    let claims = claims(&[("doorward.dev/echo", "true")]);
    assert_eq!(rules(&claims, 80), ["a.test /* → echo"]);
    assert_eq!(verdicts(&claims), [""; 0]);
}

#[test]
fn echo_needs_no_backend() {
    let spec = hosts(&["a.test"]).replace("name: web", "name: nowhere");
    let mut scene =
        Scene::edge().with(&ingress("shop/web", &[("doorward.dev/echo", "true")], &spec));
    assert_eq!(scene.verdicts(), [""; 0]);
}
