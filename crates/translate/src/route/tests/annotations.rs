//! Keys that have no effect are told.

use crate::dialect::scene::{Scene, hosts, ingress, ingress_of, only_verdict, verdicts};

fn verdict(key: &str, value: &str) -> String {
    only_verdict(
        &Scene::edge().with(&ingress("shop/web", &[(key, value)], &hosts(&["a.test"]))).claims(),
    )
}

fn is_silent(key: &str, value: &str) {
    let found =
        Scene::edge().with(&ingress("shop/web", &[(key, value)], &hosts(&["a.test"]))).verdicts();
    assert_eq!(found, [""; 0], "{key}");
}

#[test]
fn known_but_not_honoured() {
    for (key, value) in [
        ("backend-scheduler", "wlc"),
        ("backend-scheduler-uch-value", "x"),
        ("sticky-session", "true"),
        ("sticky-session-type", "Insert"),
        ("cookie-timeout", "100"),
        ("cookie", "c"),
        ("slow-start-enabled", "true"),
        ("slow-start-duration", "30"),
        ("healthcheck-enabled", "true"),
        ("healthcheck-path", "/"),
        ("healthcheck-protocol", "HTTP"),
        ("healthcheck-httpversion", "HTTP1.1"),
        ("healthcheck-method", "HEAD"),
        ("healthcheck-httpcode", "http_2xx"),
        ("healthcheck-code", "http_2xx"),
        ("healthcheck-timeout-seconds", "5"),
        ("healthcheck-interval-seconds", "2"),
        ("healthcheck-connect-port", "0"),
        ("healthy-threshold-count", "3"),
        ("unhealthy-threshold-count", "3"),
        ("server-group-id", "sgp-1"),
        ("backend-label", "a=b"),
        ("remove-unscheduled-backend", "on"),
    ] {
        assert_eq!(
            verdict(key, value),
            format!(
                "Warning NotHonoured Ingress shop/web metadata.annotations[\"alb.ingress.kubernetes.io/{key}\"]: alb.ingress.kubernetes.io/{key} has no effect in Doorward; remove it if nothing depends on it"
            )
        );
    }
    let backend_type = verdict("service.beta.kubernetes.io/backend-type", "eni");
    assert!(backend_type.contains("NotHonoured"), "{backend_type}");
}

#[test]
fn instance_keys_belong_into_the_albconfig() {
    for key in [
        "id",
        "force-override-listeners",
        "name",
        "address-type",
        "address-allocated-mode",
        "vswitch-ids",
        "charge-type",
        "edition",
        "access-log",
    ] {
        let verdict = verdict(key, "x");
        assert!(verdict.starts_with("Warning NotHonoured"), "{verdict}");
        assert!(verdict.contains("write it in spec.config of the AlbConfig"), "{verdict}");
    }
}

#[test]
fn values_that_ask_for_nothing_are_silent() {
    is_silent("backend-scheduler", "wrr");
    is_silent("sticky-session", "false");
    is_silent("healthcheck-enabled", "false");
    is_silent("slow-start-enabled", "false");
    is_silent("backend-keepalive", "true");
    is_silent("healthcheck-path", "");
    is_silent("hash", "abc");
    is_silent("key_test.example.com/a", "value_test");
}

#[test]
fn unknown_keys_are_told_with_the_nearest() {
    assert_eq!(
        verdict("listen-port", "[]"),
        "Warning UnknownKey Ingress shop/web metadata.annotations[\"alb.ingress.kubernetes.io/listen-port\"]: alb.ingress.kubernetes.io/listen-port is no known annotation; did you mean alb.ingress.kubernetes.io/listen-ports?"
    );
    let verdict = verdict("doorward.dev/isuer", "local");
    assert!(
        verdict.contains("UnknownKey") && verdict.contains("did you mean doorward.dev/issuer?"),
        "{verdict}"
    );
}

#[test]
fn other_keys_of_nginx_are_not_honoured() {
    let verdict = verdict("nginx.ingress.kubernetes.io/proxy-body-size", "8m");
    assert!(verdict.starts_with("Warning NotHonoured"), "{verdict}");
}

#[test]
fn plain_ingresses_have_no_use_for_keys_about_albconfigs() {
    for key in ["listen-ports", "order", "albconfig.order", "albconfig.name"] {
        let mut scene = Scene::plain().with(&ingress_of(
            "plain",
            "shop/web",
            &[(key, "1")],
            &hosts(&["a.test"]),
        ));
        let verdicts = verdicts(&scene.claims());
        assert!(verdicts[0].contains("has no effect with this IngressClass"), "{verdicts:?}");
    }
}

#[test]
fn values_are_trimmed_line_by_line() {
    let json = "  [\n   {\"type\": \"RemoveHeader\",\n   \"RemoveHeaderConfig\": {\"key\": \"x\"}}\n  ]  \n";
    let annotations = [("actions.web", json), ("order", " 7 \n")];
    let mut scene = Scene::edge().with(&ingress("shop/web", &annotations, &hosts(&["a.test"])));
    assert_eq!(scene.rules(80), ["a.test /* [remove x] → shop/web:80"]);
}
