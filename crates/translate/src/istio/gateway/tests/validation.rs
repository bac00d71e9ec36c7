//! Gateways, ports, hosts: what Istio refuses is refused, and no more than that is lost.

use model::Name;

use super::*;
use crate::{claim::OnDelete, istio::gateway::Kind};

#[test]
fn a_name_is_one_label() {
    let server = format!("{{servers: [{{{HTTP}}}]}}");
    for name in ["a.b", "Web", "-web", "\"\""] {
        let plan = named(name, &server);
        assert_eq!(plan.servers.len(), 0, "{name}");
        assert!(said(&plan)[0].starts_with("!metadata.name: "), "{name}: {:?}", said(&plan));
    }
    assert_eq!(said(&named("web-1", &server)), [""; 0]);
}

#[test]
fn there_are_servers() {
    for spec in ["{}", "{servers: []}", "null", "{servers: null}"] {
        assert_eq!(said(&gateway(spec)), ["!spec.servers: write at least one server"], "{spec}");
    }
    assert!(said(&gateway("{servers: [null]}"))[0].starts_with("!spec.servers: json: cannot"));
    assert!(said(&gateway("[]"))[0].starts_with("!spec: json: cannot unmarshal array"));
}

#[test]
fn every_server_has_a_port() {
    refused("{hosts: [a.test]}", ".port", "no port");
    let port = |port: &str| format!("{{hosts: [a.test], port: {{{port}}}}}");
    for number in ["0", "65536", "-1"] {
        let text = format!("number: {number}, name: http, protocol: HTTP");
        refused(&port(&text), ".port.number", "from 1 to 65535");
    }
    refused(&port("number: \"80\", name: http, protocol: HTTP"), ".port.number", "type int");
    refused(&port("name: http, protocol: HTTP"), ".port.number", "no number");
    for unnamed in ["", ", name: ''", ", name: null"] {
        let text = format!("number: 80, protocol: HTTP{unnamed}");
        refused(&port(&text), ".port.name", "no name");
    }
    refused(&port("number: 80, name: http"), ".port.protocol", "no protocol");
    refused(&port("number: 80, name: h, protocol: HTPS"), ".port.protocol", "did you mean HTTPS?");
    refused(&port("number: 80, name: h, protocol: QUIC"), ".port.protocol", "write HTTP");
    let target = "number: 80, name: h, protocol: HTTP, targetPort: 8080";
    refused(&port(target), ".port.targetPort", "no meaning");
}

#[test]
fn every_protocol_comes_to_something() {
    let server = |protocol: &str| {
        format!("{{hosts: [a.test], port: {{number: 80, name: p, protocol: {protocol}}}}}")
    };
    for protocol in ["HTTP", "http", "HTTP2", "GRPC"] {
        let plan = served(&server(protocol), &[]);
        assert!(matches!(plan.servers[0].kind, Kind::Http), "{protocol}");
    }
    served(&server("GRPC-WEB"), &["passed on as HTTP"]);
    assert!(matches!(served(&server("TCP"), &[]).servers[0].kind, Kind::Tcp));
    for protocol in ["MONGO", "REDIS", "MYSQL"] {
        let plan = served(&server(protocol), &["passed on as TCP"]);
        assert!(matches!(plan.servers[0].kind, Kind::Tcp), "{protocol}");
    }
}

#[test]
fn port_names_are_unique_in_their_gateway() {
    let plan = servers(&[
        "{port: {number: 80, name: web, protocol: HTTP}, hosts: [a.test]}",
        "{port: {number: 81, name: web, protocol: HTTP}, hosts: [b.test]}",
    ]);
    assert_eq!(plan.servers.len(), 1);
    assert_eq!(
        said(&plan),
        [
            "spec.servers[1].port.name: another server's port is called web as well: give each its own name; this server is not served until then"
        ]
    );
}

#[test]
fn the_same_server_name_twice_is_only_warned_of() {
    let plan = servers(&[
        "{name: a, port: {number: 80, name: web, protocol: HTTP}, hosts: [a.test]}",
        "{name: a, port: {number: 81, name: more, protocol: HTTP}, hosts: [b.test]}",
    ]);
    assert_eq!(plan.servers.len(), 2);
    assert!(said(&plan)[0].starts_with("spec.servers[1].name: another server is called a"));
}

#[test]
fn a_server_binds_to_an_address() {
    let server = |bind: &str| format!("{{{HTTP}, bind: {bind}}}");
    let bind = |text: &str| served(&server(text), &[]).servers[0].bind.unwrap().to_string();
    assert_eq!(bind("10.0.0.1"), "10.0.0.1");
    assert_eq!(bind("\"::1\""), "::1");
    refused(&server("gateway.test"), ".bind", "no IP address");
    refused(&server("unix:///run/web.sock"), ".bind", "a Unix socket is not served");
}

fn hosts(written: &str) -> Vec<String> {
    let server = format!("{{port: {{number: 80, name: h, protocol: HTTP}}, hosts: {written}}}");
    let plan = served(&server, &[]);
    let shown = plan.servers[0].hosts.iter().map(|host| {
        let namespace = host.namespace.as_deref().unwrap_or("any");
        format!("{namespace} {}", host.name.as_ref().map_or("any", Name::as_str))
    });
    shown.collect()
}

#[test]
fn hosts_say_whose_virtual_services_may_use_them() {
    assert_eq!(hosts("[a.test]"), ["any a.test"]);
    assert_eq!(hosts("['*.A.test']"), ["any *.a.test"]);
    assert_eq!(hosts("['*']"), ["any any"]);
    assert_eq!(hosts("['./a.test']"), ["edge a.test"]);
    assert_eq!(hosts("['*/a.test']"), ["any a.test"]);
    assert_eq!(hosts("[shop/*]"), ["shop any"]);
    assert_eq!(hosts("[10.0.0.1]"), ["any 10.0.0.1"]);
    assert_eq!(hosts("[shop/a.test, '*/*']"), ["any any"], "takes the whole server");
}

#[test]
fn bad_hosts_refuse_their_server() {
    let server =
        |host: &str| format!("{{port: {{number: 80, name: h, protocol: HTTP}}, hosts: [{host}]}}");
    refused("{port: {number: 80, name: h, protocol: HTTP}}", ".hosts", "no host");
    refused(&server(""), ".hosts", "no host");
    refused(&server("short"), ".hosts[0]", "short names are not allowed");
    refused(&server("'a.*.test'"), ".hosts[0]", "first label");
    refused(&server("'Shop_1/a.test'"), ".hosts[0]", "no namespace");
    refused(&server("a/b/c.test"), ".hosts[0]", "not a DNS label");
    refused(&server("'2001:db8::1'"), ".hosts[0]", "IPv6");
    refused(&server("'*/'"), ".hosts[0]", "empty");
    refused(&server("5"), ".hosts", "json: cannot unmarshal number");
}

#[test]
fn a_bad_server_loses_only_itself() {
    let plan = servers(&[&format!("{{{HTTP}}}"), &format!("{{{HTTPS}}}")]);
    assert_eq!(plan.servers.len(), 1);
    assert_eq!(
        said(&plan),
        [
            "spec.servers[1].tls: HTTPS and TLS need tls: write tls.mode and tls.credentialName; this server is not served until then"
        ]
    );
}

#[test]
fn a_selector_that_cannot_be_read_is_none_that_fits_all() {
    for selector in ["[istio]", "{istio: 1}", "ingress"] {
        let plan = gateway(&format!("{{selector: {selector}, servers: [{{{HTTP}}}]}}"));
        assert_eq!(plan.servers.len(), 0, "{selector}");
        assert!(said(&plan)[0].starts_with("!spec.selector: no map of labels"), "{selector}");
    }
}

#[test]
fn a_selector_is_compared_with_the_workload() {
    let plan = gateway(&format!("{{selector: {{istio: ingress, a: b}}, servers: [{{{HTTP}}}]}}"));
    let labels = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    assert!(plan.is_for(None));
    assert!(plan.is_for(Some(&labels(&[("istio", "ingress"), ("a", "b"), ("c", "d")]))));
    assert!(!plan.is_for(Some(&labels(&[("istio", "ingress")]))));
    assert!(!plan.is_for(Some(&labels(&[("istio", "egress"), ("a", "b")]))));
    assert!(gateway(&format!("{{servers: [{{{HTTP}}}]}}")).is_for(Some(&labels(&[]))));
}

#[test]
fn unknown_fields_are_told_with_what_was_meant() {
    let server = format!(
        "{{{HTTPS}, tlss: {{}}, tls: {{mode: SIMPLE, credentialName: web, CredentialNames: [a]}}}}"
    );
    let plan = gateway(&format!("{{servers: [{server}], Selector: {{istio: a}}}}"));
    assert_eq!(
        said(&plan),
        [
            "spec.Selector: Selector is no known key here; did you mean selector?",
            "spec.servers[0].tls.CredentialNames: CredentialNames is no known key here; did you mean credentialNames?",
            "spec.servers[0].tlss: tlss is no known key here; did you mean tls?",
        ]
    );
    assert_eq!(plan.selector.len(), 0);
    assert_eq!(plan.servers.len(), 1);
}

#[test]
fn annotations_name_an_issuer_and_a_policy() {
    let with = |annotation: &str| {
        read(&format!(
            "{{kind: Gateway, metadata: {{name: web, namespace: edge, annotations: {{{annotation}}}}}, spec: {{servers: [{{{HTTP}}}]}}}}"
        ))
    };
    assert_eq!(with("doorward.dev/issuer: local").issuer.as_deref(), Some("local"));
    assert_eq!(with("cert-manager.io/issuer: acme").issuer.as_deref(), Some("acme"));
    let withdraw = with("doorward.dev/on-delete: withdraw");
    assert_eq!((withdraw.on_delete, said(&withdraw).len()), (Some(OnDelete::Withdraw), 0));
    let keep = with("doorward.dev/on-delete: keep-last-good");
    assert_eq!(keep.on_delete, Some(OnDelete::KeepLastGood));
    let bad = with("doorward.dev/on-delete: withdrow");
    assert_eq!((bad.on_delete, bad.servers.len()), (None, 1));
    let [only] = <[String; 1]>::try_from(said(&bad)).unwrap();
    assert!(only.starts_with("metadata.annotations[\"doorward.dev/on-delete\"]: "), "{only}");
    assert!(only.ends_with("did you mean withdraw?"), "{only}");
}
