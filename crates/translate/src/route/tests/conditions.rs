//! `conditions.SERVICE`.

use crate::dialect::scene::{Scene, ingress, only_verdict, rule, rules, verdicts};

fn with(conditions: &str, host: &str, path: &str) -> String {
    let spec = format!("rules: [{}]", rule(host, path, "web:80"));
    let mut scene =
        Scene::edge().with(&ingress("shop/web", &[("conditions.web", conditions)], &spec));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0], "{conditions}");
    rules(&claims, 80).remove(0).replace(" → shop/web:80", "")
}

fn refused(conditions: &str) -> String {
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:80"));
    let mut scene =
        Scene::edge().with(&ingress("shop/web", &[("conditions.web", conditions)], &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), [""; 0], "a rule without its conditions would take too much");
    let verdict = only_verdict(&claims);
    assert!(verdict.starts_with("Rejected InvalidAnnotation Ingress shop/web"), "{verdict}");
    verdict
}

#[test]
fn every_type() {
    assert_eq!(
        with(
            r#"[{"type":"Method","methodConfig":{"values":["GET","head"]}},
                {"type":"SourceIp","sourceIpConfig":{"values":["10.0.0.0/8","192.0.2.1"]}},
                {"type":"Header","headerConfig":{"key":"X-A","values":["1","2*"]}},
                {"type":"Header","headerConfig":{"key":"X-B","values":["3"]}},
                {"type":"QueryString","queryStringConfig":{"values":[{"key":"q","value":"1"},{"key":"r"}]}},
                {"type":"Cookie","cookieConfig":{"values":[{"key":"c","value":"d"}]}}]"#,
            "a.test",
            "/"
        ),
        "a.test /* GET HEAD x-a:1|2* x-b:3 ?q=1 ?r=* cookie c=d from 10.0.0.0/8 from 192.0.2.1/32"
    );
}

#[test]
fn types_and_keys_count_in_any_letter_case() {
    assert_eq!(
        with(r#"[{"TYPE":"header","HEADERCONFIG":{"KEY":"x","VALUES":["1"]}}]"#, "a.test", "/"),
        "a.test /* x:1"
    );
}

#[test]
fn hosts_and_paths_stand_beside_the_rules_own() {
    let conditions = r#"[{"type":"Host","hostConfig":{"values":["b.test"]}},{"type":"Path","pathConfig":{"values":["/p","/q*"]}}]"#;
    assert_eq!(with(conditions, "a.test", "/x"), "b.test a.test =/p ?/q* /x/*");
    assert_eq!(with(conditions, "", "/"), "b.test =/p ?/q*", "a rule for every path adds none");
}

#[test]
fn conditions_that_cannot_be_used() {
    for (conditions, text) in [
        ("{}", "conditions.web is no JSON list"),
        (r#"[{"type":"Weather"}]"#, "readCondition Failed(unknown condition type): Weather"),
        (r#"[{"type":"Header"}]"#, "missing HeaderConfig"),
        (
            r#"[{"type":"Header","headerConfig":{"key":"a b","values":["1"]}}]"#,
            "\"a b\" is no header name",
        ),
        (r#"[{"type":"Method","methodConfig":{"values":[]}}]"#, "no value is given"),
        (
            r#"[{"type":"SourceIp","sourceIpConfig":{"values":["nine"]}}]"#,
            "\"nine\": this is neither an address nor a CIDR block",
        ),
        (r#"[{"type":"Host","hostConfig":{"values":["a..b"]}}]"#, "label \"\" is not a DNS label"),
        (r#"[{"type":"Cookie","cookieConfig":{"values":[]}}]"#, "no pair is given"),
        (
            r#"[{"type":"Cookie","cookieConfig":{"values":[{"key":"a"}]}},{"type":"Cookie","cookieConfig":{"values":[{"key":"b"}]}}]"#,
            "a second CookieConfig is not supported",
        ),
        (
            r#"[{"type":"ResponseStatusCode","responseStatusCodeConfig":{"values":["404"]}}]"#,
            "conditions on the response need rule-direction.web: Response",
        ),
    ] {
        let verdict = refused(conditions);
        assert!(verdict.contains(text), "{verdict}");
    }
}

#[test]
fn canary_and_conditions_exclude_each_other() {
    let conditions = r#"[{"type":"Header","headerConfig":{"key":"x","values":["1"]}}]"#;
    let annotations = [("canary", "true"), ("canary-weight", "10"), ("conditions.web", conditions)];
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:80"));
    let verdict =
        only_verdict(&Scene::edge().with(&ingress("shop/web", &annotations, &spec)).claims());
    assert!(verdict.starts_with("Rejected InvalidAnnotation"), "{verdict}");
    assert!(
        verdict.contains("shop/web can't exist Canary and customize condition at the same time"),
        "{verdict}"
    );
}
