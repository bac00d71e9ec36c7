//! Hosts, paths, their order, and default backends.

use model::Dialect;
use proptest::prelude::*;

use crate::{
    dialect::scene::{Scene, hosts, ingress, only_verdict, rule, rules, verdicts},
    route::path::{path_match, pattern_match},
};

fn one(annotations: &[(&str, &str)], path: &str) -> String {
    let spec = format!("rules: [{}]", rule("a.test", path, "web:80"));
    let mut scene = Scene::edge().with(&ingress("shop/web", annotations, &spec));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0], "{path}");
    rules(&claims, 80).remove(0)
}

fn refused(annotations: &[(&str, &str)], path: &str) -> String {
    let spec = format!(
        "rules: [{}, {}]",
        rule("a.test", path, "web:80"),
        rule("good.test", "/", "web:80")
    );
    let mut scene = Scene::edge().with(&ingress("shop/web", annotations, &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80).len(), 1, "only the bad path is lost");
    let verdict = only_verdict(&claims);
    assert!(
        verdict.starts_with(
            "Warning InvalidField Ingress shop/web spec.rules[0].http.paths[0].path: "
        ),
        "{verdict}"
    );
    verdict
}

#[test]
fn path_types() {
    assert_eq!(one(&[], "Exact /x"), "a.test =/x → shop/web:80");
    assert_eq!(one(&[], "Prefix /"), "a.test /* → shop/web:80");
    assert_eq!(one(&[], "Prefix /x"), "a.test /x/* → shop/web:80");
    assert_eq!(one(&[], "Prefix /x/"), "a.test /x/* → shop/web:80");
    assert_eq!(one(&[], "ImplementationSpecific /x"), "a.test =/x → shop/web:80");
    assert_eq!(one(&[], "ImplementationSpecific /x*/y?"), "a.test ?/x*/y? → shop/web:80");
    assert_eq!(one(&[], "ImplementationSpecific /*"), "a.test /* → shop/web:80");
    assert_eq!(one(&[], "ImplementationSpecific ~*/x[0-9]"), "a.test ~^(?:/x[0-9]) → shop/web:80");
    assert_eq!(one(&[], "Prefix "), "a.test → shop/web:80");
}

#[test]
fn paths_that_cannot_be_used() {
    let text = refused(&[], "Exact /x*");
    assert!(text.contains(": exact path shouldn't contain wildcards: /x*"), "{text}");
    let text = refused(&[], "Prefix /x?");
    assert!(text.contains(": prefix path shouldn't contain wildcards: /x?"), "{text}");
    let text = refused(&[], "Suffix /x");
    assert!(text.contains(": unsupported pathType: Suffix"), "{text}");
    let text = refused(&[], "Prefix x");
    assert!(text.contains(": path \"x\" does not begin with '/'"), "{text}");
    let text = refused(&[("use-regex", "true")], "Prefix /x(");
    assert!(text.contains(": path \"/x(\" is no regular expression: unclosed group"), "{text}");
}

#[test]
fn regular_expressions_are_switched_on_by_true_or_by_a_rewrite() {
    assert_eq!(
        one(&[("use-regex", "true")], "Prefix /x[0-9]+"),
        "a.test ~^(?:/x[0-9]+) → shop/web:80"
    );
    assert_eq!(one(&[("use-regex", "false")], "Prefix /x"), "a.test /x/* → shop/web:80");
    assert_eq!(one(&[("use-regex", "true")], "Prefix /"), "a.test /* → shop/web:80");
    assert_eq!(one(&[("use-regex", "true")], "Exact /x"), "a.test =/x → shop/web:80");
}

#[test]
fn regular_expressions_ignore_case_and_begin_at_the_root() {
    let regex = path_match("/Api/[a-z]+", "Prefix", true, Dialect::Alb).unwrap().unwrap();
    assert!(regex.matches("/api/WEB"));
    assert!(!regex.matches("/v1/api/web"));
    let exactly = pattern_match("~/Api").unwrap();
    assert!(exactly.matches("/Api/x") && !exactly.matches("/api"));
    let anywhere = pattern_match("~*\\.png$").unwrap();
    assert!(anywhere.matches("/a/b.PNG"));
}

#[test]
fn rewrite_targets_use_groups() {
    assert_eq!(
        one(&[("rewrite-target", "/v2/${1}/$2")], "Prefix /v1/(.*)/(.*)"),
        "a.test ~^(?:/v1/(.*)/(.*)) [rewrite - /v2/${1}/$2 - with groups] → shop/web:80"
    );
    assert_eq!(
        one(&[("rewrite-target", "/new")], "Exact /old"),
        "a.test =/old [rewrite - /new -] → shop/web:80"
    );
}

#[test]
fn plain_ingresses_take_an_implementation_specific_path_as_a_prefix() {
    let found =
        path_match("/x", "ImplementationSpecific", false, Dialect::Ingress).unwrap().unwrap();
    assert!(found.matches("/x/y"));
    let found =
        path_match("/x(y|z)", "ImplementationSpecific", true, Dialect::Ingress).unwrap().unwrap();
    assert!(found.matches("/xz"));
}

#[test]
fn within_one_host_exact_comes_first_and_longer_before_shorter() {
    let spec = format!(
        "rules: [{}, {}, {}, {}, {}]",
        rule("b.test", "/", "web:80"),
        rule("a.test", "/", "web:80"),
        rule("a.test", "/long/path", "web:80"),
        rule("a.test", "Exact /x", "web:80"),
        rule("b.test", "/y", "web:80"),
    );
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &spec));
    assert_eq!(
        scene.rules(80),
        [
            "b.test /y/* → shop/web:80",
            "b.test /* → shop/web:80",
            "a.test =/x → shop/web:80",
            "a.test /long/path/* → shop/web:80",
            "a.test /* → shop/web:80",
        ]
    );
}

#[test]
fn wildcard_and_empty_hosts() {
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &hosts(&["*.a.test", ""])));
    assert_eq!(scene.rules(80), ["*.a.test /* → shop/web:80", "/* → shop/web:80"]);
}

#[test]
fn a_bad_host_costs_only_its_rule() {
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &hosts(&["a.*.test", "b.test"])));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["b.test /* → shop/web:80"]);
    let verdict = only_verdict(&claims);
    assert!(verdict.starts_with("Warning InvalidField Ingress shop/web spec.rules[0].host: host \"a.*.test\" is not served"), "{verdict}");
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &hosts(&["a.*.test"])));
    assert!(only_verdict(&scene.claims()).starts_with("Rejected"), "nothing of it is left");
}

#[test]
fn a_default_backend_comes_behind_every_rule_of_the_listener() {
    let spec = format!(
        "defaultBackend: {{service: {{name: api, port: {{number: 80}}}}}}, {}",
        hosts(&["a.test"])
    );
    let mut scene = Scene::edge().with(&ingress("shop/a", &[], &spec)).with(&ingress(
        "shop/b",
        &[],
        &hosts(&["b.test", ""]),
    ));
    let claims = scene.claims();
    assert_eq!(
        rules(&claims, 80),
        ["a.test /* → shop/web:80", "b.test /* → shop/web:80", "/* → shop/web:80"]
    );
    let verdict = only_verdict(&claims);
    assert!(verdict.contains("Ingress shop/a spec.defaultBackend: any host with this path is already taken by Ingress shop/b"), "{verdict}");
}

#[test]
fn a_resource_backend_is_not_honoured() {
    let spec = "rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {resource: {kind: B, name: b}}}]}}]";
    let verdict = only_verdict(&Scene::edge().with(&ingress("shop/web", &[], spec)).claims());
    assert!(
        verdict.contains(
            "NotHonoured Ingress shop/web spec.rules[0].http.paths[0].backend: resource backends"
        ),
        "{verdict}"
    );
}

#[test]
fn missing_services_and_ports_are_told_and_answered_with_503() {
    for (backend, text) in [
        ("lost:80", "Service shop/lost not found; its requests get 503"),
        ("web:81", "Service shop/web has no port 81; its requests get 503: use 80"),
        ("web:http", "Service shop/web has no port http"),
    ] {
        let spec = format!("rules: [{}]", rule("a.test", "/", backend));
        let mut scene = Scene::edge().with(&ingress("shop/web", &[], &spec));
        let claims = scene.claims();
        assert_eq!(rules(&claims, 80).len(), 1);
        let verdict = only_verdict(&claims);
        let expected = format!(
            "Warning ServiceNotFound Ingress shop/web spec.rules[0].http.paths[0].backend.service: {text}"
        );
        assert!(verdict.starts_with(&expected), "{verdict}");
    }
}

proptest! {
    #[test]
    fn no_path_makes_reading_panic(path in ".{0,30}", kind in 0..3usize, regex: bool) {
        let kind = ["Exact", "Prefix", "ImplementationSpecific"][kind];
        for dialect in [Dialect::Alb, Dialect::Ingress] {
            if let Ok(Some(found)) = path_match(&path, kind, regex, dialect) {
                found.matches("/some/path");
            }
        }
    }

    #[test]
    fn no_host_makes_reading_panic(host in "[ -~]{0,30}") {
        let host = host.replace(['\\', '"'], "x");
        let _ = Scene::edge().with(&ingress("shop/web", &[], &hosts(&[&host]))).claims();
    }
}
