//! From Services to endpoints.

use model::{Action, Endpoint};

use crate::dialect::scene::{Scene, ingress, listener, only_verdict, rule, verdicts};

fn slice(name: &str, service: &str, endpoints: &str, ports: &str) -> String {
    format!(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: {name}, namespace: shop, labels: {{kubernetes.io/service-name: {service}}}}}, addressType: IPv4, endpoints: [{endpoints}], ports: [{ports}]}}"
    )
}

fn endpoints_object(service: &str, subsets: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Endpoints, metadata: {{name: {service}, namespace: shop}}, subsets: [{subsets}]}}"
    )
}

fn service(ports: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: many, namespace: shop}}, spec: {{ports: [{ports}]}}}}"
    )
}

/// An Ingress with one rule for `backend`.
fn scene(backend: &str) -> Scene {
    let spec = format!("rules: [{}]", rule("a.test", "/", backend));
    Scene::edge().with(&ingress("shop/web", &[], &spec))
}

fn endpoints(scene: &mut Scene) -> Vec<String> {
    let claims = scene.claims();
    let Action::Forward(targets) = &listener(&claims, 80).rules[0].action else { panic!() };
    targets[0].backend.endpoints.iter().map(Endpoint::to_string).collect()
}

const TWO_PORTS: &str =
    "{name: http, port: 80, targetPort: 8080}, {name: admin, port: 81, targetPort: 9090}";

#[test]
fn slices_are_matched_by_port_name() {
    let ports = "{name: http, port: 8080}, {name: admin, port: 9090}";
    for (backend, port) in [("many:80", 8080), ("many:http", 8080), ("many:81", 9090)] {
        let mut scene = scene(backend)
            .with(&service(TWO_PORTS))
            .with(&slice("s1", "many", "{addresses: [10.0.0.2, 10.0.0.1]}", ports))
            .with(&slice("s2", "many", "{addresses: [10.0.0.3]}, {addresses: [10.0.0.1]}", ports))
            .with(&slice("s3", "other", "{addresses: [10.0.0.9]}", ports));
        let expected: Vec<String> = (1..4).map(|n| format!("10.0.0.{n}:{port}")).collect();
        assert_eq!(endpoints(&mut scene), expected, "{backend}: sorted and each once");
    }
}

#[test]
fn only_endpoints_that_are_not_known_to_be_unready_count() {
    let written = "{addresses: [10.0.0.1], conditions: {ready: false}}, {addresses: [10.0.0.2], conditions: {ready: true}}, {addresses: [10.0.0.3], conditions: {}}";
    let mut scene = scene("web:80").with(&slice("s", "web", written, "{port: 8080}"));
    assert_eq!(endpoints(&mut scene), ["10.0.0.2:8080", "10.0.0.3:8080"]);
}

#[test]
fn a_single_port_needs_no_name() {
    let mut scene = scene("web:80").with(&slice(
        "s",
        "web",
        "{addresses: [10.0.0.1]}",
        "{name: x, port: 8080}",
    ));
    assert_eq!(endpoints(&mut scene), ["10.0.0.1:8080"]);
}

#[test]
fn a_slice_port_without_number_is_the_target_port() {
    let mut scene = scene("many:80").with(&service("{port: 80, targetPort: 8080}")).with(&slice(
        "s",
        "many",
        "{addresses: [10.0.0.1]}",
        "{name: ''}",
    ));
    assert_eq!(endpoints(&mut scene), ["10.0.0.1:8080"]);
}

#[test]
fn ipv6_endpoints() {
    let mut scene =
        scene("web:80").with(&slice("s", "web", "{addresses: ['2001:db8::1']}", "{port: 8080}"));
    assert_eq!(endpoints(&mut scene), ["[2001:db8::1]:8080"]);
}

#[test]
fn endpoints_objects_stand_in_where_there_is_no_slice() {
    let subset =
        "{addresses: [{ip: 10.1.0.1}], notReadyAddresses: [{ip: 10.1.0.2}], ports: [{port: 8080}]}";
    let mut scene = scene("web:80").with(&endpoints_object("web", subset));
    assert_eq!(endpoints(&mut scene), ["10.1.0.1:8080"]);
    let mut scene = scene.with(&slice("s", "web", "{addresses: [10.0.0.1]}", "{port: 8080}"));
    assert_eq!(endpoints(&mut scene), ["10.0.0.1:8080"]);
}

#[test]
fn external_names() {
    let external = "{apiVersion: v1, kind: Service, metadata: {name: out, namespace: shop}, spec: {type: ExternalName, externalName: api.example.com}}";
    assert_eq!(endpoints(&mut scene("out:8443").with(external)), ["api.example.com:8443"]);
    let verdict = only_verdict(&scene("out:https").with(external).claims());
    assert!(verdict.contains("is an ExternalName without a port https"), "{verdict}");
}

#[test]
fn no_endpoints_is_no_fault() {
    let mut scene = scene("web:80");
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    assert_eq!(endpoints(&mut scene), [""; 0]);
}

#[test]
fn a_change_of_endpoints_reaches_the_rules() {
    let mut scene =
        scene("web:80").with(&slice("s", "web", "{addresses: [10.0.0.1]}", "{port: 8080}"));
    assert_eq!(endpoints(&mut scene), ["10.0.0.1:8080"]);
    let mut scene = scene.with(&slice("s", "web", "{addresses: [10.0.0.2]}", "{port: 8080}"));
    assert_eq!(endpoints(&mut scene), ["10.0.0.2:8080"]);
    let mut scene = scene.with(&slice("s", "api", "{addresses: [10.0.0.2]}", "{port: 8080}"));
    assert_eq!(endpoints(&mut scene), [""; 0], "the slice is another Service's now");
}
