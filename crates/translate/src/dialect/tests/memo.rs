//! A run with a memo comes to what a run without comes to, whatever happened before.

use proptest::prelude::*;

use super::super::scene::{Scene, alb_config, ingress, ingress_of, rule, service};
use crate::dialect::{self, Claims, Memo};

/// One change of the World.
#[derive(Clone, Debug)]
enum Change {
    Ingress { name: u8, variant: u8 },
    NoIngress { name: u8 },
    Service { name: u8, port: u16 },
    NoService { name: u8 },
    Slice { name: u8, service: u8, address: u8 },
    NoSlice { name: u8 },
    Endpoints { service: u8, address: u8 },
    Config { variant: u8 },
    Class { alb: bool },
    Gateway { name: u8, variant: u8 },
    NoGateway { name: u8 },
    VirtualService { name: u8, variant: u8 },
    NoVirtualService { name: u8 },
    Nothing,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0..4u8, 0..8u8).prop_map(|(name, variant)| Change::Ingress { name, variant }),
        1 => (0..4u8).prop_map(|name| Change::NoIngress { name }),
        2 => (0..3u8, 80..82u16).prop_map(|(name, port)| Change::Service { name, port }),
        1 => (0..3u8).prop_map(|name| Change::NoService { name }),
        3 => (0..4u8, 0..3u8, 1..9u8)
            .prop_map(|(name, service, address)| Change::Slice { name, service, address }),
        1 => (0..4u8).prop_map(|name| Change::NoSlice { name }),
        1 => (0..3u8, 1..9u8).prop_map(|(service, address)| Change::Endpoints { service, address }),
        1 => (0..4u8).prop_map(|variant| Change::Config { variant }),
        1 => any::<bool>().prop_map(|alb| Change::Class { alb }),
        2 => (0..3u8, 0..6u8).prop_map(|(name, variant)| Change::Gateway { name, variant }),
        1 => (0..3u8).prop_map(|name| Change::NoGateway { name }),
        2 => (0..3u8, 0..5u8).prop_map(|(name, variant)| Change::VirtualService { name, variant }),
        1 => (0..3u8).prop_map(|name| Change::NoVirtualService { name }),
        1 => Just(Change::Nothing),
    ]
}

fn apply(scene: &mut Scene, change: &Change) {
    let mut delete = |kind: &str, name: String| {
        let world = &mut scene.source.world;
        let key = crate::world::Key::new("shop", &name);
        match kind {
            "Ingress" => drop(world.ingresses.remove(&key)),
            "Service" => drop(world.services.remove(&key)),
            "Gateway" => drop(world.gateways.remove(&key)),
            "VirtualService" => drop(world.virtual_services.remove(&key)),
            _ => drop(world.endpoint_slices.remove(&key)),
        }
    };
    let text = match change {
        Change::NoIngress { name } => return delete("Ingress", format!("i{name}")),
        Change::NoService { name } => return delete("Service", format!("s{name}")),
        Change::NoSlice { name } => return delete("EndpointSlice", format!("e{name}")),
        Change::NoGateway { name } => return delete("Gateway", format!("g{name}")),
        Change::NoVirtualService { name } => return delete("VirtualService", format!("v{name}")),
        Change::Nothing => return,
        Change::Gateway { name, variant } => some_gateway(*name, *variant),
        Change::VirtualService { name, variant } => some_virtual_service(*name, *variant),
        Change::Ingress { name, variant } => some_ingress(*name, *variant),
        Change::Service { name, port } => service(&format!("shop/s{name}"), *port),
        Change::Slice { name, service, address } => format!(
            "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: e{name}, namespace: shop, labels: {{kubernetes.io/service-name: s{service}}}}}, addressType: IPv4, endpoints: [{{addresses: [10.0.0.{address}]}}], ports: [{{port: 8080}}]}}"
        ),
        Change::Endpoints { service, address } => format!(
            "{{apiVersion: v1, kind: Endpoints, metadata: {{name: s{service}, namespace: shop}}, subsets: [{{addresses: [{{ip: 10.1.0.{address}}}], ports: [{{port: 8080}}]}}]}}"
        ),
        Change::Config { variant } => alb_config(
            "edge-lb",
            match variant {
                0 => "{config: {}, listeners: [{port: 80, protocol: HTTP}]}",
                1 => {
                    "{config: {}, listeners: [{port: 80, protocol: HTTP}, {port: 443, protocol: HTTPS}]}"
                }
                2 => "{config: {}, listeners: [{port: 80, protocol: HTTP, gzipEnabled: \"yes\"}]}",
                _ => "{listeners: [{port: 443, protocol: HTTPS}]}",
            },
        ),
        Change::Class { alb } => {
            let controller =
                if *alb { "ingress.k8s.alibabacloud/alb" } else { "doorward.dev/ingress" };
            format!(
                "{{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {{name: edge}}, spec: {{controller: {controller}, parameters: {{kind: AlbConfig, name: edge-lb}}}}}}"
            )
        }
    };
    scene.source.apply(&text);
}

fn some_ingress(name: u8, variant: u8) -> String {
    let full = format!("shop/i{name}");
    let rules = |path: &str, backend: &str| format!("rules: [{}]", rule("a.test", path, backend));
    match variant {
        0 => ingress(&full, &[], &rules("/", "s0:80")),
        1 => ingress(&full, &[("order", "3")], &rules("/x", "s1:81")),
        2 => ingress(&full, &[("canary", "true"), ("canary-weight", "20")], &rules("/", "s2:80")),
        3 => {
            ingress(&full, &[("canary", "true"), ("canary-by-cookie", "c")], &rules("/x", "s2:80"))
        }
        4 => ingress(
            &full,
            &[("ssl-redirect", "true")],
            &format!("tls: [{{hosts: [a.test]}}], {}", rules("/", "s1:80")),
        ),
        5 => ingress(&full, &[("order", "0")], &rules("/", "s0:80")),
        6 => ingress(
            &full,
            &[(
                "actions.s0",
                "[{\"type\":\"ForwardGroup\",\"ForwardConfig\":{\"ServerGroups\":[{\"ServiceName\":\"s1\",\"ServicePort\":80,\"Weight\":1},{\"ServiceName\":\"s2\",\"ServicePort\":80,\"Weight\":3}]}}]",
            )],
            &rules("/", "s0:use-annotation"),
        ),
        _ => ingress_of("nobody", &full, &[], &rules("/", "s0:80")),
    }
}

fn some_gateway(name: u8, variant: u8) -> String {
    let server = match variant {
        0 => "port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']",
        1 => {
            "port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.test], tls: {mode: SIMPLE, credentialName: web}"
        }
        2 => {
            "port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*.test'], tls: {mode: MUTUAL, credentialName: web}"
        }
        3 => {
            "port: {number: 443, name: tls, protocol: TLS}, hosts: [b.test], tls: {mode: PASSTHROUGH}"
        }
        4 => "port: {number: 9000, name: tcp, protocol: TCP}, hosts: ['*']",
        _ => "port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.test]",
    };
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {{name: g{name}, namespace: shop}}, spec: {{servers: [{{{server}}}]}}}}"
    )
}

fn some_virtual_service(name: u8, variant: u8) -> String {
    let spec = match variant {
        0 => "hosts: [a.test], gateways: [g0], http: [{route: [{destination: {host: s0}}]}]",
        1 => "hosts: ['*'], gateways: [g0, g1], http: [{route: [{destination: {host: s1}}]}]",
        2 => {
            "hosts: [b.test], gateways: [g1], tls: [{match: [{sniHosts: [b.test]}], route: [{destination: {host: s0}}]}]"
        }
        3 => "hosts: ['*'], gateways: [g2], tcp: [{route: [{destination: {host: s2}}]}]",
        _ => "hosts: [a.test], gateways: [nobody], http: [{redirect: {uri: /x}}]",
    };
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: v{name}, namespace: shop}}, spec: {{{spec}}}}}"
    )
}

fn text(claims: &Claims) -> String {
    format!("{claims:#?}")
}

proptest! {
    #[test]
    fn the_memo_changes_no_answer(changes in prop::collection::vec(change(), 1..24)) {
        let mut scene = Scene::edge();
        for change in &changes {
            apply(&mut scene, change);
            let memory = scene.memory.clone();
            let with = scene.claims();
            let without =
                dialect::claims(&scene.source.world, &crate::Settings::default(), &memory, &mut Memo::default());
            prop_assert_eq!(text(&with), text(&without), "after {:?}", change);
        }
    }
}

#[test]
fn an_unchanged_world_hands_out_the_same_rules() {
    let mut scene = Scene::edge().with(&some_ingress(0, 0));
    let (first, second) = (scene.claims(), scene.claims());
    let rule = |claims: &Claims| claims.load_balancers[0].listeners[0].rules[0].clone();
    assert!(std::sync::Arc::ptr_eq(&rule(&first), &rule(&second)));
}
