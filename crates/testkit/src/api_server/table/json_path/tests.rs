use serde_json::json;

use super::*;

#[test]
fn each_form_of_a_step_finds_what_it_says() {
    let object = json!({
        "metadata": {"annotations": {"a.b/c": "dotted"}},
        "status": {
            "listeners": [{"port": 80}, {"port": 443}],
            "conditions": [{"type": "Synced", "status": "False"}, {"type": "Ready", "status": "True"}],
        },
    });
    for (path, expected) in [
        (".status.listeners[*].port", json!([80, 443])),
        (".status.listeners[1].port", json!([443])),
        (".status.listeners[2].port", json!([])),
        (".status.conditions[?(@.type==\"Ready\")].status", json!(["True"])),
        (".status.conditions[?(@.type=='Synced')].status", json!(["False"])),
        (".metadata.annotations.a\\.b/c", json!(["dotted"])),
        (".metadata.annotations['a.b/c']", json!(["dotted"])),
        (".status.missing.deeper", json!([])),
    ] {
        assert_eq!(json!(find(&object, path)), expected, "{path}");
    }
}
