use serde_json::json;

use super::*;

fn unread(object: Value, origin: Option<&Origin>) -> Unread {
    let Value::Object(map) = object else { panic!("an object is a map") };
    let context = Context::new("doorward-system".into());
    Unread::new(Kind::Service, map, origin, &context).unwrap()
}

fn service() -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop", "annotations": {"team": "a"}},
        "spec": {"ports": [{"port": 80}]},
    })
}

#[test]
fn the_digest_stays_while_only_servers_write() {
    let digest = |object: Value| unread(object, None).digest();
    let mut later = service();
    later["status"] = json!({"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}});
    later["metadata"]["resourceVersion"] = json!("7");
    later["metadata"]["generation"] = json!(2);
    later["metadata"]["managedFields"] = json!([{"manager": "doorward"}]);
    let annotations = &mut later["metadata"]["annotations"];
    annotations["kubectl.kubernetes.io/last-applied-configuration"] = json!("{}");
    annotations["endpoints.kubernetes.io/last-change-trigger-time"] = json!("now");
    assert_eq!(digest(later.clone()), digest(service()));
    later["metadata"]["annotations"]["team"] = json!("b");
    assert_ne!(digest(later), digest(service()));
}

#[test]
fn unknown_fields_are_warned_of_in_files_only() {
    let mut object = service();
    object["spec"]["prots"] = json!([]);
    let context = Context::new("doorward-system".into());
    let origin = Origin { file: std::sync::Arc::new("a.yaml".into()), line: 1 };
    let warnings = |origin| unread(object.clone(), origin).read(&context).warnings;
    let [warning] = &*warnings(Some(&origin)) else { panic!("one warning") };
    assert_eq!(warning.field.as_deref(), Some("spec.prots"));
    assert_eq!(warnings(None), []);
}

#[test]
fn a_field_of_a_wrong_type_is_a_verdict_on_the_object() {
    let mut object = service();
    object["spec"]["ports"] = json!("all");
    let context = Context::new("doorward-system".into());
    let verdict = unread(object, None).read(&context).object.map(|_| ()).unwrap_err();
    assert_eq!(verdict.object, ObjectRef::namespaced("Service", "shop", "web"));
    assert_eq!(verdict.field.as_deref(), Some("spec.ports"));
}
