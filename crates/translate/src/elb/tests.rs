//! What golden cases cannot say well: positions in text, and headers that rules add.

use model::{Filter, HeaderSource};

use crate::dialect::scene::{Scene, ingress_of, only_verdict, rule, verdicts};

/// A Service with these annotations under the dialect's prefix.
fn service(annotations: &[(&str, &str)]) -> String {
    let text = annotations.iter().map(|(name, value)| {
        format!("    kubernetes.io/elb.{name}: {}\n", serde_json::to_string(value).unwrap())
    });
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: front\n  namespace: web\n  annotations:\n{}spec: {{type: LoadBalancer, ports: [{{port: 80}}]}}\n",
        text.collect::<String>()
    )
}

fn autocreate(text: &str) -> String {
    let service = service(&[("protocol-port", "http:80"), ("autocreate", text)]);
    only_verdict(&Scene::default().with(&service).claims())
}

#[test]
fn broken_json_is_named_by_line_and_column() {
    let verdict = autocreate("{\"name\": \"a\",\n \"type\" \"public\"}");
    assert!(verdict.contains("line 2 column 8 of the value: expected `:`"), "{verdict}");
}

#[test]
fn the_vendors_lost_quote_is_known_on_any_line() {
    let verdict = autocreate(
        "{\"bandwidth_name\": \"bw\",\n\"bandwidth_chargemode\":\"traffic,\"bandwidth_size\":5}",
    );
    assert!(verdict.contains("a quote is missing after traffic"), "{verdict}");
}

#[test]
fn a_text_that_its_line_does_not_close_is_named_by_that_line() {
    let verdict = autocreate(
        "{\"name\": \"lb\",\n\"bandwidth_chargemode\": \"traffic,\n\"bandwidth_size\": 5}",
    );
    assert!(verdict.contains("a quote is missing in line 2: close its text"), "{verdict}");
}

#[test]
fn an_empty_text_before_a_stray_word_is_no_lost_quote() {
    let verdict = autocreate("{\"a\":\",\"b\":5}");
    assert!(!verdict.contains("a quote is missing"), "{verdict}");
}

#[test]
fn text_beyond_ascii_breaks_nothing() {
    let verdict = autocreate("{\"name\": \"ü,\"ö\": 1}");
    assert!(verdict.contains("no JSON, line 1"), "{verdict}");
}

#[test]
fn the_clients_port_is_a_header_of_every_rule() {
    let port = [
        ("kubernetes.io/elb.class", "performance"),
        ("kubernetes.io/elb.id", "L"),
        ("kubernetes.io/elb.x-forwarded-for-port", "true"),
    ];
    let mut scene = Scene::plain().with(&ingress_of(
        "cce",
        "shop/one",
        &port,
        &format!("rules: [{}]", rule("a.test", "/", "web:80")),
    ));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    let listener =
        &claims.load_balancers.iter().find(|one| &*one.name == "L").unwrap().listeners[0];
    let [Filter::InsertHeader { name, value: HeaderSource::ClientPort, overwrite: true }] =
        listener.rules[0].filters.as_slice()
    else {
        panic!("{:?}", listener.rules[0].filters);
    };
    assert_eq!(name, "x-forwarded-for-port");
}

#[test]
fn every_policy_of_the_vendor_is_known() {
    for policy in [
        "tls-1-0-inherit",
        "tls-1-0",
        "tls-1-1",
        "tls-1-2",
        "tls-1-2-strict",
        "tls-1-0-with-1-3",
        "tls-1-2-fs",
        "tls-1-2-fs-with-1-3",
        "hybrid-policy-1-0",
    ] {
        let service = service(&[
            ("id", "L"),
            ("protocol-port", "https:80"),
            ("cert-id", "c0"),
            ("tls-ciphers-policy", policy),
        ]);
        let found = verdicts(&Scene::default().with(&service).claims());
        assert!(found.iter().all(|verdict| !verdict.contains("is not known here")), "{found:?}");
    }
}
