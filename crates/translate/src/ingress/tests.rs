//! Plain Ingresses.

use model::Protocol;

use crate::dialect::scene::{
    Scene, hosts, ingress_of, listener, members, only_verdict, rule, rules, verdicts,
};

fn plain(name: &str, annotations: &[(&str, &str)], spec: &str) -> String {
    ingress_of("plain", name, annotations, spec)
}

fn tls(hosts_in_tls: &str, spec: &str) -> String {
    format!("tls: [{{hosts: [{hosts_in_tls}], secretName: s}}], {spec}")
}

#[test]
fn a_class_is_a_load_balancer_with_80_and_443() {
    let claims = Scene::plain().claims();
    let balancer = &claims.load_balancers[0];
    assert_eq!((&*balancer.name, balancer.dialect), ("plain", model::Dialect::Ingress));
    assert_eq!(balancer.declared_by.object.to_string(), "IngressClass plain");
    let found: Vec<_> = balancer.listeners.iter().map(|l| (l.port, l.protocol)).collect();
    assert_eq!(found, [(80, Protocol::Http), (443, Protocol::Https)]);
    let model::Action::Fixed(fixed) = &balancer.listeners[0].default_action else { panic!() };
    assert_eq!((fixed.status.as_u16(), fixed.reason), (404, Some("no-rule")));
    let forwarded = &balancer.listeners[1].forwarded;
    assert!(forwarded.client_address && forwarded.proto && forwarded.host && forwarded.port);
}

#[test]
fn tls_hosts_are_on_both_and_others_on_80() {
    let mut scene =
        Scene::plain().with(&plain("shop/web", &[], &tls("a.test", &hosts(&["a.test", "b.test"]))));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* → shop/web:80", "b.test /* → shop/web:80"]);
    assert_eq!(rules(&claims, 443), ["a.test /* → shop/web:80"]);
    assert_eq!(
        members(&claims, 443, Protocol::Https),
        ["Ingress shop/web spec.tls[0] [a.test] shop/s"]
    );
    assert_eq!(verdicts(&claims), [""; 0]);
}

#[test]
fn a_wildcard_or_an_entry_without_hosts_covers_rule_hosts() {
    let mut scene = Scene::plain()
        .with(&plain("shop/a", &[], &tls("'*.a.test'", &hosts(&["www.a.test"]))))
        .with(&plain("shop/b", &[], &format!("tls: [{{secretName: s}}], {}", hosts(&["b.test"]))));
    assert_eq!(scene.rules(443), ["www.a.test /* → shop/web:80", "b.test /* → shop/web:80"]);
}

#[test]
fn ssl_redirect_redirects_tls_hosts_only() {
    for key in ["ssl-redirect", "nginx.ingress.kubernetes.io/ssl-redirect"] {
        let mut scene = Scene::plain().with(&plain(
            "shop/web",
            &[(key, "true")],
            &tls("a.test", &hosts(&["a.test", "b.test"])),
        ));
        assert_eq!(
            scene.rules(80),
            ["a.test /* → 308 https://-:443-?-", "b.test /* → shop/web:80"]
        );
        assert_eq!(scene.rules(443), ["a.test /* → shop/web:80"]);
    }
    let mut scene =
        Scene::plain().with(&plain("shop/web", &[("ssl-redirect", "true")], &hosts(&["a.test"])));
    let verdict = only_verdict(&scene.claims());
    assert!(verdict.contains("ssl-redirect has no effect on hosts without TLS"), "{verdict}");
}

#[test]
fn rules_stand_in_kubernetes_order_over_all_ingresses() {
    let first = format!(
        "defaultBackend: {{service: {{name: api, port: {{number: 80}}}}}}, rules: [{}, {}, {}]",
        rule("", "/any", "web:80"),
        rule("*.a.test", "/", "web:80"),
        rule("www.a.test", "/", "web:80"),
    );
    let second = format!(
        "rules: [{}, {}, {}]",
        rule("www.a.test", "/longer", "api:80"),
        rule("www.a.test", "Exact /x", "api:80"),
        rule("*.a.test", "/longer", "api:80"),
    );
    let mut scene =
        Scene::plain().with(&plain("shop/z", &[], &first)).with(&plain("shop/a", &[], &second));
    assert_eq!(
        scene.rules(80),
        [
            "www.a.test =/x → shop/api:80",
            "www.a.test /longer/* → shop/api:80",
            "www.a.test /* → shop/web:80",
            "*.a.test /longer/* → shop/api:80",
            "*.a.test /* → shop/web:80",
            "/any/* → shop/web:80",
            "/* → shop/api:80",
        ]
    );
}

#[test]
fn of_doubles_the_older_ingress_wins() {
    let api = format!("rules: [{}]", rule("a.test", "/", "api:80"));
    let aged = |text: String, time: &str| {
        text.replace("  annotations:", &format!("  creationTimestamp: {time}\n  annotations:"))
    };
    let mut scene = Scene::plain()
        .with(&aged(plain("shop/a", &[], &hosts(&["a.test"])), "2026-01-02T00:00:00Z"))
        .with(&aged(plain("shop/b", &[], &api), "2026-01-01T00:00:00Z"));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* → shop/api:80"]);
    let verdict = only_verdict(&claims);
    assert!(
        verdict.contains("Ingress shop/a") && verdict.contains("taken by Ingress shop/b"),
        "{verdict}"
    );
}

#[test]
fn the_annotations_of_alb_work_here() {
    let actions = r#"[{"type":"FixedResponse","FixedResponseConfig":{"contentType":"text/plain","content":"hi"}}]"#;
    let spec = format!(
        "rules: [{}, {}]",
        rule("a.test", "/", "fixed:use-annotation"),
        rule("b.test", "/old/(.*)", "web:80")
    );
    let annotations =
        [("actions.fixed", actions), ("rewrite-target", "/new/$1"), ("enable-cors", "true")];
    let mut scene = Scene::plain().with(&plain("shop/web", &annotations, &spec));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    assert_eq!(
        rules(&claims, 80),
        [
            "b.test ~^(?:/old/(.*)) [cors * 172800] [rewrite - /new/$1 - with groups] → shop/web:80",
            "a.test /* [cors * 172800] [rewrite - /new/$1 -] → 200 \"hi\"",
        ]
    );
}

#[test]
fn grpc_needs_no_tls_here_and_echo_needs_no_backend() {
    let mut scene = Scene::plain()
        .with(&plain("shop/grpc", &[("backend-protocol", "grpc")], &hosts(&["a.test"])))
        .with(&plain("shop/echo", &[("doorward.dev/echo", "true")], &hosts(&["b.test"])));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    assert_eq!(rules(&claims, 80)[1], "b.test /* → echo");
    let model::Action::Forward(targets) = &listener(&claims, 80).rules[0].action else { panic!() };
    assert_eq!(targets[0].backend.protocol, model::BackendProtocol::Grpc);
}

#[test]
fn its_ingresses_are_members_even_without_a_rule() {
    let mut scene = Scene::plain().with(&plain("shop/z", &[], &hosts(&["a.test"]))).with(&plain(
        "shop/a",
        &[],
        "tls: [{hosts: [a.test], secretName: s}]",
    ));
    let claims = scene.claims();
    let members: Vec<_> =
        claims.load_balancers[0].members.iter().map(ToString::to_string).collect();
    assert_eq!(members, ["Ingress shop/a", "Ingress shop/z"]);
}
