//! Canary Ingresses.

use crate::dialect::scene::{
    Scene, hosts, ingress, ingress_of, only_verdict, rule, rules, verdicts,
};

fn canary(annotations: &[(&str, &str)]) -> Scene {
    let mut all = vec![("canary", "true")];
    all.extend_from_slice(annotations);
    let spec = format!("rules: [{}]", rule("a.test", "/", "api:80"));
    Scene::edge().with(&ingress("shop/stable", &[], &hosts(&["a.test", "b.test"]))).with(&ingress(
        "shop/canary",
        &all,
        &spec,
    ))
}

#[track_caller]
fn expect(annotations: &[(&str, &str)], first: &[&str]) {
    let mut scene = canary(annotations);
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    let mut expected = first.to_vec();
    expected.push("b.test /* → shop/web:80");
    assert_eq!(rules(&claims, 80), expected);
}

#[test]
fn by_header_value() {
    expect(
        &[("canary-by-header", "location"), ("canary-by-header-value", "hz")],
        &["a.test /* location:hz → shop/api:80", "a.test /* → shop/web:80"],
    );
}

#[test]
fn by_header_alone_always_and_never_decide() {
    expect(
        &[("canary-by-header", "x-canary")],
        &[
            "a.test /* x-canary:always → shop/api:80",
            "a.test /* x-canary:never → shop/web:80",
            "a.test /* → shop/web:80",
        ],
    );
}

#[test]
fn by_cookie() {
    expect(
        &[("canary-by-cookie", "demo")],
        &[
            "a.test /* cookie demo=always → shop/api:80",
            "a.test /* cookie demo=never → shop/web:80",
            "a.test /* → shop/web:80",
        ],
    );
}

#[test]
fn by_weight() {
    expect(&[("canary-weight", "30")], &["a.test /* → shop/web:80*70 + shop/api:80*30"]);
    expect(&[("canary-weight", "0")], &["a.test /* → shop/web:80*100 + shop/api:80*0"]);
}

#[test]
fn header_before_cookie_before_weight() {
    expect(
        &[
            ("canary-by-cookie", "c"),
            ("canary-weight", "5"),
            ("canary-by-header", "h"),
            ("canary-by-header-value", "1"),
        ],
        &[
            "a.test /* h:1 → shop/api:80",
            "a.test /* cookie c=always → shop/api:80",
            "a.test /* cookie c=never → shop/web:80",
            "a.test /* → shop/web:80*95 + shop/api:80*5",
        ],
    );
}

#[test]
fn the_keys_of_nginx_count_too() {
    let annotations = [
        ("nginx.ingress.kubernetes.io/canary", "true"),
        ("nginx.ingress.kubernetes.io/canary-weight", "40"),
    ];
    let spec = format!("rules: [{}]", rule("a.test", "/", "api:80"));
    let mut scene = Scene::edge()
        .with(&ingress("shop/stable", &[], &hosts(&["a.test"])))
        .with(&ingress("shop/canary", &annotations, &spec));
    assert_eq!(scene.rules(80), ["a.test /* → shop/web:80*60 + shop/api:80*40"]);
}

#[test]
fn groups_keep_their_proportions_under_a_canary() {
    let groups = r#"[{"type":"ForwardGroup","ForwardConfig":{"ServerGroups":[{"ServiceName":"web","ServicePort":80,"Weight":1},{"ServiceName":"api","ServicePort":80,"Weight":3}]}}]"#;
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:use-annotation"));
    let canary = format!("rules: [{}]", rule("a.test", "/", "api:80"));
    let mut scene = Scene::edge()
        .with(&ingress("shop/stable", &[("actions.web", groups)], &spec))
        .with(&ingress("shop/canary", &[("canary", "true"), ("canary-weight", "20")], &canary));
    assert_eq!(
        scene.rules(80),
        ["a.test /* → shop/web:80*20000 + shop/api:80*60000 + shop/api:80*20000"]
    );
}

#[test]
fn two_canaries_share_by_their_weights() {
    let spec = format!("rules: [{}]", rule("a.test", "/", "api:80"));
    let mut scene = canary(&[("canary-weight", "10")]).with(&ingress(
        "shop/more",
        &[("canary", "true"), ("canary-weight", "20")],
        &spec,
    ));
    assert_eq!(scene.rules(80)[0], "a.test /* → shop/web:80*70 + shop/api:80*10 + shop/api:80*20");
}

#[test]
fn a_redirect_to_https_is_not_shared() {
    let spec = format!("rules: [{}]", rule("a.test", "/", "api:80"));
    let tls = format!("tls: [{{hosts: [a.test]}}], {}", hosts(&["a.test"]));
    let mut scene = Scene::edge()
        .with(&ingress("shop/stable", &[("ssl-redirect", "true")], &tls))
        .with(&ingress("shop/canary", &[("canary", "true"), ("canary-weight", "10")], &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* → 308 https://-:443-?-"]);
    assert_eq!(rules(&claims, 443), ["a.test /* → shop/web:80*90 + shop/api:80*10"]);
    assert_eq!(verdicts(&claims), [""; 0]);
}

#[test]
fn a_canary_that_finds_nothing_is_told_and_adds_no_rule() {
    let spec = format!("rules: [{}]", rule("lost.test", "/", "api:80"));
    let mut scene = Scene::edge().with(&ingress(
        "shop/canary",
        &[("canary", "true"), ("canary-weight", "10")],
        &spec,
    ));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), [""; 0]);
    let verdict = only_verdict(&claims);
    assert!(verdict.contains("spec.rules[0].http.paths[0]: the canary has no effect"), "{verdict}");
}

#[test]
fn canaries_that_take_nothing_or_too_much_are_told() {
    let verdict = canary(&[("canary-weight", "101")]).verdicts().join("\n");
    assert!(verdict.contains("canary weight \"101\" is not within 0 to 100"), "{verdict}");
    let verdict = canary(&[]).verdicts().join("\n");
    assert!(verdict.contains("the canary takes no traffic: add canary-by-header"), "{verdict}");
}

#[test]
fn plain_ingresses_have_canaries_too() {
    let spec = format!("rules: [{}]", rule("a.test", "/", "api:80"));
    let mut scene = Scene::plain()
        .with(&ingress_of("plain", "shop/stable", &[], &hosts(&["a.test"])))
        .with(&ingress_of(
            "plain",
            "shop/canary",
            &[("canary", "true"), ("canary-weight", "10")],
            &spec,
        ));
    assert_eq!(scene.rules(80), ["a.test /* → shop/web:80*90 + shop/api:80*10"]);
}
