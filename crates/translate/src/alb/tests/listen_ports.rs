//! `listen-ports`, ssl-redirect and which rule goes to which listener.

use proptest::prelude::*;

use crate::dialect::scene::{Scene, hosts, ingress, only_verdict, rule, rules, verdicts};

/// The rules of 80 and of 443.
fn placed(annotations: &[(&str, &str)], spec: &str) -> (Vec<String>, Vec<String>) {
    let mut scene = Scene::edge().with(&ingress("shop/web", annotations, spec));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    (rules(&claims, 80), rules(&claims, 443))
}

const NONE: [&str; 0] = [];
const A: [&str; 1] = ["a.test /* → shop/web:80"];

#[test]
fn without_tls_a_host_is_on_80() {
    let (http, https) = placed(&[], &hosts(&["a.test"]));
    assert_eq!((http, https), (A.map(String::from).into(), vec![]));
}

#[test]
fn a_tls_host_is_on_443_and_the_others_on_80() {
    let spec = format!("tls: [{{hosts: [a.test]}}], {}", hosts(&["a.test", "b.test"]));
    let (http, https) = placed(&[], &spec);
    assert_eq!(http, ["b.test /* → shop/web:80"]);
    assert_eq!(https, A);
}

#[test]
fn a_rule_without_host_is_on_every_listener_of_its_ingress() {
    let (http, https) =
        placed(&[], &format!("tls: [{{hosts: [a.test]}}], {}", hosts(&["a.test", "", "b.test"])));
    assert_eq!(http, ["/* → shop/web:80", "b.test /* → shop/web:80"]);
    assert_eq!(https, ["a.test /* → shop/web:80", "/* → shop/web:80"]);
}

#[test]
fn a_tls_entry_without_hosts_does_not_open_443() {
    let (http, https) = placed(&[], &format!("tls: [{{secretName: s}}], {}", hosts(&["a.test"])));
    assert_eq!(http, A);
    assert_eq!(https, NONE);
}

#[test]
fn a_wildcard_tls_host_does_not_count_for_a_rule_host_and_that_is_told() {
    let spec = format!("tls: [{{hosts: ['*.shop.test']}}], {}", hosts(&["www.shop.test"]));
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["www.shop.test /* → shop/web:80"]);
    assert_eq!(rules(&claims, 443), NONE);
    let verdict = only_verdict(&claims);
    assert!(
        verdict.starts_with("Warning InvalidField Ingress shop/web spec.rules[0].host: mismatchTlsHostsIngress: [www.shop.test]"),
        "{verdict}"
    );
}

#[test]
fn listen_ports_force_every_rule_onto_every_listener() {
    let both = [("listen-ports", r#"[{"HTTP":80},{"HTTPS":443},{"HTTP":80}]"#)];
    let (http, https) = placed(&both, &hosts(&["a.test"]));
    assert_eq!(http, A);
    assert_eq!(https, A);
    let (http, https) = placed(&[("listen-ports", r#"[{"HTTPS":443}]"#)], &hosts(&["a.test"]));
    assert_eq!(http, NONE);
    assert_eq!(https, A);
}

#[test]
fn an_empty_value_is_as_good_as_none() {
    let (http, https) = placed(&[("listen-ports", " \n ")], &hosts(&["a.test"]));
    assert_eq!(http, A);
    assert_eq!(https, NONE);
}

#[test]
fn listen_ports_that_cannot_be_used() {
    for (value, text) in [
        ("[]", "empty listen-ports configuration: `[]`"),
        ("80", "failed to parse listen-ports configuration: `80`"),
        (r#"[{"HTTP":"80"}]"#, "failed to parse listen-ports configuration: `[{\"HTTP\":\"80\"}]`"),
        (r#"[{"HTTP":0}]"#, "listen port must be within [1, 65535]: 0"),
        (r#"[{"HTTPS":70000}]"#, "listen port must be within [1, 65535]: 70000"),
        (r#"[{"https":443}]"#, "listen protocol must be within [HTTP, HTTPS]: https"),
    ] {
        let mut scene = Scene::edge().with(&ingress(
            "shop/web",
            &[("listen-ports", value)],
            &hosts(&["a.test"]),
        ));
        let verdict = only_verdict(&scene.claims());
        let expected = format!(
            "Rejected InvalidAnnotation Ingress shop/web metadata.annotations[\"alb.ingress.kubernetes.io/listen-ports\"]: {text}"
        );
        assert!(verdict.starts_with(&expected), "{verdict}");
    }
}

#[test]
fn ssl_redirect_joins_80_and_answers_308_to_443() {
    let spec = format!("tls: [{{hosts: [a.test]}}], {}", hosts(&["a.test"]));
    for key in ["ssl-redirect", "nginx.ingress.kubernetes.io/ssl-redirect"] {
        let (http, https) = placed(&[(key, "true")], &spec);
        assert_eq!(http, ["a.test /* → 308 https://-:443-?-"], "{key}");
        assert_eq!(https, A);
    }
    let (http, https) =
        placed(&[("listen-ports", r#"[{"HTTPS":443}]"#), ("ssl-redirect", "true")], &spec);
    assert_eq!((http.len(), https.len()), (1, 1), "80 joins what is listed");
}

#[test]
fn the_spelling_of_nginx_wins() {
    let (http, _) = placed(
        &[("ssl-redirect", "true"), ("nginx.ingress.kubernetes.io/ssl-redirect", "false")],
        &hosts(&["a.test"]),
    );
    assert_eq!(http, A);
}

#[test]
fn ssl_redirect_off_port_443_goes_to_443_all_the_same() {
    let mut scene =
        Scene::edge_with_listeners("[{port: 80, protocol: HTTP}, {port: 8443, protocol: HTTPS}]")
            .with(&ingress(
                "shop/web",
                &[("listen-ports", r#"[{"HTTPS":8443}]"#), ("ssl-redirect", "true")],
                &hosts(&["a.test"]),
            ));
    assert_eq!(scene.rules(8443), ["a.test /* → 308 https://-:443-?-"]);
}

#[test]
fn a_redirect_keeps_header_limit_and_cors_actions_but_not_rewrites() {
    let actions = r#"[{"type":"InsertHeader","InsertHeaderConfig":{"key":"x","value":"1"}},
        {"type":"RemoveHeader","RemoveHeaderConfig":{"key":"y"}},
        {"type":"Rewrite","RewriteConfig":{"path":"/z"}}]"#;
    let (http, https) = placed(
        &[
            ("ssl-redirect", "true"),
            ("actions.web", actions),
            ("traffic-limit-qps", "9"),
            ("enable-cors", "true"),
        ],
        &format!("tls: [{{hosts: [a.test]}}], {}", hosts(&["a.test"])),
    );
    let kept = "a.test /* [limit Some(9) None] [cors * 172800] [insert x: \"1\"] [remove y]";
    assert_eq!(http, [format!("{kept} → 308 https://-:443-?-")]);
    assert_eq!(https, [format!("{kept} [rewrite - /z -] → shop/web:80")]);
}

#[test]
fn grpc_needs_tls_listeners() {
    let refused = |annotations: &[(&str, &str)], spec: &str| {
        let mut all = vec![("backend-protocol", "grpc")];
        all.extend_from_slice(annotations);
        let verdict = only_verdict(&Scene::edge().with(&ingress("shop/web", &all, spec)).claims());
        assert!(verdict.starts_with("Rejected InvalidAnnotation"), "{verdict}");
        verdict
    };
    let tls = format!("tls: [{{hosts: [a.test]}}], {}", hosts(&["a.test"]));
    let text = "'grpc' backend protocol must be use with TLS listener(Ingress.Spec.TLS)";
    assert!(refused(&[], &hosts(&["a.test"])).contains(text));
    let text = "'grpc' backend protocol must be use TLS listener only or redirect to";
    let both = ("listen-ports", r#"[{"HTTP":80},{"HTTPS":443}]"#);
    assert!(refused(&[both], &tls).contains(text));
    let (_, https) = placed(&[("backend-protocol", "grpc")], &tls);
    assert_eq!(https, A);
    let (http, _) = placed(&[("backend-protocol", "grpc"), both, ("ssl-redirect", "true")], &tls);
    assert_eq!(http, ["a.test /* → 308 https://-:443-?-"]);
}

#[test]
fn a_rule_goes_where_the_vendor_puts_it() {
    let spec = format!("rules: [{}]", rule("a.test", "Exact /x", "api:80"));
    let (http, _) = placed(&[], &spec);
    assert_eq!(http, ["a.test =/x → shop/api:80"]);
}

proptest! {
    #[test]
    fn no_text_makes_listen_ports_panic(text in r#"[\[\]{}":,A-Z0-9 ]{0,24}|[ -~]{0,40}"#) {
        let _ = Scene::edge().with(&ingress("shop/web", &[("listen-ports", &text)], &hosts(&["a.test"]))).claims();
    }

    #[test]
    fn listed_ports_are_exactly_the_listeners(ports in prop::collection::btree_set(1..u16::MAX, 1..5)) {
        let json: Vec<String> = ports.iter().map(|port| format!("{{\"HTTP\":{port}}}")).collect();
        let json = format!("[{}]", json.join(","));
        let listeners: Vec<String> =
            ports.iter().map(|port| format!("{{port: {port}, protocol: HTTP}}")).collect();
        let mut scene = Scene::edge_with_listeners(&format!("[{}]", listeners.join(",")))
            .with(&ingress("shop/web", &[("listen-ports", &json)], &hosts(&["a.test"])));
        let claims = scene.claims();
        prop_assert_eq!(verdicts(&claims), Vec::<String>::new());
        for port in ports {
            prop_assert_eq!(rules(&claims, port).len(), 1);
        }
    }
}
