use super::*;

#[test]
fn the_arguments_of_a_workload_are_one_command() {
    let manifest = "
        args:
        - run
        # A reason.
        - --state=/var/lib/doorward
        - --port-map=443=8443,80=8080
        env:
        - name: POD_NAME
";
    let command = "doorward run --state=/var/lib/doorward --port-map=443=8443,80=8080";
    assert_eq!(command_of(manifest).as_deref(), Some(command));
    assert_eq!(command_of("kind: Service\n"), None);
}

#[test]
fn a_metric_is_known_by_the_name_it_was_registered_with() {
    let queries =
        r#"{"expr": "sum(rate(doorward_requests_total{class=\"2xx\"}[5m])) / doorward_x"}"#;
    let expected = ["doorward_requests_total".to_owned(), "doorward_x".to_owned()];
    assert_eq!(metrics_of(queries), expected.into());

    let source = r#"registry.register_with_unit("doorward_publish", "…", Unit::Seconds, publish);"#;
    assert!(registers(source, "doorward_publish_seconds_bucket"));
    assert!(!registers(source, "doorward_published_total"));
}

#[test]
fn the_dashboard_and_the_alerts_show_what_is_counted() {
    let manifests = read_all(&crate::root().join("deploy"), &["yaml", "json"]).unwrap();
    let shown: BTreeSet<_> = manifests.iter().flat_map(|(_, text)| metrics_of(text)).collect();
    assert!(shown.len() >= 15, "only {shown:?}");
    assert_eq!(unknown_metrics(&crate::root(), &manifests).unwrap(), [""; 0]);
    assert_eq!(odd_versions(&crate::root(), &manifests).unwrap(), [""; 0]);
}

#[test]
fn versions_are_found_in_either_spelling() {
    assert_eq!(quoted_after("[toolchain]\nchannel = \"1.95.0\"\n", "channel = "), Some("1.95.0"));
    assert_eq!(word_after("ARG RUST_VERSION=1.95.0\nFROM x", "ARG RUST_VERSION="), Some("1.95.0"));
}
