//! `actions.SERVICE` and `rule-direction.SERVICE`.

use crate::dialect::scene::{Scene, ingress, only_verdict, rule, rules, verdicts};

/// The rule of `a.test` for the backend `web` under these annotations.
fn with(annotations: &[(&str, &str)], backend: &str) -> String {
    let spec = format!("rules: [{}]", rule("a.test", "/", backend));
    let mut scene = Scene::edge().with(&ingress("shop/web", annotations, &spec));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    rules(&claims, 80).remove(0)
}

fn answer(actions: &str) -> String {
    with(&[("actions.web", actions)], "web:use-annotation")
}

fn edit(actions: &str) -> String {
    with(&[("actions.web", actions)], "web:80")
}

/// The verdict on actions that cost the rule.
fn refused(actions: &str, backend: &str) -> String {
    let spec =
        format!("rules: [{}, {}]", rule("a.test", "/", backend), rule("b.test", "/", "api:80"));
    let mut scene = Scene::edge().with(&ingress("shop/web", &[("actions.web", actions)], &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["b.test /* → shop/api:80"], "{actions}");
    let verdict = only_verdict(&claims);
    assert!(verdict.starts_with("Warning InvalidAnnotation Ingress shop/web"), "{verdict}");
    verdict
}

#[test]
fn fixed_responses() {
    assert_eq!(
        answer(
            r#"[{"type":"FixedResponse","FixedResponseConfig":{"contentType":"text/plain","httpCode":"503","content":"down"}}]"#
        ),
        "a.test /* → 503 \"down\""
    );
    assert_eq!(
        answer(
            r#"[{"TYPE":"fixedresponse","fixedresponseconfig":{"CONTENTTYPE":"text/plain","HttpCode":404}}]"#
        ),
        "a.test /* → 404 \"\"",
        "types and keys count in any letter case"
    );
}

#[test]
fn fixed_responses_that_cannot_be_used() {
    let text = refused(r#"[{"type":"FixedResponse"}]"#, "web:use-annotation");
    assert!(text.contains("missing FixedResponseConfig"), "{text}");
    let text = refused(
        r#"[{"type":"FixedResponse","FixedResponseConfig":{"httpCode":"200"}}]"#,
        "web:use-annotation",
    );
    assert!(
        text.contains("FixedResponseConfig.contentType: missing FixedResponseConfig"),
        "{text}"
    );
    let text = refused(
        r#"[{"type":"FixedResponse","FixedResponseConfig":{"httpCode":"99","contentType":"text/plain"}}]"#,
        "web:use-annotation",
    );
    assert!(text.contains("\"99\" is no status"), "{text}");
}

#[test]
fn redirects() {
    assert_eq!(
        answer(
            r#"[{"type":"Redirect","RedirectConfig":{"host":"${host}","path":"/new${path}","port":"443","protocol":"HTTPS","query":"${query}","httpCode":"307"}}]"#
        ),
        "a.test /* → 307 https://-:443/new${path}?-"
    );
    assert_eq!(
        answer(r#"[{"type":"Redirect","RedirectConfig":{"host":"b.test"}}]"#),
        "a.test /* → 301 -://b.test:--?-",
        "the rest stays as the request has it"
    );
    let text = refused(
        r#"[{"type":"Redirect","RedirectConfig":{"httpCode":"200"}}]"#,
        "web:use-annotation",
    );
    assert!(text.contains("\"200\" is no redirect"), "{text}");
    let text = refused(
        r#"[{"type":"Redirect","RedirectConfig":{"protocol":"ftp"}}]"#,
        "web:use-annotation",
    );
    assert!(text.contains("\"ftp\" is no protocol"), "{text}");
}

#[test]
fn header_edits() {
    assert_eq!(
        edit(
            r#"[{"type":"InsertHeader","InsertHeaderConfig":{"key":"X-A","value":"1","valueType":"UserDefined","coverEnabled":true}},
                {"type":"InsertHeader","InsertHeaderConfig":{"key":"X-B","value":"X-A","valueType":"ReferenceHeader"}},
                {"type":"InsertHeader","InsertHeaderConfig":{"key":"X-C","value":"ClientSrcIp","valueType":"SystemDefined"}},
                {"type":"RemoveHeader","RemoveHeaderConfig":{"key":"X-D"}}]"#
        ),
        "a.test /* [insert x-a: \"1\"!] [insert x-b: Header(\"x-a\")] [insert x-c: ClientAddress] [remove x-d] → shop/web:80"
    );
}

#[test]
fn every_system_value_is_known() {
    for (written, known) in [
        ("ClientSrcPort", "ClientPort"),
        ("SLBId", "LoadBalancerId"),
        ("SLBPort", "ListenerPort"),
        ("Protocol", "ListenerProtocol"),
    ] {
        let actions = format!(
            r#"[{{"type":"InsertHeader","InsertHeaderConfig":{{"key":"x","value":"{written}","valueType":"SystemDefined"}}}}]"#
        );
        assert_eq!(edit(&actions), format!("a.test /* [insert x: {known}] → shop/web:80"));
    }
}

#[test]
fn header_edits_that_cannot_be_used() {
    for (config, text) in [
        (r#"{"key":"a b","value":"1"}"#, "\"a b\" is no header name"),
        (
            r#"{"key":"x","value":"Moon","valueType":"SystemDefined"}"#,
            "\"Moon\" is no system value",
        ),
        (r#"{"key":"x","value":"1","valueType":"Guessed"}"#, "\"Guessed\" is no value type"),
        (r#"{"key":"x","value":"a b","valueType":"ReferenceHeader"}"#, "\"a b\" is no header name"),
        (
            r#"{"key":"x","value":"1","coverEnabled":"yes"}"#,
            "json: cannot unmarshal string into Go struct field InsertHeaderConfig.InsertHeaderConfig.CoverEnabled of type bool",
        ),
    ] {
        let actions = format!(r#"[{{"type":"InsertHeader","InsertHeaderConfig":{config}}}]"#);
        let verdict = refused(&actions, "web:80");
        assert!(verdict.contains(text), "{verdict}");
    }
}

#[test]
fn rewrites() {
    assert_eq!(
        edit(
            r#"[{"type":"Rewrite","RewriteConfig":{"host":"b.test","path":"/z","query":"${query}"}}]"#
        ),
        "a.test /* [rewrite b.test /z -] → shop/web:80"
    );
}

#[test]
fn forward_groups_with_weights() {
    let groups = r#"[{"type":"ForwardGroup","ForwardConfig":{"ServerGroups":[
        {"ServiceName":"web","ServicePort":80,"Weight":80},
        {"ServiceName":"api","ServicePort":"80","Weight":"20"}]}}]"#;
    assert_eq!(answer(groups), "a.test /* → shop/web:80*80 + shop/api:80*20");
    let one = r#"[{"type":"ForwardGroup","ForwardConfig":{"ServerGroups":[{"ServiceName":"api","ServicePort":80}]}}]"#;
    assert_eq!(answer(one), "a.test /* → shop/api:80");
}

#[test]
fn forward_groups_that_cannot_be_used() {
    for (servers, text) in [
        ("[]", "ForwardGroup names no Service"),
        (r#"[{"ServiceName":"web"}]"#, "ServiceName and ServicePort are both needed"),
        (
            r#"[{"ServiceName":"web","ServicePort":80,"Weight":101}]"#,
            "a weight is a whole number from 0 to 100",
        ),
    ] {
        let actions =
            format!(r#"[{{"type":"ForwardGroup","ForwardConfig":{{"ServerGroups":{servers}}}}}]"#);
        let verdict = refused(&actions, "web:use-annotation");
        assert!(verdict.contains(text), "{verdict}");
    }
}

#[test]
fn sticky_groups_and_server_group_ids_are_not_honoured() {
    let actions = r#"[{"type":"ForwardGroup","ForwardConfig":{"ServerGroupStickySession":{"Enabled":true,"Timeout":100},"ServerGroups":[{"ServiceName":"web","ServicePort":80,"Weight":1},{"ServerGroupID":"sgp-1","Weight":1}]}}]"#;
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:use-annotation"));
    let mut scene = Scene::edge().with(&ingress("shop/web", &[("actions.web", actions)], &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* → shop/web:80"]);
    let verdicts = verdicts(&claims).join("\n");
    assert!(verdicts.contains("sticky sessions have no effect"), "{verdicts}");
    assert!(verdicts.contains("server group sgp-1 cannot be reached"), "{verdicts}");
}

#[test]
fn limits_and_cors() {
    assert_eq!(
        edit(
            r#"[{"type":"TrafficLimit","TrafficLimitConfig":{"QPS":"100","QPSPerIp":"10"}},
                {"type":"Cors","CorsConfig":{"AllowCredentials":"off","MaxAge":"600","AllowOrigin":["https://a.test"],"AllowMethods":["GET"]}}]"#
        ),
        "a.test /* [limit Some(100) Some(10)] [cors https://a.test 600] → shop/web:80"
    );
    let text = refused(r#"[{"type":"TrafficLimit","TrafficLimitConfig":{}}]"#, "web:80");
    assert!(text.contains("invalid parameter for qps limit"), "{text}");
    let text = refused(r#"[{"type":"Cors","CorsConfig":{"MaxAge":"9999999"}}]"#, "web:80");
    assert!(text.contains("use seconds from -1 to 172800"), "{text}");
}

#[test]
fn mirroring_is_not_honoured_and_the_rest_is() {
    let actions =
        r#"[{"type":"TrafficMirror","TrafficMirrorConfig":{"TargetType":"ForwardGroupMirror"}}]"#;
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:80"));
    let mut scene = Scene::edge().with(&ingress("shop/web", &[("actions.web", actions)], &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["a.test /* → shop/web:80"]);
    let verdict = only_verdict(&claims);
    assert!(verdict.starts_with("Warning NotHonoured Ingress shop/web metadata.annotations[\"alb.ingress.kubernetes.io/actions.web\"][0]: TrafficMirror"), "{verdict}");
}

#[test]
fn one_thing_only_can_answer() {
    let two = r#"[{"type":"FixedResponse","FixedResponseConfig":{"contentType":"text/plain"}},{"type":"Redirect","RedirectConfig":{}}]"#;
    let text = refused(two, "web:use-annotation");
    assert!(text.contains("multi finalType action find: [FixedResponse Redirect]"), "{text}");
    let one = r#"[{"type":"FixedResponse","FixedResponseConfig":{"contentType":"text/plain"}}]"#;
    let text = refused(one, "web:80");
    assert!(text.contains("multi finalType action find: [FixedResponse ForwardGroup]"), "{text}");
}

#[test]
fn use_annotation_needs_an_action_that_answers() {
    let text = refused(
        r#"[{"type":"RemoveHeader","RemoveHeaderConfig":{"key":"x"}}]"#,
        "web:use-annotation",
    );
    assert!(
        text.contains("port use-annotation needs an action that answers: add actions.web"),
        "{text}"
    );
}

#[test]
fn json_that_cannot_be_used() {
    let text = refused("{", "web:80");
    assert!(text.contains("metadata.annotations[\"alb.ingress.kubernetes.io/actions.web\"]: actions.web is no JSON list"), "{text}");
    let text = refused(r#"[{"type":"FixedRespons"}]"#, "web:80");
    assert!(
        text.contains(
            "readAction Failed(unknown action type): FixedRespons; did you mean FixedResponse?"
        ),
        "{text}"
    );
}

#[test]
fn a_response_rule_edits_responses_beside_the_request_rules() {
    let annotations = [
        ("rule-direction.web", "Response"),
        (
            "conditions.web",
            r#"[{"type":"ResponseStatusCode","responseStatusCodeConfig":{"values":["404"]}},{"type":"ResponseHeader","headerConfig":{"key":"x","values":["1"]}}]"#,
        ),
        (
            "actions.web",
            r#"[{"type":"InsertHeader","InsertHeaderConfig":{"key":"y","value":"2"}}]"#,
        ),
    ];
    let spec = format!(
        "rules: [{}, {}]",
        rule("a.test", "/", "web:use-annotation"),
        rule("a.test", "/", "api:80")
    );
    let mut scene = Scene::edge().with(&ingress("shop/web", &annotations, &spec));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    assert_eq!(
        rules(&claims, 80),
        ["response a.test /* x:1 404 [insert y: \"2\"] → ", "a.test /* → shop/api:80"]
    );
}

#[test]
fn a_response_rule_only_edits_headers() {
    let actions = r#"[{"type":"RemoveHeader","RemoveHeaderConfig":{"key":"x"}},{"type":"Rewrite","RewriteConfig":{"path":"/z"}},{"type":"FixedResponse","FixedResponseConfig":{"contentType":"text/plain"}}]"#;
    let annotations = [("rule-direction.web", "Response"), ("actions.web", actions)];
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:use-annotation"));
    let mut scene = Scene::edge().with(&ingress("shop/web", &annotations, &spec));
    let claims = scene.claims();
    assert_eq!(rules(&claims, 80), ["response a.test /* [remove x] → "]);
    let verdict = only_verdict(&claims);
    assert!(verdict.starts_with("Warning NotHonoured"), "{verdict}");
    assert!(verdict.contains("a response rule only edits headers"), "{verdict}");
}

#[test]
fn what_is_wrong_with_a_service_is_said_once_for_all_its_rules() {
    let spec =
        format!("rules: [{}, {}]", rule("a.test", "/", "web:80"), rule("b.test", "/", "web:80"));
    for (key, value) in [("actions.web", "{"), ("conditions.web", "{")] {
        let mut scene = Scene::edge().with(&ingress("shop/web", &[(key, value)], &spec));
        let claims = scene.claims();
        assert_eq!(rules(&claims, 80), [""; 0]);
        assert!(only_verdict(&claims).starts_with("Rejected InvalidAnnotation"));
    }
}

#[test]
fn directions_that_cannot_be_used() {
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:80"));
    let verdict = only_verdict(
        &Scene::edge()
            .with(&ingress("shop/web", &[("rule-direction.web", "Both")], &spec))
            .claims(),
    );
    assert!(verdict.contains("readDirection Failed(unknown direction type): Both"), "{verdict}");
}

#[test]
fn keys_of_services_that_no_rule_has_are_told() {
    let spec = format!("rules: [{}]", rule("a.test", "/", "web:80"));
    for family in ["actions", "conditions", "rule-direction"] {
        let key = format!("{family}.webb");
        let mut scene = Scene::edge().with(&ingress("shop/web", &[(&key, "[]")], &spec));
        let verdict = only_verdict(&scene.claims());
        assert!(verdict.contains(&format!("{key} has no effect: no rule of this Ingress has a backend Service webb; did you mean web?")), "{verdict}");
    }
}
