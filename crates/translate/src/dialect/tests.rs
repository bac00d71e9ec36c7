//! Which Ingress belongs where.

use std::{path::PathBuf, sync::Arc};

use model::Origin;

use super::scene::{Scene, alb_config, hosts, ingress, ingress_of, only_verdict, rules, verdicts};
use crate::world::Objects;

fn class(name: &str, controller: &str, parameters: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {{name: {name}}}, spec: {{controller: {controller}{parameters}}}}}"
    )
}

const TO_EDGE: &str = ", parameters: {apiGroup: alibabacloud.com, kind: AlbConfig, name: edge-lb}";

#[test]
fn both_controller_strings_are_alb() {
    for controller in ["ingress.k8s.alibabacloud/alb", "ingress.k8s.alibabacloud.com/alb"] {
        let mut scene = Scene::edge().with(&class("other", controller, TO_EDGE)).with(&ingress_of(
            "other",
            "shop/web",
            &[],
            &hosts(&["a.test"]),
        ));
        assert_eq!(scene.rules(80), ["a.test /* → shop/web:80"], "{controller}");
    }
}

#[test]
fn classes_of_other_controllers_are_not_ours() {
    let mut scene = Scene::edge()
        .with(&class("nginx", "k8s.io/ingress-nginx", ""))
        .with(&ingress_of("nginx", "shop/web", &[("order", "0")], &hosts(&["a.test"])));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    assert!(claims.objects.iter().all(|(object, ..)| &*object.kind != "Ingress"));
    assert_eq!(rules(&claims, 80), [""; 0]);
}

#[test]
fn a_class_without_parameters_is_told_on_class_and_ingress() {
    let mut scene = Scene::edge()
        .with(&class("bare", "ingress.k8s.alibabacloud/alb", ""))
        .with(&ingress_of("bare", "shop/web", &[], &hosts(&["a.test"])));
    let verdicts = scene.verdicts();
    assert_eq!(verdicts.len(), 2, "{verdicts:#?}");
    for (verdict, object) in verdicts.iter().zip(["IngressClass bare", "Ingress shop/web"]) {
        assert!(verdict.starts_with("Rejected ConfigNotFound"), "{verdict}");
        assert!(verdict.contains(object), "{verdict}");
        assert!(
            verdict.contains(": albconfig must be referenced in IngressClass bare"),
            "{verdict}"
        );
    }
}

#[test]
fn parameters_of_another_kind_are_refused() {
    let parameters = ", parameters: {apiGroup: k8s.example.com, kind: Other, name: edge-lb}";
    let mut scene = Scene::edge().with(&class("odd", "ingress.k8s.alibabacloud/alb", parameters));
    let verdict = only_verdict(&scene.claims());
    assert!(verdict.contains("IngressClass odd spec.parameters: albconfig must be"), "{verdict}");
}

#[test]
fn a_named_class_that_is_missing_is_told_with_the_nearest() {
    let mut scene = Scene::edge().with(&ingress_of("edgy", "shop/web", &[], &hosts(&["a.test"])));
    assert_eq!(
        only_verdict(&scene.claims()),
        "Rejected ClassNotFound Ingress shop/web spec.ingressClassName: IngressClass edgy not found: create it or correct the name; did you mean edge?"
    );
}

#[test]
fn a_missing_albconfig_is_told_on_the_ingress() {
    let mut scene = Scene::default()
        .with(&class("edge", "ingress.k8s.alibabacloud/alb", TO_EDGE))
        .with(&ingress("shop/web", &[], &hosts(&["a.test"])));
    let verdicts = scene.verdicts().join("\n");
    assert!(
        verdicts.contains("Rejected ConfigNotFound Ingress shop/web spec.ingressClassName: AlbConfig edge-lb not found"),
        "{verdicts}"
    );
}

#[test]
fn the_annotation_names_another_albconfig() {
    let other = "{config: {}, listeners: [{port: 80, protocol: HTTP}]}";
    let mut scene = Scene::edge().with(&alb_config("other-lb", other)).with(&ingress(
        "shop/web",
        &[("albconfig.name", "other-lb")],
        &hosts(&["a.test"]),
    ));
    let claims = scene.claims();
    let with_rules: Vec<&str> = claims
        .load_balancers
        .iter()
        .filter(|balancer| balancer.listeners.iter().any(|listener| !listener.rules.is_empty()))
        .map(|balancer| &*balancer.name)
        .collect();
    assert_eq!(with_rules, ["other-lb"]);
    assert_eq!(claims.load_balancers.len(), 2, "an AlbConfig without Ingresses is claimed too");
}

/// An Ingress with the older annotation instead of a class.
fn legacy(value: &str, annotations: &[(&str, &str)]) -> String {
    let mut all = vec![("kubernetes.io/ingress.class", value)];
    all.extend_from_slice(annotations);
    ingress("shop/web", &all, &hosts(&["a.test"])).replace("ingressClassName: edge, ", "")
}

#[test]
fn the_older_annotation_alb_needs_no_class() {
    assert_eq!(Scene::edge().with(&legacy("alb", &[])).rules(80).len(), 1, "the only AlbConfig");
    let named = Scene::edge().with(&legacy("alb", &[("albconfig.name", "edge-lb")])).rules(80);
    assert_eq!(named.len(), 1);
    let two = "{config: {}, listeners: [{port: 80, protocol: HTTP}]}";
    let mut scene = Scene::edge().with(&alb_config("default", two)).with(&legacy("alb", &[]));
    let claims = scene.claims();
    assert_eq!(claims.load_balancers[0].listeners[0].rules.len(), 1, "the one called default");
    let mut scene = Scene::edge().with(&alb_config("second", two)).with(&legacy("alb", &[]));
    let verdict = only_verdict(&scene.claims());
    assert!(verdict.contains("ingress.class\"]: AlbConfig default not found"), "{verdict}");
}

#[test]
fn the_older_annotation_names_a_class_too() {
    assert_eq!(Scene::edge().with(&legacy("edge", &[])).rules(80).len(), 1);
    assert_eq!(Scene::edge().with(&legacy("nginx", &[])).rules(80).len(), 0);
}

#[test]
fn without_any_class_the_default_class_takes_it() {
    let classless = ingress("shop/web", &[], &hosts(&["a.test"]));
    let classless = classless.replace("ingressClassName: edge, ", "");
    assert_eq!(Scene::edge().with(&classless).rules(80).len(), 0, "nobody's");
    let default = class("first", "ingress.k8s.alibabacloud/alb", TO_EDGE).replace(
        "metadata: {",
        "metadata: {annotations: {ingressclass.kubernetes.io/is-default-class: \"true\"}, ",
    );
    assert_eq!(Scene::edge().with(&default).with(&classless).rules(80).len(), 1);
}

#[test]
fn an_ingress_that_names_its_albconfig_needs_no_class() {
    let named = ingress("shop/web", &[("albconfig.name", "edge-lb")], &hosts(&["a.test"]));
    let named = named.replace("ingressClassName: edge, ", "");
    assert_eq!(Scene::edge().with(&named).rules(80).len(), 1);
}

#[test]
fn every_verdict_says_where_its_object_is_written() {
    fn place<T: Clone>(objects: &mut Objects<T>) {
        for (line, object) in (1..).zip(objects.values_mut()) {
            let file = Arc::new(PathBuf::from("shop.yaml"));
            Arc::make_mut(object).origin = Some(Origin { file, line });
        }
    }
    let mut scene = Scene::edge_with_listeners("[{port: 80, protocol: HTTP, gzip: true}]")
        .with(&class("bare", "ingress.k8s.alibabacloud/alb", ""))
        .with(&ingress_of("lost", "shop/a", &[], &hosts(&["a.test"])))
        .with(&ingress("shop/b", &[("order", "x")], &hosts(&["b.test"])))
        .with(&ingress(
            "shop/c",
            &[("canary", "true"), ("canary-weight", "1")],
            &hosts(&["c.test"]),
        ))
        .with(&ingress("shop/d", &[("listen-ports", "[{\"HTTP\":81}]")], &hosts(&["d.test"])))
        .with(&ingress("shop/e", &[], &hosts(&["e.test", "e.test"])));
    let world = &mut scene.source.world;
    place(&mut world.ingresses);
    place(&mut world.alb_configs);
    place(&mut world.ingress_classes);
    let claims = scene.claims();
    assert_eq!(claims.verdicts.len(), 7, "{:#?}", verdicts(&claims));
    assert!(claims.verdicts.iter().all(|verdict| verdict.origin.is_some()));
    assert!(claims.objects.iter().all(|(_, origin, _)| origin.is_some()));
}

#[test]
fn every_object_of_ours_is_handed_on_once() {
    let mut scene = Scene::edge().with(&ingress("shop/web", &[], &hosts(&["a.test"])));
    let objects: Vec<String> = scene
        .claims()
        .objects
        .iter()
        .map(|(object, _, dialect)| format!("{object} {dialect}"))
        .collect();
    assert_eq!(objects, ["IngressClass edge alb", "AlbConfig edge-lb alb", "Ingress shop/web alb"]);
}

mod memo;
