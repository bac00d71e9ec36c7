//! `spec.config`, unknown keys, type errors and what is kept of the last good state.

use crate::dialect::scene::{Scene, alb_config, hosts, ingress, listener, only_verdict, verdicts};

const GOOD: &str = "{config: {}, listeners: [{port: 443, protocol: HTTPS, gzipEnabled: false}]}";

fn config(spec: &str) -> String {
    alb_config("edge-lb", spec)
}

#[test]
fn config_is_required() {
    let spec = "{listeners: [{port: 80, protocol: HTTP}]}";
    let mut scene = Scene::default().with(&config(spec));
    let claims = scene.claims();
    let verdict = only_verdict(&claims);
    let expected =
        "Rejected InvalidField AlbConfig edge-lb spec.config: does not exist albconfig.spec.config";
    assert!(verdict.starts_with(expected), "{verdict}");
    assert_eq!(claims.load_balancers[0].listeners.len(), 0);
}

#[test]
fn a_refused_config_leaves_the_listeners_as_they_were() {
    let mut scene = Scene::default().with(&config(GOOD));
    scene.claims();
    let spec = "{config: {edition: Basic}, listeners: [{port: 443, protocol: HTTPS}, {port: 80, protocol: HTTP}]}";
    let mut scene = scene.with(&config(spec));
    let claims = scene.claims();
    let verdict = only_verdict(&claims);
    assert!(
        verdict.contains(
            "spec.config.edition: LoadBalancer Edition: Basic can't use for ingress controller"
        ),
        "{verdict}"
    );
    assert_eq!(claims.load_balancers[0].listeners.len(), 1, "the new listener 80 must wait");
    assert!(!listener(&claims, 443).gzip);
}

#[test]
fn an_unreadable_list_of_listeners_leaves_them_as_they_were() {
    let mut scene = Scene::default().with(&config(GOOD));
    scene.claims();
    for spec in ["{config: {}, listeners: many}", "[]"] {
        scene = scene.with(&config(spec));
        let claims = scene.claims();
        assert!(!verdicts(&claims).is_empty());
        assert!(!listener(&claims, 443).gzip, "{spec}");
    }
}

#[test]
fn keys_count_in_any_letter_case() {
    let spec = "{Config: {}, LISTENERS: [{Port: '443', PROTOCOL: https, GzipEnabled: false, Certificates: [{certificateid: 756-cn-hangzhou, isdefault: true}], XForwardedForConfig: {xforwardedforenabled: true}}]}";
    let mut scene = Scene::default().with(&config(spec));
    let claims = scene.claims();
    assert_eq!(verdicts(&claims), [""; 0]);
    let listener = listener(&claims, 443);
    assert!(!listener.gzip);
    assert!(listener.forwarded.client_address);
    let fixed = listener.tls.as_ref().unwrap().certificates.fixed.clone().unwrap().unwrap();
    assert_eq!(fixed.default, Some(model::CertificateId::store("756-cn-hangzhou")));
}

#[test]
fn unknown_keys_are_told_at_every_level() {
    let spec = "{config: {adressType: Internet}, listener: [], listeners: [{port: 80, protocol: HTTP, idleTimout: 3, aclConfig: {aclTyp: White}, xForwardedForConfig: {XForwardedForProto: true}, certificates: [{CertificateId: a, Default: true}]}]}";
    let verdicts = Scene::default().with(&config(spec)).verdicts();
    for expected in [
        "UnknownKey AlbConfig edge-lb spec.config.adressType: adressType is no known key here; did you mean addressType?",
        "UnknownKey AlbConfig edge-lb spec.listener: listener is no known key here; did you mean listeners?",
        "UnknownKey AlbConfig edge-lb spec.listeners[0].idleTimout: idleTimout is no known key here; did you mean idleTimeout?",
        "UnknownKey AlbConfig edge-lb spec.listeners[0].aclConfig.aclTyp: aclTyp is no known key here; did you mean aclType?",
        "UnknownKey AlbConfig edge-lb spec.listeners[0].xForwardedForConfig.XForwardedForProto: XForwardedForProto is no known key here; did you mean XForwardedForProtoEnabled?",
        "UnknownKey AlbConfig edge-lb spec.listeners[0].certificates[0].Default: Default is no known key here; did you mean IsDefault?",
    ] {
        assert!(verdicts.contains(&format!("Warning {expected}")), "{expected}\n{verdicts:#?}");
    }
}

#[test]
fn instance_fields_are_accepted_and_only_what_is_missed_is_told_once() {
    let quiet = "{config: {name: edge, id: '', addressType: Internet, ipv6AddressType: Intranet, addressIpVersion: IPv4, addressAllocatedMode: Fixed, resourceGroupId: rg, edition: Standard, zoneMappings: [{vSwitchId: a}], billingConfig: {payType: PostPay}, deletionProtectionEnabled: true, modificationProtectionConfig: {reason: x, status: ConsoleProtection}, forceOverride: false, listenerForceOverride: false, tags: [{key: a, value: b}]}, listeners: [{port: 80, protocol: HTTP, description: d, loadBalancerId: '', tags: []}]}";
    assert_eq!(Scene::default().with(&config(quiet)).verdicts(), [""; 0]);
    let missed = "{config: {edition: StandardWithWaf, accessLogConfig: {logStore: alb_x, logProject: p}}, listeners: [{port: 80, protocol: HTTP, logConfig: {accessLogTracingConfig: {tracingEnabled: true}}}]}";
    let verdict = only_verdict(&Scene::default().with(&config(missed)).claims());
    assert_eq!(
        verdict,
        "Warning NotHonoured AlbConfig edge-lb spec.config.edition: no effect in Doorward: spec.config.edition, spec.config.accessLogConfig, spec.listeners[0].logConfig; remove them if nothing depends on them"
    );
}

#[test]
fn a_wrong_type_keeps_the_listeners_last_good_settings() {
    let mut scene = Scene::default().with(&config(GOOD));
    scene.claims();
    let spec = "{config: {}, listeners: [{port: 443, protocol: HTTPS, caEnabled: \"true\"}, {port: 80, protocol: HTTP}]}";
    let mut scene = scene.with(&config(spec));
    let claims = scene.claims();
    assert_eq!(
        only_verdict(&claims),
        "Rejected InvalidField AlbConfig edge-lb spec.listeners[0].caEnabled: unmarshalling albconfig error: json: cannot unmarshal string into Go struct field ListenerSpec.listeners.caEnabled of type bool: write true or false, unquoted"
    );
    assert!(!listener(&claims, 443).gzip, "as it was last good");
    assert_eq!(listener(&claims, 80).port, 80, "the other listener is as written");
    assert_eq!(scene.claims().listeners.len(), 2, "the last good settings are remembered on");
}

#[test]
fn a_wrong_type_without_any_last_good_settings_is_not_served() {
    let spec = "{config: {}, listeners: [{port: 443, protocol: HTTPS, caEnabled: \"true\"}]}";
    let mut scene = Scene::default().with(&config(spec));
    assert_eq!(scene.claims().load_balancers[0].listeners.len(), 0);
    let mut scene = Scene::edge().with(&config(spec)).with(&ingress(
        "shop/web",
        &[("listen-ports", "[{\"HTTPS\":443}]")],
        &hosts(&["a.test"]),
    ));
    let verdicts = scene.verdicts().join("\n");
    assert!(
        verdicts.contains(
            "Ingress shop/web metadata.annotations[\"alb.ingress.kubernetes.io/listen-ports\"]: listener is not exist in edge-lb, port: 443, protocol: HTTPS; correct AlbConfig edge-lb"
        ),
        "{verdicts}"
    );
}

#[test]
fn settings_of_another_protocol_are_no_last_good_ones() {
    let http = "{config: {}, listeners: [{port: 443, protocol: HTTP}]}";
    let mut scene = Scene::default().with(&config(http));
    scene.claims();
    let spec = "{config: {}, listeners: [{port: 443, protocol: HTTPS, idleTimeout: soon}]}";
    assert_eq!(scene.with(&config(spec)).claims().load_balancers[0].listeners.len(), 0);
}
