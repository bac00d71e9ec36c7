//! Which listeners there are, and who misses one.

use model::Protocol;

use crate::dialect::scene::{Scene, hosts, ingress, only_verdict, rule, rules, service, verdicts};

const BOTH: &[(&str, &str)] = &[("listen-ports", "[{\"HTTP\":80},{\"HTTPS\":443}]")];

#[test]
fn port_is_a_number_or_a_text_and_has_a_default() {
    let listeners = "[{port: '8443', protocol: HTTPS}, {port: 81}, {protocol: HTTP}]";
    let mut scene = Scene::edge_with_listeners(listeners);
    let claims = scene.claims();
    let found: Vec<(u16, Protocol)> = claims.load_balancers[0]
        .listeners
        .iter()
        .map(|listener| (listener.port, listener.protocol))
        .collect();
    assert_eq!(found, [(8443, Protocol::Https), (81, Protocol::Http), (80, Protocol::Http)]);
    assert_eq!(verdicts(&claims), [""; 0]);
}

#[test]
fn bad_ports_and_protocols_cost_their_listener_only() {
    for (bad, text) in [
        ("{port: 70000, protocol: HTTP}", "invalid listener port: 70000"),
        ("{port: 0, protocol: HTTP}", "invalid listener port: 0"),
        ("{port: 443, protocol: HTTPSS}", "invalid listener protocol: HTTPSS"),
        (
            "{port: true, protocol: HTTP}",
            "cannot unmarshal bool into Go struct field ListenerSpec.listeners.port",
        ),
    ] {
        let listeners = format!("[{bad}, {{port: 80, protocol: HTTP}}]");
        let claims = Scene::edge_with_listeners(&listeners).claims();
        assert_eq!(claims.load_balancers[0].listeners.len(), 1, "{bad}");
        let verdict = only_verdict(&claims);
        assert!(verdict.starts_with("Rejected InvalidField"), "{verdict}");
        assert!(verdict.contains(text), "{verdict}");
    }
}

#[test]
fn http_and_https_cannot_share_a_port() {
    let listeners = "[{port: 443, protocol: HTTPS}, {port: 443, protocol: HTTP}]";
    let claims = Scene::edge_with_listeners(listeners).claims();
    assert_eq!(claims.load_balancers[0].listeners[0].protocol, Protocol::Https);
    assert_eq!(claims.load_balancers[0].listeners.len(), 1);
    let verdict = only_verdict(&claims);
    let expected = "Rejected ListenerConflict AlbConfig edge-lb spec.listeners[1]: conflict listener in albconfig, please remove it manual";
    assert!(verdict.starts_with(expected), "{verdict}");
}

#[test]
fn who_wants_a_listener_that_is_written_in_vain_is_not_told_to_add_it() {
    for (listeners, of_config) in [
        ("[{port: 443, protocol: HTTP}, {port: 443, protocol: HTTPS}]", "please remove it manual"),
        ("[{port: 443, protocol: HTTPS, caEnabled: 'true'}]", "ListenerSpec.listeners.caEnabled"),
        ("many", "AlbConfigSpec.listeners of type []interface {}"),
    ] {
        let mut scene = Scene::edge_with_listeners(listeners).with(&ingress(
            "shop/web",
            &[("listen-ports", "[{\"HTTPS\":443}]")],
            &hosts(&["a.test"]),
        ));
        let verdicts = verdicts(&scene.claims());
        let [config, web] = verdicts.as_slice() else { panic!("{verdicts:?}") };
        assert!(config.contains("AlbConfig edge-lb") && config.contains(of_config), "{config}");
        let expected = "listener is not exist in edge-lb, port: 443, protocol: HTTPS; correct AlbConfig edge-lb, whose verdicts name the field";
        assert!(web.contains("Ingress shop/web") && web.ends_with(expected), "{web}");
    }
}

#[test]
fn https_and_quic_can_share_a_port_and_quic_is_not_served() {
    let listeners = "[{port: 443, protocol: HTTPS}, {port: 443, protocol: QUIC}]";
    let claims = Scene::edge_with_listeners(listeners).claims();
    let listeners = &claims.load_balancers[0].listeners;
    assert_eq!(listeners[1].protocol, Protocol::Quic);
    assert!(listeners[1].tls.is_some());
    let verdict = only_verdict(&claims);
    assert!(
        verdict.starts_with(
            "Warning NotHonoured AlbConfig edge-lb spec.listeners[1].protocol: QUIC is not served"
        ),
        "{verdict}"
    );
}

#[test]
fn a_missing_listener_is_told_and_the_others_go_on() {
    let mut scene = Scene::edge_with_listeners("[{port: 80, protocol: HTTP}]")
        .with(&ingress("shop/one", BOTH, &hosts(&["a.test"])))
        .with(&ingress("shop/two", BOTH, &hosts(&["b.test"])));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* → shop/web:80", "b.test /* → shop/web:80"]);
    let verdicts = verdicts(&claims);
    assert_eq!(verdicts.len(), 2);
    for (verdict, name) in verdicts.iter().zip(["one", "two"]) {
        assert_eq!(
            *verdict,
            format!(
                "Warning ListenerNotFound Ingress shop/{name} metadata.annotations[\"alb.ingress.kubernetes.io/listen-ports\"]: listener not found for (443/HTTPS), with ingresses 1; add {{port: 443, protocol: HTTPS}} to spec.listeners of AlbConfig edge-lb"
            )
        );
    }
}

#[test]
fn an_ingress_without_any_listener_left_is_rejected() {
    let mut scene = Scene::edge_with_listeners("[{port: 443, protocol: HTTPS}]").with(&ingress(
        "shop/web",
        &[],
        &hosts(&["a.test"]),
    ));
    let verdict = only_verdict(&scene.claims());
    let expected = "Rejected ListenerNotFound Ingress shop/web spec: listener not found for (80/HTTP), with ingresses 1";
    assert!(verdict.starts_with(expected), "{verdict}");
}

#[test]
fn no_rule_is_answered_with_503() {
    let claims = Scene::edge().claims();
    let action = &claims.load_balancers[0].listeners[0].default_action;
    let model::Action::Fixed(fixed) = action else { panic!("{action:?}") };
    assert_eq!((fixed.status.as_u16(), fixed.reason), (503, Some("no-rule")));
}

#[test]
fn groups_span_namespaces_by_order_then_namespace_and_name() {
    let mut scene = Scene::edge()
        .with(&service("pay/web", 80))
        .with(&ingress("shop/b", &[("order", "20")], &hosts(&["late.test"])))
        .with(&ingress("shop/a", &[], &hosts(&["shop-a.test"])))
        .with(&ingress("pay/z", &[], &hosts(&["pay-z.test"])))
        .with(&ingress(
            "pay/c",
            &[("albconfig.order", "5"), ("order", "900")],
            &hosts(&["early.test"]),
        ));
    assert_eq!(
        scene.rules(80),
        [
            "early.test /* → pay/web:80",
            "pay-z.test /* → pay/web:80",
            "shop-a.test /* → shop/web:80",
            "late.test /* → shop/web:80",
        ]
    );
}

#[test]
fn an_order_out_of_range_costs_only_its_ingress() {
    for (order, text) in [
        ("0", "explicit Ingress group order must be within [1:1000], Ingress: shop/bad, order: 0"),
        (
            "1001",
            "explicit Ingress group order must be within [1:1000], Ingress: shop/bad, order: 1001",
        ),
        ("first", "failed to load Ingress group order for ingress: shop/bad"),
    ] {
        let mut scene = Scene::edge()
            .with(&ingress("shop/bad", &[("order", order)], &hosts(&["bad.test"])))
            .with(&ingress("shop/good", &[], &hosts(&["good.test"])));
        let claims = scene.claims();
        assert_eq!(rules(&claims, 80), ["good.test /* → shop/web:80"]);
        let verdict = only_verdict(&claims);
        assert!(verdict.starts_with("Rejected InvalidAnnotation Ingress shop/bad"), "{verdict}");
        assert!(verdict.contains(text), "{verdict}");
    }
}

#[test]
fn the_same_order_twice_is_no_error() {
    let mut scene = Scene::edge()
        .with(&ingress("shop/b", &[("order", "5")], &hosts(&["b.test"])))
        .with(&ingress("shop/a", &[("order", "5")], &hosts(&["a.test"])));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* → shop/web:80", "b.test /* → shop/web:80"]);
    assert_eq!(verdicts(&claims), [""; 0]);
}

#[test]
fn of_doubles_the_first_wins_and_the_loser_is_told_once() {
    let spec = hosts(&["a.test", "b.test"]);
    let mut scene = Scene::edge()
        .with(&ingress("shop/first", BOTH, &hosts(&["a.test"])))
        .with(&ingress("shop/second", BOTH, &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 443), ["a.test /* → shop/web:80", "b.test /* → shop/web:80"]);
    assert_eq!(
        only_verdict(&claims),
        "Warning ListenerConflict Ingress shop/second spec.rules[0].http.paths[0]: a.test with this path is already taken by Ingress shop/first, which comes first: remove one of the two rules"
    );
}

#[test]
fn the_same_path_with_other_conditions_is_no_double() {
    let conditions = r#"[{"type":"Header","headerConfig":{"key":"x","values":["1"]}}]"#;
    let mut scene = Scene::edge()
        .with(&ingress("shop/a", &[("conditions.web", conditions)], &hosts(&["a.test"])))
        .with(&ingress("shop/b", &[], &format!("rules: [{}]", rule("a.test", "/", "api:80"))));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* x:1 → shop/web:80", "a.test /* → shop/api:80"]);
    assert_eq!(verdicts(&claims), [""; 0]);
}
