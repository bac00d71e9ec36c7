//! Who came first where objects were made in one second.

use std::sync::Arc;

use model::ListenerKey;
use proptest::prelude::*;

use super::{Facts, Source, at};
use crate::{Memory, Settings, Translator, World, translate, world::Objects};

/// Nobody is older than anybody, and everybody wants what somebody else has.
const RIVALS: &[&str] = &[
    "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: web, annotations: {kubernetes.io/elb.id: L, kubernetes.io/elb.protocol-port: \"http:80\"}}, spec: {type: LoadBalancer, ports: [{port: 80}]}}",
    "{apiVersion: v1, kind: Service, metadata: {name: d, namespace: web, annotations: {kubernetes.io/elb.id: L, kubernetes.io/elb.protocol-port: \"http:80,http:81\"}}, spec: {type: LoadBalancer, ports: [{port: 80}, {port: 81}]}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: b, namespace: web, annotations: {kubernetes.io/elb.id: L}}, spec: {ingressClassName: cce}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: z, namespace: shop, annotations: {kubernetes.io/elb.id: L, kubernetes.io/elb.port: \"443\", kubernetes.io/elb.tls-certificate-ids: c0, kubernetes.io/elb.ingress-order: \"7\"}}, spec: {ingressClassName: cce}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: c, namespace: web, annotations: {kubernetes.io/elb.id: L, kubernetes.io/elb.port: \"443\", kubernetes.io/elb.tls-certificate-ids: c1, kubernetes.io/elb.ingress-order: \"7\"}}, spec: {ingressClassName: cce}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: e, namespace: web, annotations: {kubernetes.io/elb.id: L, kubernetes.io/elb.port: \"444\", kubernetes.io/elb.tls-certificate-ids: c1}}, spec: {ingressClassName: cce}}",
    "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: m}, spec: {controller: doorward.dev/ingress}}",
    "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: o}, spec: {controller: doorward.dev/ingress}}",
    "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: edge}, spec: {controller: ingress.k8s.alibabacloud/alb, parameters: {kind: AlbConfig, name: p}}}",
    "{apiVersion: alibabacloud.com/v1, kind: AlbConfig, metadata: {name: p}, spec: {config: {}, listeners: [{port: 443, protocol: HTTPS}, {port: 445, protocol: HTTP}]}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: f, namespace: web}, spec: {ingressClassName: m, rules: [{host: a.test}]}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: g, namespace: web}, spec: {ingressClassName: m, rules: [{host: a.test}]}}",
    "{apiVersion: v1, kind: Service, metadata: {name: p, namespace: web, annotations: {kubernetes.io/elb.id: p, kubernetes.io/elb.protocol-port: \"http:445\"}}, spec: {type: LoadBalancer, ports: [{port: 445}]}}",
];

fn certificates() -> Vec<Facts> {
    let named = |id: &str, name: &str, secret: &str| Facts {
        id: Some(id.into()),
        secret: Some(format!("doorward-system/{secret}")),
        names: vec![name.into()],
        ..Facts::default()
    };
    vec![
        named("c0", "z.test", "z"),
        named("c1", "c.test", "one"),
        named("c1", "c.test", "other"),
        named("c1", "c.test", "again"),
    ]
}

/// The load balancers `m` and `o` want one address.
fn settings() -> Settings {
    let addresses = [("L", 1), ("m", 2), ("o", 2), ("p", 3)];
    let addresses = addresses.map(|(name, last)| (name.into(), [127, 0, 0, last].into()));
    Settings { addresses: addresses.into(), ..Settings::default() }
}

/// As in a cluster: the order in which objects are seen says nothing.
fn forget_order(world: &mut World) {
    fn forget<T: Clone>(objects: &mut Objects<T>) {
        for object in objects.values_mut().filter(|object| object.sequence != 0) {
            Arc::make_mut(object).sequence = 0;
        }
    }
    forget(&mut world.ingresses);
    forget(&mut world.services);
    forget(&mut world.ingress_classes);
    forget(&mut world.alb_configs);
    forget(&mut world.secrets);
}

fn holder(translation: &crate::Translation, listener: &str) -> String {
    let key: ListenerKey = listener.parse().unwrap();
    translation.model.listener(&key).unwrap().declared_by.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_objects_are_read_changes_nothing(
        order in Just((0..RIVALS.len()).collect::<Vec<_>>()).prop_shuffle(),
        order_of_certificates in Just(certificates()).prop_shuffle(),
    ) {
        let settings = settings();
        let memory = Memory::default();
        let mut sorted = Source::default();
        certificates().iter().for_each(|facts| sorted.put(facts));
        RIVALS.iter().for_each(|text| sorted.apply(text));
        forget_order(&mut sorted.world);
        let expected = translate(&sorted.world, &settings, &memory, at("+0d"));
        prop_assert_eq!(holder(&expected, "L:80"), "Service web/a");
        prop_assert_eq!(holder(&expected, "L:443"), "Ingress shop/z");
        prop_assert_eq!(holder(&expected, "L:444"), "Ingress web/e");
        prop_assert_eq!(holder(&expected, "p:445"), "AlbConfig p");
        prop_assert_eq!(holder(&expected, "m:80"), "IngressClass m");

        let mut shuffled = Source::default();
        order_of_certificates.iter().for_each(|facts| shuffled.put(facts));
        let mut translator = Translator::default();
        for index in order {
            shuffled.apply(RIVALS[index]);
            forget_order(&mut shuffled.world);
            translator.translate(&shuffled.world, &settings, &memory, at("+0d"));
        }
        shuffled.world.generation = sorted.world.generation;
        let found = translator.translate(&shuffled.world, &settings, &memory, at("+0d"));
        prop_assert_eq!(found, expected);
    }
}

/// A folder knows better than the clock who came first.
#[test]
fn whom_the_source_saw_first_comes_before_names() {
    let mut source = Source::default();
    RIVALS[..3].iter().rev().for_each(|text| source.apply(text));
    let translation = translate(&source.world, &settings(), &Memory::default(), at("+0d"));
    assert_eq!(holder(&translation, "L:80"), "Ingress web/b");
}
